"""
One walk over the pages of a process.

The entries of a block are read, what depends on them (the sharers of the
frames) at once after, and then the entries again: where they are the same,
nothing has moved in between.  Where they are not, the block is counted anew,
once, and what moved again is owned up to.
"""

from __future__ import annotations

import time
from collections import abc
from types import TracebackType
from typing import Self, TypeVar

import attrs

from procmem.model.mapping import Mapping
from procmem.model.status import Status
from procmem.pagetable.columns import in_motion
from procmem.sources.base import Frames, Pagemap, PinnedProcess
from procmem.walk.blocks import Block, read_block, read_blocks
from procmem.walk.frames import FrameCounts
from procmem.walk.limits import Limits
from procmem.walk.plan import Piece, Plan, listing_for_walk, make_plan
from procmem.walk.tally import shows_frames

__all__ = ["Walker"]

_T = TypeVar("_T")

# To find out whether frames are shown takes one page that is present.
_PROBED = 512

# How long to wait for pages that are on their way, in seconds.
_PAUSES = (0.001, 0.004, 0.016)

# Bit 55 (soft-dirty) changes when the page is written to, and only that.
_ALL_BUT_BIT_55 = (1 << 64) - 1 - (1 << 55)


@attrs.define(kw_only=True)
class Walker:
    """
    What a walk needs, opened; a context manager that closes it again.

    Attributes:
        process: Whose pages.

        prefix: Of the names of its files.

        pagemap: Its page table.

        mappings: Its mappings.

        status: Its status.

        file: Where the mappings are from, ``"maps"`` or ``"smaps"``.

        plan: Where in them to look.

        limits: How far to go.

        check_drift: Whether to read entries twice and compare.

        moved: How many pages changed between two readings.

        unsettled: How many of those changed again when their block was
            counted anew.

        zero_unknown: Whether zero pages look like others: frames are hidden,
            and the kernel does not tell otherwise.
    """

    process: PinnedProcess
    prefix: str
    pagemap: Pagemap
    mappings: abc.Sequence[Mapping]
    status: Status
    file: str
    plan: Plan
    limits: Limits
    check_drift: bool
    moved: int = 0
    unsettled: int = 0
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
        pagemap = process.pagemap(prefix)
        try:
            listed = listing_for_walk(process, prefix)
            if listed is None or not pagemap.is_bound():
                pagemap.close()
                return None
            mappings, status, file = listed
            plan = make_plan(process, pagemap, mappings, status)
            walker = cls(
                process=process,
                prefix=prefix,
                pagemap=pagemap,
                mappings=mappings,
                status=status,
                file=file,
                plan=plan,
                limits=limits,
                check_drift=check_drift,
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

    def read(self, pieces: abc.Sequence[Piece]) -> abc.Iterator[Block]:
        """
        The entries of *pieces* as they are, without regard to limits.
        """
        return read_blocks(
            self.pagemap,
            pieces,
            page_size=self.page_size,
            byteorder=self.process.source.byteorder,
        )

    def _leave_out_zero_pages(self) -> None:
        """
        Cut the zero page out of the plan, where the kernel tells which it is.
        """
        for index, pieces in enumerate(self.plan.pieces):
            kept: list[Piece] = []
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
        length = sum(piece.end - piece.start for piece in self.plan.pieces[index])
        return length // self.page_size

    def blocks(
        self, index: int, look: abc.Callable[[Block], _T]
    ) -> abc.Iterator[tuple[Block, _T]]:
        """
        The blocks of a mapping with what *look* finds out about them, each
        found while the entries did not change, if that can be had.

        Stops where the limits say.

        Args:
            index: Which mapping.

            look: Asks for what belongs to the entries of a block.
        """
        for block in self.read(self.plan.pieces[index]):
            if self.limits.stop():
                return
            yield self._settled(block, look)
            self.limits.count(block.pages)

    def _settled(
        self, block: Block, look: abc.Callable[[Block], _T]
    ) -> tuple[Block, _T]:
        block = self._at_rest(block)
        found = look(block)
        if not self.check_drift:
            return block, found
        again = self._again(block)
        if again.raw == block.raw or not (moved := _changes(block, again)):
            return block, found
        self.moved += moved
        again = self._at_rest(again)
        found = look(again)
        self.unsettled += _changes(again, self._again(again))
        return again, found

    def _at_rest(self, block: Block) -> Block:
        """
        The block once none of its pages is on the way to another frame, which
        takes the kernel microseconds; what does not arrive is owned up to.
        """
        for pause in _PAUSES:
            moving = in_motion(block.raw)
            if not moving:
                return block
            self.moved += moving
            time.sleep(pause)
            block = self._again(block)
        self.unsettled += in_motion(block.raw)
        return block

    def _again(self, block: Block) -> Block:
        return read_block(
            self.pagemap, block.extents, block.huge, self.process.source.byteorder
        )

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


def _changes(before: Block, after: Block) -> int:
    """
    How many entries differ, soft-dirty bits aside.
    """
    if before.raw == after.raw:
        return 0
    old, new = memoryview(before.raw).cast("Q"), memoryview(after.raw).cast("Q")
    pairs = zip(old, new, strict=False)
    changed = sum(bool((a ^ b) & _ALL_BUT_BIT_55) for a, b in pairs)
    # What is cut off at the end is gone with the address space.
    return changed + abs(len(old) - len(new))
