"""
What the kernel printed about one process, and how to find single figures in
it without taking it apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from procmem.errors import UnsupportedError
from procmem.formats.picking import picked

if TYPE_CHECKING:
    from procmem.model.mapping import Mappings
    from procmem.model.usage import Usage

__all__ = ["KEYS", "Text"]

KEYS: dict[str, tuple[bytes, ...]] = {
    "footprint": (b"Pss_Anon", b"Pss_Shmem", b"SwapPss"),
    "pss": (b"Pss",),
    "uss": (b"Private_Clean", b"Private_Dirty"),
    "rss": (b"Rss",),
    "swap_pss": (b"SwapPss",),
    "shared_hugetlb": (b"Shared_Hugetlb",),
    "private_hugetlb": (b"Private_Hugetlb",),
    "anonymous": (b"Anonymous",),
    "pss_anon": (b"Pss_Anon",),
    "pss_shmem": (b"Pss_Shmem",),
    "private_dirty": (b"Private_Dirty",),
    "ksm": (b"KSM",),
}
"""The kernel's keys of what a budget asks for, found without taking all apart."""


@attrs.frozen(kw_only=True, repr=False)
class Text:
    """
    What the kernel printed about one process.

    Attributes:
        pid: Its number.

        stat: ``stat``: who it is.

        status: ``status``, with the cheap counters.

        totals: ``smaps_rollup``; where there is none, ``smaps``; empty for
            what has no memory.

        file: Which of the two it was read from.

        smaps: ``smaps``, or None if it was not read.
    """

    pid: int
    stat: bytes
    status: bytes
    totals: bytes
    file: str
    smaps: bytes | None

    def with_smaps(self, smaps: bytes | None) -> Text:
        """
        The same with its mappings.
        """
        return Text(
            pid=self.pid,
            stat=self.stat,
            status=self.status,
            totals=self.totals,
            file=self.file,
            smaps=smaps,
        )

    @property
    def start_time(self) -> int:
        """
        In clock ticks since the machine started.
        """
        return int(self.stat.rpartition(b")")[2].split()[19])

    @property
    def identity(self) -> tuple[int, int]:
        """
        Its number and start time, which no other process ever has.
        """
        return self.pid, self.start_time

    @property
    def parent(self) -> int:
        """
        The pid of its parent.
        """
        return int(self.stat.rpartition(b")")[2].split()[1])

    @property
    def name(self) -> str:
        """
        Of the program, at most 15 bytes.
        """
        name = self.stat.partition(b"(")[2].rpartition(b")")[0]
        return name.decode("utf-8", "surrogateescape")

    def amount(self, name: str) -> int | None:
        """
        One figure in bytes, or None if the kernel does not tell it.
        """
        if not self.totals:
            return 0
        if self.file == "smaps_rollup" and name in KEYS:
            found = picked(self.totals, KEYS[name])
            if found is not None:
                return found
        value = self.usage().get(name)
        return value if isinstance(value, int) else None

    def bounds(self, name: str) -> tuple[int, int] | None:
        """
        The least and the most that a figure may be; None if nothing is
        known of it.
        """
        value = self.amount(name)
        if value is not None:
            return value, value
        if name != "footprint":
            return None
        from procmem import accounting

        mappings = self.mappings()
        try:
            return None if mappings is None else accounting.footprint_bounds(mappings)
        except UnsupportedError:
            return None

    def cheap(self, key: bytes) -> int | None:
        """
        A counter of ``status`` in bytes, or None if it is not there.
        """
        start = self.status.find(b"\n" + key + b":")
        if start < 0:
            return None
        value = self.status[start + len(key) + 2 : self.status.find(b"\n", start + 1)]
        return int(value.removesuffix(b" kB")) * 1024

    def usage(self) -> Usage:
        """
        All totals.
        """
        from procmem.formats.smaps import parse_smaps_total
        from procmem.formats.smaps_rollup import parse_smaps_rollup
        from procmem.model.usage import Usage

        if not self.totals:
            return Usage.zero()
        if self.file == "smaps_rollup":
            return parse_smaps_rollup(self.totals)
        return parse_smaps_total(self.totals)

    def mappings(self) -> Mappings | None:
        """
        What it maps, or None if that was not read.
        """
        from procmem.formats.smaps import parse_smaps
        from procmem.model.mapping import Mappings

        text = self.totals if self.file == "smaps" else self.smaps
        return None if text is None else Mappings(parse_smaps(text))

    def __repr__(self) -> str:
        return f"<what was read of process {self.pid}>"
