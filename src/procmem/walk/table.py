"""
The pages of a process as a :class:`~procmem.PageTable`.
"""

from __future__ import annotations

import array
import time
from collections import abc
from functools import partial
from itertools import compress, pairwise

import attrs

from procmem.evidence import Evidence
from procmem.pagetable.columns import table_of
from procmem.pagetable.table import Extent, PageTable
from procmem.reading.lifecycle import first_sound, nothing
from procmem.sources.base import PinnedProcess
from procmem.walk.blocks import Block
from procmem.walk.frames import FrameCounts
from procmem.walk.limits import Limits
from procmem.walk.walker import Walker

__all__ = ["read_pages"]

_IF_PRESENT = table_of(lambda top: top >> 7)


def read_pages(
    process: PinnedProcess,
    *,
    flags: bool = False,
    check_drift: bool = True,
    limits: Limits | None = None,
) -> PageTable:
    """
    Every page of *process* where anything is.

    Args:
        process: Whose pages.

        flags: Whether to read ``kpageflags`` too.

        check_drift: Whether to read entries twice and again what changed.

        limits: How far to go.

    Raises:
        ProcessGoneError: If the process is gone.

        AccessDeniedError: If the kernel refuses.

        UnsupportedError: If it has no page tables to show.

        ProcessChangedError: If the process became another program each time.
    """
    started = time.perf_counter()
    attempt = partial(
        _attempt,
        flags=flags,
        check_drift=check_drift,
        limits=limits or Limits(),
        started=started,
    )
    table = first_sound(process, "pagemap", attempt)
    if table is None:
        evidence = attrs.evolve(nothing(started), method="pages")
        return PageTable(page_size=process.source.page_size, evidence=evidence)
    return table


def _attempt(
    process: PinnedProcess,
    prefix: str,
    *,
    flags: bool,
    check_drift: bool,
    limits: Limits,
    started: float,
) -> PageTable | None:
    walker = Walker.open(process, prefix, limits=limits, check_drift=check_drift)
    if walker is None:
        return None
    with walker:
        columns = _Columns(
            counts=walker.frame_file("kpagecount"),
            flags=walker.frame_file("kpageflags") if flags else None,
        )
        for index, pieces in enumerate(walker.plan.pieces):
            # Every page is asked about, so what maps it makes no difference.
            walker.plan.pieces[index] = [p._replace(huge=False) for p in pieces]
        for _, block, words, _ in walker.blocks(columns.look):
            columns.add(block, words)
        if not walker.pagemap.is_bound():
            return None
    missing: list[str] = []
    if columns.counts is None:
        missing.append("sharers: frames are shown with CAP_SYS_ADMIN only")
    if limits.reached is not None:
        missing.append(f"pages that were not looked at: {limits.reached}")
    evidence = Evidence(
        method="pages",
        files=(walker.file, "status", "pagemap", *walker.frame_files),
        seconds=time.perf_counter() - started,
        missing=tuple(missing),
        moved=walker.moved,
    )
    return columns.table(walker.page_size, evidence)


_Words = tuple[list[int] | None, list[int] | None]


@attrs.define(kw_only=True)
class _Columns:
    """
    The columns of a table while it grows.
    """

    counts: FrameCounts | None
    flags: FrameCounts | None
    _entry_column: bytearray = attrs.field(factory=bytearray)
    _count_column: array.array[int] = attrs.field(factory=lambda: array.array("I"))
    _flag_column: array.array[int] = attrs.field(factory=lambda: array.array("Q"))
    _extents: list[Extent] = attrs.field(factory=list[Extent])

    def look(self, blocks: abc.Sequence[Block]) -> list[_Words]:
        """
        What the other files say about the frames of each of *blocks*: a word
        for each present page.
        """
        frames: list[int] = []
        ends: list[int] = []
        for block in blocks:
            present = block.tops.translate(_IF_PRESENT)
            frames += compress(block.frames(), present)
            ends.append(len(frames))
        counts = None if self.counts is None else self.counts.values(frames)
        flags = None if self.flags is None else self.flags.values(frames)
        return [
            (
                None if counts is None else counts[start:end],
                None if flags is None else flags[start:end],
            )
            for start, end in pairwise([0, *ends])
        ]

    def add(self, block: Block, words: _Words) -> None:
        """
        Append the pages of *block*.
        """
        self._entry_column += block.raw
        present = block.tops.translate(_IF_PRESENT)
        columns = (self._count_column, self._flag_column)
        for column, values in zip(columns, words, strict=True):
            if values is not None:
                _spread(column, values, present)
        self._extents += block.extents

    def table(self, page_size: int, evidence: Evidence) -> PageTable:
        """
        All that was added, ordered by address.
        """
        counts = memoryview(self._count_column).toreadonly()
        flags = memoryview(self._flag_column).toreadonly()
        return PageTable(
            entries=memoryview(self._entry_column).toreadonly().cast("Q"),
            counts=None if self.counts is None else counts,
            flags=None if self.flags is None else flags,
            extents=tuple(self._extents),
            page_size=page_size,
            evidence=evidence,
        )


def _spread(
    column: array.array[int], values: abc.Iterable[int], present: bytes
) -> None:
    """
    Append a value for each page: the next one if it is present, else 0.
    """
    following = iter(values)
    column.extend(next(following) if here else 0 for here in present)
