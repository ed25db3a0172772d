"""
What the process takes that looks for peaks: its share of one core beside an
idle tree, and while what it looks at grows.

Its processor time is that of the whole process, whatever it does, and is
compared with the time that passed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

from bench.figures import Figure, Measured, Skipped
from bench.processes import CHILDREN, child
from bench.scale import Scale
from procmem import UnsupportedError
from procmem.testing.sampling.client import Sampler
from procmem.testing.sampling.sampled import Sampled, Target

_LIMIT = 2.0
_CHILDREN = 4

# Of the idle tree; what grows takes as long as it takes.
_SECONDS = 0.1


def run(scale: Scale) -> Measured:
    sampler = Sampler()
    try:
        sampler.start()
    except UnsupportedError as exc:
        yield Skipped(what="share of one core", reason=str(exc))
        return
    try:
        yield _idle(sampler, scale)
        yield from _growing(sampler, scale)
    finally:
        sampler.close()


def _idle(sampler: Sampler, scale: Scale) -> Figure:
    shares: list[float] = []
    sampled: Sampled | None = None
    with ExitStack() as stack:
        pids = [stack.enter_context(child("block", 16)) for _ in range(_CHILDREN)]
        target = Target(pids=pids)
        seconds = _SECONDS * scale.starts
        for _ in range(scale.starts):
            share, sampled = _share(sampler, target, lambda: time.sleep(seconds))
            shares.append(share)
    return Figure(
        what=f"share of one core beside {_CHILDREN} idle processes",
        unit="%",
        values=tuple(shares),
        limit=_LIMIT,
        note="" if sampled is None else _described(sampled),
    )


def _growing(sampler: Sampler, scale: Scale) -> Measured:
    shares: list[float] = []
    missed: list[float] = []
    sampled: Sampled | None = None
    command = [sys.executable, str(CHILDREN / "growing.py"), str(scale.grown)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()

        def grow() -> None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
            process.stdout.readline()

        for _ in range(max(1, scale.starts // 4)):
            target = Target(pids=(process.pid,))
            share, sampled = _share(sampler, target, grow)
            shares.append(share)
            missed.append(100 - (sampled.estimate or 0) / (scale.grown << 20) * 100)
        process.stdin.close()
    what = f"a process grows by {scale.grown} MiB"
    yield Figure(
        what=f"share of one core while {what}",
        unit="%",
        values=tuple(shares),
        limit=_LIMIT,
        note="" if sampled is None else _described(sampled),
    )
    yield Figure(
        what=f"of its peak that no tick saw, where {what}",
        unit="%",
        values=tuple(missed),
    )


def _share(
    sampler: Sampler, target: Target, wait: Callable[[], None]
) -> tuple[float, Sampled]:
    """
    What the helper used of one core while *wait* took place, in percent.
    """
    window = sampler.open(target)
    assert sampler.pid is not None
    # The processor time of another process: clock_getcpuclockid(3).
    clock = (~sampler.pid << 3) | 2
    used, started = time.clock_gettime(clock), time.perf_counter()
    wait()
    used = time.clock_gettime(clock) - used
    passed = time.perf_counter() - started
    return used / passed * 100, window.close()


def _described(sampled: Sampled) -> str:
    return (
        f"{sampled.ticks} ticks, {sampled.full_reads} of them in full, "
        f"every {sampled.interval * 1000:.0f} ms"
    )
