"""
``Snapshot``: one process read once.
"""

from __future__ import annotations

import time

import attrs

from procmem.model.mapping import Mappings
from procmem.model.status import Status
from procmem.model.usage import Usage
from procmem.pagetable.table import PageTable
from procmem.reading.listing import read_mappings
from procmem.reading.status import read_status
from procmem.reading.totals import read_usage
from procmem.sources.base import PinnedProcess

__all__ = ["Snapshot", "take"]


@attrs.frozen(kw_only=True)
class Snapshot:
    """
    What the files of one process said, read one after the other.

    The process ran on meanwhile unless somebody stopped it, so the parts may
    differ a little: each carries its own evidence.

    Attributes:
        pid: The process.

        taken: When reading began, in seconds since the epoch.

        usage: Its totals.

        mappings: Its mappings with their usage.

        status: Its identity and cheap counters.

        pages: Its pages, or None if they were not asked for.
    """

    pid: int
    taken: float = attrs.field(repr=False)
    usage: Usage
    mappings: Mappings
    status: Status = attrs.field(repr=False)
    pages: PageTable | None = attrs.field(default=None, hash=False)

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
    )
