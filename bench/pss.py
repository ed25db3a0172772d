"""
``procmem.pss(pid)`` against a raw read of the file it is from.

On a large process the kernel's walk through the page tables is nearly all of
the time, and the limit says that procmem adds next to nothing.  On a small
one it is what procmem itself does that counts, and psutil does the same job.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psutil

import procmem
from bench import raw
from bench.figures import Figure, Measured
from bench.harness import Calls, ratios, take_turns
from bench.processes import child, fresh, small_process
from bench.scale import Scale

_FILE = "smaps_rollup"


def run(scale: Scale) -> Measured:
    for size in scale.blocks:
        with child("block", size) as pid:
            yield from _large(pid, f"{size} MiB", scale)
            yield from _first_call(pid, f"{size} MiB", scale, limit=1.10)
    with small_process() as pid:
        yield from _small(pid, scale)
        yield from _first_call(pid, "small process", scale)


def _large(pid: int, size: str, scale: Scale) -> Measured:
    calls = {
        "raw": lambda: raw.read(pid, _FILE),
        "procmem": lambda: procmem.pss(pid),
    }
    times = take_turns(calls, rounds=scale.rounds, sample=scale.sample)
    yield Figure(
        what=f"{size}: pss(pid) / raw read",
        unit="x",
        values=ratios(times, "procmem", "raw"),
        limit=1.10,
        note=f"raw read: {min(times['raw']) * 1000:.2f} ms",
    )


def _small(pid: int, scale: Scale) -> Measured:
    with _small_calls(pid) as calls:
        times = take_turns(calls, rounds=scale.rounds, sample=scale.sample)
    pairs = [
        ("pss(pid)", "Process(pid).memory_full_info()"),
        ("pss(pid)", "memory_full_info()"),
        ("pss(pinned)", "memory_full_info()"),
    ]
    for ours, theirs in pairs:
        yield Figure(
            what=f"small process: {ours} / psutil's {theirs}",
            unit="x",
            values=ratios(times, ours, theirs),
            limit=1.0,
            note=f"{min(times[ours]) * 1e6:.0f} / {min(times[theirs]) * 1e6:.0f} us",
        )
    yield Figure(
        what="small process: pss(pid) / raw read",
        unit="x",
        values=ratios(times, "pss(pid)", "raw"),
        note=f"raw read: {min(times['raw']) * 1e6:.0f} us",
    )


@contextmanager
def _small_calls(pid: int) -> Iterator[Calls]:
    process = psutil.Process(pid)
    with procmem.pinned(pid) as pinned:
        yield {
            "raw": lambda: raw.read(pid, _FILE),
            "pss(pid)": lambda: procmem.pss(pid),
            "pss(pinned)": lambda: procmem.pss(pinned),
            "memory_full_info()": process.memory_full_info,
            "Process(pid).memory_full_info()": (
                lambda: psutil.Process(pid).memory_full_info()
            ),
        }


def _first_call(
    pid: int, size: str, scale: Scale, limit: float | None = None
) -> Measured:
    """
    The first call of an interpreter that has imported what it needs, against
    the first raw read of another, which is cold in the same way.
    """
    times: dict[str, list[list[float]]] = {"raw": [], "procmem": [], "psutil": []}
    for _ in range(scale.starts):
        for who, measured in times.items():
            measured.append([float(word) for word in fresh("first_call", who, pid)])
    pairs = list(zip(times["procmem"], times["raw"], times["psutil"], strict=True))
    yield Figure(
        what=f"{size}: first pss(pid) / first raw read",
        unit="x",
        values=tuple(ours[1] / raw[1] for ours, raw, _ in pairs),
        limit=limit,
    )
    yield Figure(
        what=f"{size}: first pss(pid) - first raw read",
        unit="ms",
        values=tuple((ours[1] - raw[1]) * 1000 for ours, raw, _ in pairs),
    )
    yield Figure(
        what=f"{size}: import and first call, procmem / psutil",
        unit="x",
        values=tuple(sum(ours[:2]) / sum(theirs[:2]) for ours, _, theirs in pairs),
    )
