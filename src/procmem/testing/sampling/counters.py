"""
What the files of a process say about its memory and its page faults.

These texts are read many times a second, so nothing is taken from them but
what is needed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from procmem.formats.picking import picked
from procmem.testing.sampling.sampled import Metric

__all__ = [
    "Cheap",
    "Faults",
    "Fields",
    "Figures",
    "cheap_of",
    "fields_of",
    "figures_of",
    "ignores_children",
    "threads_of",
]

_KIB = 1024

# The parts of VmRSS are there since Linux 4.5.
_STATUS = re.compile(
    rb"\nVmHWM:\s+(\d+) kB\nVmRSS:\s+(\d+) kB\n"
    rb"(?:RssAnon:\s+(\d+) kB\nRssFile:\s+(\d+) kB\nRssShmem:\s+(\d+) kB\n)?"
)
_SWAP = re.compile(rb"\nVmSwap:\s+(\d+) kB\n")
_THREADS = re.compile(rb"\nThreads:\s+(\d+)\n")
_IGNORED = re.compile(rb"\nSigIgn:\s+([0-9a-f]+)\n")
_SIGCHLD = 1 << 16

_PSS, _RSS = (b"Pss",), (b"Rss",)
_USS = (b"Private_Clean", b"Private_Dirty")
_FOOTPRINT = (b"Pss_Anon", b"Pss_Shmem", b"SwapPss")
_PSS_SHMEM, _PSS_FILE = (b"Pss_Shmem",), (b"Pss_File",)


class Cheap(NamedTuple):
    """
    What ``status`` says, in bytes.
    """

    hwm: int
    rss: int
    anon: int
    file: int
    shmem: int
    swap: int

    def of(self, metric: Metric) -> int:
        """
        The counters that are no less than that figure.
        """
        if metric == "footprint":
            return self.anon + self.shmem + self.swap
        return self.rss

    def of_others(self, metric: Metric) -> int:
        """
        The part of them that may be of pages that others had before: to map
        what is in a file or in shared memory makes nothing.
        """
        if metric == "footprint":
            return self.shmem
        return self.shmem + self.file if metric == "pss" else 0

    def when_rss_was(self, rss: int, before: Cheap) -> Cheap:
        """
        What the counters said between then and now.

        Args:
            rss: The RSS at that time.

            before: The counters earlier.
        """
        came = self.rss - before.rss
        since = min(self.rss - rss, came)
        if since <= 0:
            return self
        return Cheap(
            *(
                now - (now - then) * since // came
                for now, then in zip(self, before, strict=True)
            )
        )

    def with_more(self, size: int) -> Cheap:
        """
        The same with so much more memory that no file backs.
        """
        return self._replace(rss=self.rss + size, anon=self.anon + size)

    def mark(self, metric: Metric, swap: int) -> int:
        """
        What that figure can have been at most, with so much swapped out.
        """
        return self.hwm + swap if metric == "footprint" else self.hwm


class Figures(NamedTuple):
    """
    What the rollup says, in bytes.
    """

    footprint: int
    pss: int
    uss: int
    rss: int
    # Those parts of PSS; 0 where the kernel does not tell (before 5.4).
    pss_shmem: int = 0
    pss_file: int = 0

    def of(self, metric: Metric) -> int:
        """
        One of them.
        """
        if metric == "footprint":
            return self.footprint
        if metric == "pss":
            return self.pss
        return self.uss if metric == "uss" else self.rss

    def without_shmem(self, size: int) -> Figures:
        """
        The same with so much less of shared memory, as far as there is.
        """
        less = min(size, self.pss_shmem)
        return self._replace(
            footprint=self.footprint - less,
            pss=self.pss - less,
            pss_shmem=self.pss_shmem - less,
        )

    def of_others(self, metric: Metric) -> int:
        """
        The part of it that others may have, too, without a fork.
        """
        if metric == "footprint":
            return self.pss_shmem
        return self.pss_shmem + self.pss_file if metric == "pss" else 0


class Faults(NamedTuple):
    """
    Page faults: of the process, and of its children that it waited for.
    """

    own: int
    inherited: int


def cheap_of(status: bytes) -> Cheap | None:
    """
    The counters; None if there is no memory.
    """
    found = _STATUS.search(status)
    if found is None:
        return None
    hwm, rss, *parts = (
        None if number is None else int(number) * _KIB for number in found.groups()
    )
    anon, file, shmem = parts if None not in parts else (rss, 0, 0)
    swap = _SWAP.search(status)
    return Cheap(
        hwm or 0,
        rss or 0,
        anon or 0,
        file or 0,
        shmem or 0,
        int(swap[1]) * _KIB if swap else 0,
    )


def threads_of(status: bytes) -> int:
    """
    How many threads it has.
    """
    found = _THREADS.search(status)
    return int(found[1]) if found else 1


def ignores_children(status: bytes) -> bool:
    """
    Whether it ignores SIGCHLD, and thereby what its children used.
    """
    found = _IGNORED.search(status)
    return bool(found and int(found[1], 16) & _SIGCHLD)


class Fields(NamedTuple):
    """
    What ``stat`` says.
    """

    name: bytes
    parent: int
    faults: Faults
    start_time: int
    stack: bytes


def fields_of(stat: bytes) -> Fields:
    """
    The fields that are needed.
    """
    head, _, rest = stat.rpartition(b")")
    fields = rest.split()
    # The first of these is the third of proc_pid_stat(5).
    return Fields(
        name=head.partition(b"(")[2],
        parent=int(fields[1]),
        faults=Faults(
            int(fields[7]) + int(fields[9]), int(fields[8]) + int(fields[10])
        ),
        start_time=int(fields[19]),
        stack=fields[25],
    )


def figures_of(rollup: bytes) -> Figures | None:
    """
    The figures; None if there is anything unusual about them.
    """
    footprint = picked(rollup, _FOOTPRINT)
    pss, uss, rss = picked(rollup, _PSS), picked(rollup, _USS), picked(rollup, _RSS)
    if footprint is None or pss is None or uss is None or rss is None:
        return None
    return Figures(
        footprint,
        pss,
        uss,
        rss,
        picked(rollup, _PSS_SHMEM) or 0,
        picked(rollup, _PSS_FILE) or 0,
    )
