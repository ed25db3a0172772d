"""
One walk over the pages of a process.

The entries of a block are read, and what depends on them (the sharers of the
frames) at once after; :mod:`procmem.walk.settling` sees to what moves in
between.
"""

from __future__ import annotations

from collections import abc
from types import TracebackType
from typing import Self, TypeVar

import attrs

from procmem.errors import AccessDeniedError
from procmem.model.mapping import Mapping
from procmem.sources.base import Frames, Pagemap, PinnedProcess, Region
from procmem.walk.blocks import Block, read_blocks
from procmem.walk.frames import FrameCounts
from procmem.walk.limits import Limits
from procmem.walk.plan import Amounts, Plan, listing_for_walk, make_plan
from procmem.walk.settling import Look, Looked, Settling
from procmem.walk.tally import shows_frames

__all__ = ["Walker"]

_T = TypeVar("_T")

# To find out whether frames are shown takes one page that is present.
_PROBED = 512

# Blocks are looked at together until they have this many pages.
_TOGETHER = 8192


@attrs.define(kw_only=True)
class Walker:
    """
    What a walk needs, opened; a context manager that closes it again.

    Attributes:
        process: Whose pages.

        prefix: Of the names of its files.

        pagemap: Its page table.

        mappings: Its mappings.

        amounts: What its status says.

        file: Where the mappings are from, ``"maps"`` or ``"smaps"``.

        plan: Where in them to look.

        limits: How far to go.

        settling: Sees to pages that move.

        zero_unknown: Whether zero pages look like others: frames are hidden,
            and the kernel does not tell otherwise.
    """

    process: PinnedProcess
    prefix: str
    pagemap: Pagemap
    mappings: abc.Sequence[Mapping]
    amounts: Amounts
    file: str
    plan: Plan
    limits: Limits
    settling: Settling
    zero_unknown: bool = False
    _opened: dict[str, Frames] = attrs.field(factory=dict[str, Frames])
    _asked: dict[str, FrameCounts | None] = attrs.field(
        factory=dict[str, FrameCounts | None]
    )
    _visible: bool | None = None

    @classmethod
    def open(
        cls,
        process: PinnedProcess,
        prefix: str,
        *,
        limits: Limits,
        check_drift: bool,
    ) -> Self | None:
        """
        Open the page table of *process*, list its mappings and make a plan.

        The page table is opened first: if its address space is there when the
        mappings have been listed, then they are of the same one.

        Returns:
            The walker, or None if there is no address space (any more).

        Raises:
            ProcessGoneError: If the process is gone.

            AccessDeniedError: If the kernel refuses.
        """
        try:
            pagemap = process.pagemap(prefix)
        except AccessDeniedError:
            # Of a part of the kernel there is nothing that could be refused.
            if _has_memory(process, prefix):
                raise
            return None
        try:
            listed = listing_for_walk(process, prefix)
            if listed is None or not pagemap.is_bound():
                pagemap.close()
                return None
            mappings, amounts, file = listed
            plan = make_plan(process, pagemap, mappings, amounts)
            walker = cls(
                process=process,
                prefix=prefix,
                pagemap=pagemap,
                mappings=mappings,
                amounts=amounts,
                file=file,
                plan=plan,
                limits=limits,
                settling=Settling(
                    pagemap=pagemap,
                    byteorder=process.source.byteorder,
                    check_drift=check_drift,
                ),
            )
            if walker.frame_file("kpagecount") is None:
                walker._leave_out_zero_pages()
        except BaseException:
            pagemap.close()
            raise
        return walker

    @property
    def page_size(self) -> int:
        """
        Size of one page, in bytes.
        """
        return self.process.source.page_size

    @property
    def frames_visible(self) -> bool:
        """
        Whether the kernel shows frames: without CAP_SYS_ADMIN they are 0.  True
        if there are none.
        """
        if self._visible is None:
            self._visible = next(self._frames_shown(), True)
        return self._visible

    def _frames_shown(self) -> abc.Iterator[bool]:
        """
        For each block that has a present page whether its frame is shown.
        """
        for index in range(len(self.mappings)):
            # The first page that was touched is likely to be near the start.
            for piece in self.plan.pieces[index]:
                end = min(piece.end, piece.start + _PROBED * self.page_size)
                for pieces in ([piece._replace(end=end)], [piece]):
                    for block in self.read(pieces):
                        if (shown := shows_frames(block)) is not None:
                            yield shown

    def read(
        self, pieces: abc.Sequence[Region], *, hugetlb: bool = False
    ) -> abc.Iterator[Block]:
        """
        The entries of *pieces* as they are, without regard to limits.
        """
        return read_blocks(
            self.pagemap,
            pieces,
            page_size=self.page_size,
            byteorder=self.process.source.byteorder,
            hugetlb=hugetlb,
        )

    def _leave_out_zero_pages(self) -> None:
        """
        Cut the zero page out of the plan, where the kernel tells which it is.
        """
        for index, pieces in enumerate(self.plan.pieces):
            kept: list[Region] = []
            for piece in pieces:
                zero = self.pagemap.zero_pages(piece.start, piece.end)
                if zero is None:
                    self.zero_unknown = True
                    return
                start = piece.start
                for region in zero:
                    if start < region.start:
                        kept.append(piece._replace(start=start, end=region.start))
                    start = region.end
                if start < piece.end:
                    kept.append(piece._replace(start=start))
            self.plan.pieces[index] = kept

    def frame_file(self, file: str) -> FrameCounts | None:
        """
        ``"kpagecount"`` or ``"kpageflags"``, to be asked about many frames;
        None if frames are hidden or the file cannot be read.
        """
        if file not in self._asked:
            frames = self.process.source.frames(file) if self.frames_visible else None
            if frames is not None:
                self._opened[file] = frames
            source = self.process.source
            self._asked[file] = (
                None if frames is None else FrameCounts(frames, source.byteorder)
            )
        return self._asked[file]

    def pages_of(self, index: int) -> int:
        """
        How many pages of a mapping are to be looked at.
        """
        length = sum([piece.end - piece.start for piece in self.plan.pieces[index]])
        return length // self.page_size

    def blocks(self, look: Look[_T]) -> abc.Iterator[Looked[_T]]:
        """
        The blocks of all mappings with what *look* finds out about them, each
        found while the entries did not change, if that can be had.

        Stops where the limits say.

        Args:
            look: Asks for what belongs to the entries of some blocks.
        """
        # Most mappings are small, and it takes long to ask about each alone.
        group: list[tuple[int, Block]] = []
        pages = 0
        for index, block in self._read_to_limit():
            group.append((index, block))
            pages += block.pages
            if pages >= _TOGETHER:
                yield from self.settling.look(group, look)
                group, pages = [], 0
        if group:
            yield from self.settling.look(group, look)

    def _read_to_limit(self) -> abc.Iterator[tuple[int, Block]]:
        """
        The blocks with the indexes of their mappings.
        """
        plan = zip(self.plan.pieces, self.plan.hugetlb, strict=True)
        for index, (pieces, hugetlb) in enumerate(plan):
            for block in self.read(pieces, hugetlb=hugetlb):
                if self.limits.stop():
                    return
                self.limits.count(block.pages)
                yield index, block

    @property
    def moved(self) -> int | None:
        """
        How many pages changed between two readings; None if that was not
        looked at.
        """
        return self.settling.moved if self.settling.check_drift else None

    @property
    def frame_files(self) -> tuple[str, ...]:
        """
        Which files of frames were opened.
        """
        return tuple(self._opened)

    def close(self) -> None:
        """
        Let go of the files.
        """
        self.pagemap.close()
        for frames in self._opened.values():
            frames.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _has_memory(process: PinnedProcess, prefix: str) -> bool:
    """
    Whether there is an address space, as far as that may be known.
    """
    try:
        return listing_for_walk(process, prefix) is not None
    except AccessDeniedError:
        return True
