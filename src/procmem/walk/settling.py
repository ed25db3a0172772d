"""
Pages that move while they are looked at.

Between reading the entries of a block and asking about its frames the kernel
may put a page elsewhere.  So the entries are read again after, and where they
are not the same, the block is looked at anew, once; what moved again is owned
up to.
"""

from __future__ import annotations

import time
from collections import abc
from typing import Generic, NamedTuple, TypeAlias, TypeVar

import attrs

from procmem.pagetable.columns import LIKE_SWAP, in_motion
from procmem.sources.base import ByteOrder, Pagemap
from procmem.walk.blocks import Block, read_block

__all__ = ["Look", "Looked", "Settling"]

_T = TypeVar("_T")

Look: TypeAlias = abc.Callable[[abc.Sequence[Block]], abc.Sequence[_T]]
"""Finds out what belongs to the entries of some blocks: an answer for each."""

# How long to wait for pages that are on their way, in seconds.
_PAUSES = (0.001, 0.004, 0.016)

# Bit 55 (soft-dirty) changes when the page is written to, and only that.
_ALL_BUT_BIT_55 = (1 << 64) - 1 - (1 << 55)


class Looked(NamedTuple, Generic[_T]):
    """
    A block that was looked at.

    Attributes:
        place: Of its mapping among all.

        block: Its pages.

        found: What was found out about them.

        unsettled: How many of them changed while it was, twice.
    """

    place: int
    block: Block
    found: _T
    unsettled: int


@attrs.define(kw_only=True)
class Settling:
    """
    Looks at blocks while their entries stand still, if that can be had.

    Attributes:
        pagemap: Where the entries are from.

        byteorder: Of the words there.

        check_drift: Whether to read entries twice and compare.

        moved: How many pages changed between two readings.
    """

    pagemap: Pagemap
    byteorder: ByteOrder
    check_drift: bool
    moved: int = 0

    def look(
        self, group: abc.Sequence[tuple[int, Block]], look: Look[_T]
    ) -> abc.Iterator[Looked[_T]]:
        """
        Look at some blocks, given with the indexes of their mappings.
        """
        rests = [self._at_rest(block) for _, block in group]
        answers = look([block for block, _ in rests])
        for (index, _), (block, moving), found in zip(
            group, rests, answers, strict=True
        ):
            if self.check_drift:
                settled, answer, changed = self._checked(block, found, look)
                yield Looked(index, settled, answer, moving + changed)
            else:
                yield Looked(index, block, found, moving)

    def _checked(
        self, block: Block, found: _T, look: Look[_T]
    ) -> tuple[Block, _T, int]:
        """
        What was found, or is found anew if the entries have changed since, and
        how many changed again.
        """
        again = self._again(block)
        moved = _changes(block, again)
        if not moved:
            return block, found, 0
        self.moved += moved
        block, moving = self._at_rest(again)
        (found,) = look([block])
        return block, found, moving + _changes(block, self._again(block))

    def _at_rest(self, block: Block) -> tuple[Block, int]:
        """
        The block once none of its pages is on the way to another frame, which
        takes the kernel microseconds, and how many did not arrive.
        """
        for pause in _PAUSES:
            moving = _in_motion(block)
            if not moving:
                return block, 0
            self.moved += moving
            time.sleep(pause)
            block = self._again(block)
        return block, _in_motion(block)

    def _again(self, block: Block) -> Block:
        return read_block(self.pagemap, block.extents, block.huge, self.byteorder)


def _in_motion(block: Block) -> int:
    """
    How many pages of a block may be on their way to another frame.
    """
    # Mostly nothing is swapped out or the like.
    return 0 if LIKE_SWAP.isdisjoint(block.kinds) else in_motion(block.raw)


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
