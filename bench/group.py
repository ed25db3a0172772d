"""
A group of processes in one pass, against raw reads of their rollups and
against psutil's loop.
"""

from __future__ import annotations

import importlib.util
import os
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import procmem
from bench.figures import Figure, Measured, Skipped
from bench.harness import Times, differences, ratios, take_turns
from bench.processes import child
from bench.raw import read
from bench.scale import Scale

_SIZE = 64 * 1024**2
# The pages of so many are to be had on any machine.
_COUNT = {"tiny": 3, "full": 50}
_MOST_THREADS = 8

_GROUP, _HELD = "group", "held members"
_RAW, _POOL, _SERIAL, _PSUTIL = "raw", "pool", "one thread", "psutil"


def run(scale: Scale) -> Measured:
    is_tiny = scale.rounds <= 1
    count = _COUNT["tiny" if is_tiny else "full"]
    size = _SIZE // 64 if is_tiny else _SIZE
    with child("block_crowd", count, size) as parent:
        yield from _large(scale, _children(parent), size)
    with child("crowd", 4) as parent:
        yield from _small(scale, parent)


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def _large(scale: Scale, pids: Sequence[int], size: int) -> Measured:
    calls: dict[str, Callable[[], object]] = {
        _GROUP: lambda: procmem.group(pids).footprint,
        _RAW: lambda: _read_by_threads(pids),
        _POOL: lambda: _read_by_pool(pids),
        _SERIAL: lambda: _read(pids),
    }
    if importlib.util.find_spec("psutil") is None:
        yield Skipped(what="psutil's loop", reason="psutil is not installed")
    else:
        import psutil  # pyright: ignore[reportMissingModuleSource]

        calls[_PSUTIL] = lambda: sum(
            psutil.Process(pid).memory_full_info().pss for pid in pids
        )
    with procmem.Members.of(pids) as members:
        calls[_HELD] = lambda: members.read().footprint
        times = take_turns(calls, rounds=scale.rounds, sample=scale.sample)
    what = f"{len(pids)} processes of {size // 1024**2} MiB:"
    for name, call in ((_GROUP, "group(pids)"), (_HELD, "Members.read()")):
        for other, which in ((_POOL, "of a pool"), (_RAW, "that share a queue")):
            yield Figure(
                what=f"{what} {call} / raw reads by as many threads {which}",
                unit="x",
                values=ratios(times, name, other),
                limit=1.15,
                note=_least(times, name, other),
            )
    what += " group(pids)"
    yield Figure(
        what=f"{what} / raw reads by one thread",
        unit="x",
        values=ratios(times, _GROUP, _SERIAL),
        note=_least(times, _GROUP, _SERIAL),
    )
    if _PSUTIL in times:
        yield Figure(
            what=f"{what} / psutil's memory_full_info().pss of each",
            unit="x",
            values=ratios(times, _GROUP, _PSUTIL),
            limit=1.0,
            note=_least(times, _GROUP, _PSUTIL),
        )


def _small(scale: Scale, parent: int) -> Measured:
    """
    A tree that is held and read again and again, as a budget does.
    """
    with procmem.Members.tree(parent) as members:
        pids = members.pids
        calls: dict[str, Callable[[], object]] = {
            "members": members.read,
            "raw members": members.read_raw,
            "tree": lambda: procmem.tree(parent),
            _RAW: lambda: _read(pids),
        }
        times = take_turns(calls, rounds=scale.rounds, sample=scale.sample)
    for name, what in (
        ("members", "Members.read()"),
        ("raw members", "Members.read_raw()"),
        ("tree", "tree(pid)"),
    ):
        yield Figure(
            what=f"{len(pids)} small processes: {what} - raw reads",
            unit="ms",
            values=differences(times, name, _RAW),
            note=_least(times, name, _RAW),
        )


def _read(pids: Iterable[int]) -> None:
    for pid in pids:
        read(pid, "smaps_rollup")


def _read_by_pool(pids: Sequence[int]) -> None:
    """
    As one would write it.
    """
    with ThreadPoolExecutor(_threads()) as pool:
        list(pool.map(lambda pid: read(pid, "smaps_rollup"), pids))


def _threads() -> int:
    return min(_MOST_THREADS, len(os.sched_getaffinity(0)))


def _read_by_threads(pids: Sequence[int]) -> None:
    """
    As fast as Python can do it: without futures, and this thread reads, too.
    """
    waiting = deque(pids)

    def work() -> None:
        while waiting:
            try:
                pid = waiting.popleft()
            except IndexError:
                return
            read(pid, "smaps_rollup")

    helpers = [Thread(target=work) for _ in range(_threads() - 1)]
    for helper in helpers:
        helper.start()
    work()
    for helper in helpers:
        helper.join()


def _least(times: Times, one: str, other: str) -> str:
    return f"{min(times[one]) * 1000:.1f} / {min(times[other]) * 1000:.1f} ms"
