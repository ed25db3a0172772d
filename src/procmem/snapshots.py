"""
``Snapshot``: one process read once.
"""

from __future__ import annotations

import time
from os import PathLike
from typing import TYPE_CHECKING, Self

import attrs

from procmem.errors import UnsupportedError
from procmem.formats.stat import parse_stat
from procmem.model.mapping import Mappings
from procmem.model.status import Status
from procmem.model.usage import Usage
from procmem.pagetable.table import PageTable
from procmem.reading.listing import read_mappings
from procmem.reading.status import read_status
from procmem.reading.totals import read_usage
from procmem.sources.base import PinnedProcess

if TYPE_CHECKING:
    from procmem.differences.diff import Diff

__all__ = ["Snapshot", "take"]


@attrs.frozen(kw_only=True)
class Snapshot:
    """
    What the files of one process said, read one after the other.

    The process ran on meanwhile unless somebody stopped it, so the parts may
    differ a little: each carries its own evidence.

    ``after - before`` gives a :class:`~procmem.Diff`, also of two processes,
    such as two runs of a program.

    Attributes:
        pid: The process.

        taken: When reading began, in seconds since the epoch.

        usage: Its totals.

        mappings: Its mappings with their usage.

        status: Its identity and cheap counters.

        start_time: When it started, in clock ticks since the machine did;
            with the pid it names a process for ever.  None if the source has
            no ``stat`` of it.

        pages: Its pages, or None if they were not asked for.
    """

    pid: int
    taken: float = attrs.field(repr=False)
    usage: Usage
    mappings: Mappings
    status: Status = attrs.field(repr=False)
    start_time: int | None = attrs.field(default=None, repr=False)
    pages: PageTable | None = attrs.field(default=None, hash=False)

    @property
    def name(self) -> str | None:
        """
        Of its program, at most 15 bytes; None if the source does not tell.
        """
        return self.status.name

    def __sub__(self, other: object) -> Diff:
        if not isinstance(other, Snapshot):
            return NotImplemented
        from procmem.differences import between_readings

        missing = [
            f"{when}: {phrase}"
            for when, one in (("before", other), ("after", self))
            for evidence in (one.usage.evidence, one.mappings.evidence)
            for phrase in evidence.missing
        ]
        return between_readings(self, other, missing=missing)

    def save(self, path: str | PathLike[str]) -> None:
        """
        Write it to a file: one JSON document, readable by its user only.

        Pages are not written.  The file is there as a whole or not at all.

        Args:
            path: Of the file, which is replaced if it is there.

        Raises:
            OSError: If it can't be written.
        """
        from procmem.saving import save

        save(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """
        Read what :meth:`save` wrote.

        Args:
            path: Of the file.

        Raises:
            OSError: If it can't be read.

            ParseError: If it is not the file of a snapshot, or was written by
                a newer procmem.
        """
        from procmem.saving import load_as

        return load_as(cls, path)

    def _repr_html_(self) -> str:
        from procmem.render.html import snapshot_table

        return snapshot_table(self)


def take(process: PinnedProcess) -> Snapshot:
    """
    Read all of *process* that needs no look at single pages.

    Raises:
        ProcessGoneError: If the process is gone.

        AccessDeniedError: If the kernel refuses.

        UnsupportedError: If it lacks a file that this takes.
    """
    return Snapshot(
        pid=process.pid,
        taken=time.time(),
        status=read_status(process),
        usage=read_usage(process),
        mappings=read_mappings(process),
        start_time=_start_time(process),
    )


def _start_time(process: PinnedProcess) -> int | None:
    try:
        data = process.read("stat")
    except UnsupportedError:
        return None
    return parse_stat(data, page_size=1).start_time
