"""
Reading all processes once, fast.

What is slow about that is the kernel, which walks the page tables of each
process, and Python making objects that nobody asked for.  So where processes
are large several threads read (the kernel's part runs in parallel), and the
usual ``smaps_rollup`` and ``status`` are taken apart here by one regular
expression each.  Whatever does not look quite as usual is read again by
:mod:`procmem.reading`, which knows all there is to know about it; a test
compares the two.
"""

from __future__ import annotations

import re
from collections import abc, deque
from typing import TYPE_CHECKING

from procmem.cli.findings import SIZES, Empty, Identity, Scan, Seen, Unreadable
from procmem.errors import AccessDeniedError, ProcessGoneError, ProcmemError

if TYPE_CHECKING:
    from threading import Thread

    from procmem.model.status import Status
    from procmem.model.usage import Usage
    from procmem.sources.base import PinnedProcess, Source

__all__ = ["identity_of", "look", "scan", "sizes_of", "sizes_of_rollup"]

_MOST_THREADS = 4
# Threads help only while the kernel has a page table to walk: passing the
# interpreter from one to another takes as long as reading a small process.
# Measured with 400 processes, two threads instead of one: of 14 MiB each 60 ms
# instead of 90, of 2 MiB 56 instead of 48.
_WORTH_HELP = 8 * 1024**2
# How fast the average of what is resident follows the processes.
_INERTIA = 8

_KIB = 1024
_COUNTER = re.compile(rb"\n([A-Za-z_]+): *([0-9]{1,20}) kB(?=\n)")
# Of a process with memory, or of a kernel thread (which Linux 6.8 and later
# tell), with nothing escaped in its name.
_HAS_MEMORY = b"VmSize:"
_STATUS = re.compile(
    rb"Name:\t([^\n\\]*)\n.*?\nUid:\t[0-9]+\t([0-9]+)\t.*?\n(VmSize:|Kthread:\t1\n)",
    re.DOTALL,
)


_Outcome = Seen | Unreadable | Empty


def scan(source: Source) -> Scan:
    """
    Look at every process of *source*; those that end meanwhile are left out.
    """
    pids = source.pids()
    outcomes = _Crew(source, pids).read_all()
    outcomes.sort(key=lambda outcome: outcome.who.pid)
    return Scan(
        seen=[outcome for outcome in outcomes if isinstance(outcome, Seen)],
        unreadable=[outcome for outcome in outcomes if isinstance(outcome, Unreadable)],
        empty=[outcome for outcome in outcomes if isinstance(outcome, Empty)],
        # Every pid namespace has a process 1.  Under hidepid=2 that of root
        # and everybody else's are not listed.
        hides_some=1 not in pids,
    )


class _Crew:
    """
    This thread, and others that help it while processes are large.
    """

    def __init__(self, source: Source, pids: abc.Iterable[int]) -> None:
        self._source = source
        # Several threads may take from a deque, and append to a list.
        self._waiting = deque(pids)
        self._outcomes: list[_Outcome] = []
        self._failures: list[BaseException] = []
        self._helpers: list[Thread] = []

    def read_all(self) -> list[_Outcome]:
        """
        What each process gave, in any order.
        """
        try:
            self._read(is_helper=False)
        finally:
            # After an interrupt, have the helpers stop.
            self._waiting.clear()
        for helper in self._helpers:
            helper.join()
        if self._failures:
            raise self._failures[0]
        return self._outcomes

    def _help(self) -> None:
        try:
            self._read(is_helper=True)
        except BaseException as exc:  # noqa: BLE001 (read_all() raises it)
            self._failures.append(exc)
            self._waiting.clear()

    def _read(self, *, is_helper: bool) -> None:
        average = _WORTH_HELP if is_helper else 0
        while self._waiting:
            try:
                pid = self._waiting.popleft()
            except IndexError:
                # Another thread took the last one.
                return
            outcome = look(self._source, pid)
            if outcome is None:
                continue
            self._outcomes.append(outcome)
            average += (_resident(outcome) - average) // _INERTIA
            if is_helper and average < _WORTH_HELP // 2:
                return
            if not is_helper and average >= _WORTH_HELP:
                self._get_help()

    def _get_help(self) -> None:
        if any(helper.is_alive() for helper in self._helpers):
            return
        import os
        from threading import Thread

        count = min(_MOST_THREADS, len(os.sched_getaffinity(0))) - 1
        # Daemons: after an interrupt nobody waits until a read is done.
        self._helpers = [Thread(target=self._help, daemon=True) for _ in range(count)]
        for helper in self._helpers:
            helper.start()


def _resident(outcome: _Outcome) -> int:
    return (outcome.sizes["rss"] or 0) if isinstance(outcome, Seen) else 0


def look(source: Source, pid: int) -> _Outcome | None:
    """
    Read one process, or None if it has ended.
    """
    who = Identity(pid)
    try:
        with source.pin(pid) as process:
            usual = _STATUS.match(process.read("status"))
            if usual is not None:
                name = usual[1].decode("utf-8", "surrogateescape")
                who = Identity(pid, name, int(usual[2]))
                if usual[3] != _HAS_MEMORY:
                    return Empty(who, is_zombie=False)
                sizes = _quick_sizes(process)
                if sizes is not None:
                    return Seen(who, sizes)
            return _look_closely(process, who)
    except ProcessGoneError:
        return None
    except (ProcmemError, OSError) as exc:
        return Unreadable(who, exc)


def _quick_sizes(process: PinnedProcess) -> dict[str, int | None] | None:
    try:
        return sizes_of_rollup(process.read("smaps_rollup"))
    except AccessDeniedError:
        raise
    except ProcmemError:
        return None


def _look_closely(process: PinnedProcess, who: Identity) -> _Outcome:
    from procmem.reading.status import read_status
    from procmem.reading.totals import read_usage

    try:
        status = read_status(process)
        who = identity_of(process.pid, status)
        if status.has_address_space:
            usage = read_usage(process)
            # It may have ended in between, and then its sizes are 0.
            if usage.evidence.files != ("status",):
                return Seen(who, sizes_of(usage))
            status = read_status(process)
        return Empty(who, status.state in {"Z", "X"})
    except ProcessGoneError:
        raise
    except (ProcmemError, OSError) as exc:
        return Unreadable(who, exc)


def identity_of(pid: int, status: Status) -> Identity:
    """
    Who a process is, from its status.
    """
    return Identity(pid, status.name, status.uid[1] if status.uid else None)


def sizes_of(usage: Usage, names: abc.Iterable[str] = SIZES) -> dict[str, int | None]:
    """
    What a process takes, None for what is missing.
    """
    values = ((name, usage.get(name)) for name in names)
    return {name: size if isinstance(size, int) else None for name, size in values}


def sizes_of_rollup(data: bytes) -> dict[str, int | None] | None:
    """
    The same from the text of ``smaps_rollup``, or None if that is not as
    Linux 5.4 and later print it.

    It takes a tenth of the time of ``sizes_of(parse_smaps_rollup(data))``.
    """
    kib = dict(_COUNTER.findall(data))
    # The header, and one line for each counter.
    if b" [rollup]\n" not in data or data.count(b"\n") != len(kib) + 1:
        return None
    try:
        anonymous, shmem = int(kib[b"Pss_Anon"]), int(kib[b"Pss_Shmem"])
        shared = int(kib[b"Shared_Clean"]) + int(kib[b"Shared_Dirty"])
        private = int(kib[b"Private_Clean"]) + int(kib[b"Private_Dirty"])
        swap_pss = int(kib[b"SwapPss"])
        return {
            "footprint": (anonymous + shmem + swap_pss) * _KIB,
            "pss": int(kib[b"Pss"]) * _KIB,
            "uss": private * _KIB,
            "shared": shared * _KIB,
            "rss": int(kib[b"Rss"]) * _KIB,
            "swap": int(kib[b"Swap"]) * _KIB,
            "swap_pss": swap_pss * _KIB,
        }
    except KeyError:
        return None
