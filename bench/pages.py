"""
Counting page by page against the reads that it cannot do without.

``procmem.usage(pid, method="pages")`` and ``procmem.mappings(pid,
method="pages")`` count every page; the floor reads the same entries and counts
in large pieces, and knows beforehand where.  What looks for pages that moved
is timed apart.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import procmem
from bench.figures import Figure, Measured, Skipped
from bench.floor import Floor, frames_are_shown
from bench.harness import Times, ratios, take_turns
from bench.processes import CHILDREN, child, fresh
from bench.scale import Scale

# A terabyte of which some is used is to be counted within this.
_SPARSE_MS = 30.0
# How much more a reader's memory may grow to, however large the process.
_MEMORY = 64 * 1024**2
# Memory that is left to others.
_SPARE_MB = 4096
# How many pages are read one by one.
_ONE_BY_ONE = 32 * 1024

_Pinned = procmem.PinnedProcess


def run(scale: Scale) -> Measured:
    if not frames_are_shown():
        yield Skipped(what="counting pages", reason="frames are hidden")
        return
    size = scale.pages
    for kind, limit in (("shared", 2.5), ("scattered", 5.0)):
        with _measured(kind, size) as (pinned, floor):
            title = f"{size} MiB shared by 3, {kind if kind != 'shared' else 'fresh'}"
            yield from _shared(pinned, floor, title, scale, limit)
            if kind == "shared":
                yield from _one_by_one(pinned, floor, title, scale)
    with child("block", size) as pid, procmem.pinned(pid) as pinned:
        yield from _exclusive(pinned, f"{size} MiB exclusive", scale)
    yield from _sparse(scale)
    yield from _huge(scale)
    with _measured("mixed", size) as (pinned, floor):
        yield from _mixed(pinned, floor, f"{size} MiB mixed", scale)
    yield from _memory(scale)


@contextmanager
def _measured(
    kind: str, size: int, *, exclusive: bool = False
) -> Iterator[tuple[_Pinned, Floor]]:
    with (
        child("pages", kind, size) as pid,
        procmem.pinned(pid) as pinned,
        Floor(pid, exclusive=exclusive) as floor,
    ):
        yield pinned, floor


def _calls(pinned: _Pinned) -> dict[str, Callable[[], object]]:
    return {
        "usage": partial(procmem.usage, pinned, method="pages", check_drift=False),
        "mappings": partial(
            procmem.mappings, pinned, method="pages", check_drift=False
        ),
    }


def _compared(
    times: Times,
    title: str,
    other: str,
    *,
    limit: float | None = None,
    aim: float | None = None,
    note: str = "",
) -> Measured:
    milliseconds = {name: min(values) * 1000 for name, values in times.items()}
    for name in ("usage", "mappings"):
        known = f"{milliseconds[name]:.1f} / {milliseconds[other]:.1f} ms"
        yield Figure(
            what=f'{title}: {name}(method="pages") / {other}',
            unit="x",
            values=ratios(times, name, other),
            limit=limit,
            aim=aim,
            note=f"{known}; {note}" if note else known,
        )


def _shared(
    pinned: _Pinned, floor: Floor, title: str, scale: Scale, limit: float
) -> Measured:
    calls = _calls(pinned)
    calls["raw reads"] = floor.read
    calls["drift"] = partial(procmem.usage, pinned, method="pages")
    calls["table"] = partial(procmem.pages, pinned, check_drift=False)
    calls["kernel"] = partial(procmem.usage, pinned)
    times = take_turns(calls, rounds=scale.rounds, sample=scale.sample)
    note = f"{len(floor.spans)} stretches of frames"
    yield from _compared(times, title, "raw reads", limit=limit, aim=1.5, note=note)
    for name, what in {
        "drift": "usage() that looks for pages that moved / usage() that does not",
        "table": "pages() / usage()",
        "kernel": "the kernel's own sums / usage()",
    }.items():
        yield Figure(
            what=f"{title}: {what}", unit="x", values=ratios(times, name, "usage")
        )


def _one_by_one(pinned: _Pinned, floor: Floor, title: str, scale: Scale) -> Measured:
    """
    What a page costs, against two calls for each as other tools make them.
    """
    total = len(floor.present)
    pages = min(total, _ONE_BY_ONE)
    with tempfile.TemporaryDirectory() as folder:
        calls = _calls(pinned)
        calls["Python"] = partial(floor.read_one_by_one, pages)
        if program := _compiled(folder):
            command = [program, str(pinned.pid)]
            calls["C"] = lambda: subprocess.run(
                command, check=True, stdout=subprocess.DEVNULL
            )
        times = take_turns(calls, rounds=max(1, scale.rounds // 3), sample=0)
    for name, share in {"Python": pages / total, "C": 1.0}.items():
        what = f"{title}: a page of usage() / read one by one in {name}"
        if name not in calls:
            yield Skipped(what=what, reason="there is no C compiler")
            continue
        micro = min(times[name]) * 1e6 / total / share
        yield Figure(
            what=what,
            unit="x",
            values=tuple(x * share for x in ratios(times, "usage", name)),
            limit=1 / 3,
            note=f"{min(times['usage']) * 1e6 / total:.3f} / {micro:.3f} us a page",
        )


def _compiled(folder: str) -> str | None:
    """
    The program of ``children/one_by_one.c``, if it can be made.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = str(Path(folder) / "one_by_one")
    source = str(CHILDREN / "one_by_one.c")
    done = subprocess.run([compiler, "-O2", "-o", program, source], check=False)
    return None if done.returncode else program


def _exclusive(pinned: _Pinned, title: str, scale: Scale) -> Measured:
    with Floor(pinned.pid) as floor:
        calls = _calls(pinned)
        calls["raw read of pagemap"] = floor.read_entries
        times = take_turns(calls, rounds=scale.rounds, sample=scale.sample)
    yield from _compared(times, title, "raw read of pagemap", limit=1.5)


def _sparse(scale: Scale) -> Measured:
    with child("pages", "sparse", scale.pages) as pid, procmem.pinned(pid) as pinned:
        calls = _calls(pinned)
        times = take_turns(calls, rounds=scale.rounds, sample=scale.sample)
    for name in calls:
        yield Figure(
            what=f'1 TiB reserved, 1,000 pages used: {name}(method="pages")',
            unit="ms",
            values=tuple(seconds * 1000 for seconds in times[name]),
            limit=_SPARSE_MS,
        )


def _huge(scale: Scale) -> Measured:
    title = f"{scale.pages} MiB of huge pages"
    with _measured("huge", scale.pages, exclusive=True) as (pinned, floor):
        huge = procmem.usage(pinned).anon_huge_pages or 0
        if huge < scale.pages * 1024**2 * 0.9:
            yield Skipped(what=title, reason=f"only {huge >> 20} MiB of them are huge")
            return
        calls = _calls(pinned)
        calls["raw reads of kpagecount"] = floor.read_counts
        times = take_turns(calls, rounds=scale.rounds, sample=scale.sample)
    yield from _compared(times, title, "raw reads of kpagecount", limit=2.0)


def _mixed(pinned: _Pinned, floor: Floor, title: str, scale: Scale) -> Measured:
    calls = _calls(pinned)
    calls["raw reads"] = floor.read
    times = take_turns(calls, rounds=scale.rounds, sample=scale.sample)
    note = "file, shared memory, mapped twice, page of zeros"
    yield from _compared(times, title, "raw reads", note=note)


def _memory(scale: Scale) -> Measured:
    size = scale.resident
    what = f'growth of VmHWM by usage(method="pages") of {size} MiB'
    available = _available_mb()
    if available < size + _SPARE_MB:
        reason = f"only {available} MiB of memory are available"
        yield Skipped(what=what, reason=reason)
        return
    for kind in ("exclusive", "shared"):
        arguments = ("block", size) if kind == "exclusive" else ("pages", kind, size)
        with child(*arguments) as pid:
            growth = fresh("page_memory", pid)
        if not growth:
            yield Skipped(what=what, reason="the kernel cannot start VmHWM anew")
            return
        yield Figure(
            what=f"{what}, {kind}",
            unit="MiB",
            values=(int(growth[0]) / 1024**2,),
            limit=_MEMORY / 1024**2,
        )


def _available_mb() -> int:
    text = Path("/proc/meminfo").read_text()
    return int(text.partition("MemAvailable:")[2].split()[0]) // 1024
