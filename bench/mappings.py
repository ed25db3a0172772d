"""
``procmem.mappings(pid)`` against a raw read of ``smaps``, and psutil.

Every counter of every mapping is read inside the timing, so that nobody gains
by leaving work for later.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path

import psutil

import procmem
from bench import raw
from bench.figures import Figure, Measured
from bench.harness import ratios, take_turns
from bench.processes import child
from bench.scale import Scale
from procmem.model.usage import COUNTERS

_KINDS = {
    "large": "1 to 256 pages",
    "small": "1 to 64 pages",
    "distinct": "hardly two alike",
    "files": "of files",
}

_ours = attrgetter(*COUNTERS)


def run(scale: Scale) -> Measured:
    for kind, description in _KINDS.items():
        with (
            tempfile.TemporaryDirectory() as folder,
            child("many", kind, scale.mappings, folder) as pid,
        ):
            yield from _of_process(pid, description, scale)


def _of_process(pid: int, description: str, scale: Scale) -> Measured:
    process = psutil.Process(pid)
    calls: dict[str, Callable[[], object]] = {
        "raw": lambda: raw.read(pid, "smaps"),
        "procmem": lambda: _read_ours(pid),
        "names": lambda: _read_ours_by_name(pid),
        "psutil": lambda: _read_theirs(process),
    }
    times = take_turns(calls, rounds=scale.rounds, sample=scale.sample)
    milliseconds = {name: min(values) * 1000 for name, values in times.items()}
    size = len(Path(f"/proc/{pid}/smaps").read_bytes())
    yield Figure(
        what=f"{description}: mappings(pid) / raw read of smaps",
        unit="x",
        values=ratios(times, "procmem", "raw"),
        limit=3.0,
        aim=2.0,
        note=(
            f"{len(procmem.mappings(pid))} mappings, {size / 1e6:.1f} MB; "
            f"raw read: {milliseconds['raw']:.1f} ms"
        ),
    )
    yield Figure(
        what=f"{description}: the same, counters read by getattr()",
        unit="x",
        values=ratios(times, "names", "raw"),
        limit=3.0,
        aim=2.0,
    )
    yield Figure(
        what=f"{description}: mappings(pid) / psutil's memory_maps()",
        unit="x",
        values=ratios(times, "procmem", "psutil"),
        limit=0.7,
        aim=0.45,
        note=f"{milliseconds['procmem']:.1f} / {milliseconds['psutil']:.1f} ms",
    )


def _read_ours(pid: int) -> procmem.Mappings:
    mappings = procmem.mappings(pid)
    for mapping in mappings:
        _ours(mapping.usage)
    return mappings


def _read_ours_by_name(pid: int) -> procmem.Mappings:
    mappings = procmem.mappings(pid)
    for mapping in mappings:
        usage = mapping.usage
        for name in COUNTERS:
            getattr(usage, name)
    return mappings


def _read_theirs(process: psutil.Process) -> object:
    mappings = process.memory_maps(grouped=False)
    # Named tuples, which are read by unpacking.
    for mapping in mappings:
        tuple(mapping)
    return mappings
