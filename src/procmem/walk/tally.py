"""
Adding pages up by the rules of ``smaps``.

Source: ``smaps_account()``, ``smaps_pte_entry()`` in ``fs/proc/task_mmu.c``.
"""

from __future__ import annotations

from collections import abc
from functools import cache

import attrs

from procmem.errors import UnsupportedError
from procmem.flags import PageFlag, PageState
from procmem.pagetable.columns import (
    CODES,
    LIKE_SWAP,
    states_of,
    table_of,
)
from procmem.walk.blocks import Block, Selected
from procmem.walk.frames import FrameCounts

__all__ = ["Resident", "Tally", "count_blocks", "shows_frames"]

_PRESENT, _SWAP, _FILE, _EXCLUSIVE = 0x80, 0x40, 0x20, 0x01

# What the size of a page took of the top byte, less the bit that now says that
# a page is mapped once.
_SIZE_BITS = 0x1E

_OLD = frozenset(
    top for top in range(256) if not top & (_PRESENT | _SWAP) and top & _SIZE_BITS
)

_SWAPPED_STATE = CODES[PageState.SWAPPED]


@attrs.define
class Resident:
    """
    Resident pages of one sort.

    Attributes:
        sharers: For each number of sharers, how many pages have it.

        shared_by_some: How many are shared by a number of mappings that the
            kernel does not show us.

        doubtful: How many may be shared or not.
    """

    sharers: dict[int, int] = attrs.field(factory=dict[int, int])
    shared_by_some: int = 0
    doubtful: int = 0

    def count(self, sharers: int, pages: int) -> None:
        """
        Count *pages* that have so many sharers.
        """
        self.sharers[sharers] = self.sharers.get(sharers, 0) + pages

    def add(self, other: Resident) -> None:
        """
        Count what *other* has counted too.
        """
        for sharers, pages in other.sharers.items():
            self.count(sharers, pages)
        self.shared_by_some += other.shared_by_some
        self.doubtful += other.doubtful

    @property
    def pages(self) -> int:
        """
        How many there are.
        """
        return sum(self.sharers.values()) + self.uncertain

    @property
    def private(self) -> int:
        """
        How many are mapped exactly once, as far as that is certain.
        """
        return self.sharers.get(1, 0)

    @property
    def uncertain(self) -> int:
        """
        Of how many the number of sharers is not known.
        """
        return self.shared_by_some + self.doubtful


@attrs.define
class Tally:
    """
    What was found of a mapping so far, in pages.

    Attributes:
        anonymous: Resident pages without a file.

        of_file: Resident pages of files or shared memory.

        swapped: How many are swapped out.

        private_hugetlb: Pages of hugetlbfs that are mapped once.

        shared_hugetlb: Those that are mapped more often.

        merged: How many were merged by KSM.

        lazily_free: How many may be taken back by the kernel at any time, at
            most.
    """

    anonymous: Resident = attrs.field(factory=Resident)
    of_file: Resident = attrs.field(factory=Resident)
    swapped: int = 0
    private_hugetlb: int = 0
    shared_hugetlb: int = 0
    merged: int = 0
    lazily_free: int = 0

    def add(self, other: Tally) -> None:
        """
        Count what *other* has counted too.
        """
        self.anonymous.add(other.anonymous)
        self.of_file.add(other.of_file)
        self.swapped += other.swapped
        self.private_hugetlb += other.private_hugetlb
        self.shared_hugetlb += other.shared_hugetlb
        self.merged += other.merged
        self.lazily_free += other.lazily_free


def count_blocks(
    blocks: abc.Sequence[Block],
    *,
    counts: FrameCounts | None,
    flags: FrameCounts | None = None,
) -> list[Tally]:
    """
    Count the pages of each of *blocks*.

    Args:
        blocks: Whose frames are asked about together.

        counts: Tells how often a frame is mapped; None if nothing does.

        flags: Tells what a frame is, if KSM and lazily freed pages are to be
            told; None if not.

    Raises:
        UnsupportedError: If the entries are of Linux before 4.2.
    """
    tallies: list[Tally] = []
    asked: list[tuple[Resident, Selected]] = []
    for block in blocks:
        tally = Tally()
        tallies.append(tally)
        if block.hugetlb:
            _add_hugetlb(tally, block)
        else:
            asked += _add_block(tally, block, hidden=counts is None, flags=flags)
    if counts is not None and asked:
        found = counts.histograms([frames for _, frames in asked])
        for (resident, _), sharers in zip(asked, found, strict=True):
            for number, pages in sharers.items():
                resident.count(number, pages)
    return tallies


def _add_hugetlb(tally: Tally, block: Block) -> None:
    _add_absent(tally, block)
    for top, pages in block.kinds.items():
        if top & _PRESENT:
            # The kernel itself decides by this bit.
            tally.private_hugetlb += pages if top & _EXCLUSIVE else 0
            tally.shared_hugetlb += 0 if top & _EXCLUSIVE else pages


def _add_block(
    tally: Tally, block: Block, *, hidden: bool, flags: FrameCounts | None
) -> abc.Iterator[tuple[Resident, Selected]]:
    """
    Count what the entries tell, and give the frames to ask about.
    """
    _add_absent(tally, block)
    for of_file, resident in ((0, tally.anonymous), (_FILE, tally.of_file)):
        present = {
            top: pages
            for top, pages in block.kinds.items()
            if top & (_PRESENT | _FILE) == _PRESENT | of_file
        }
        if not present:
            continue
        unknown = _add_exclusive(resident, block, present)
        if unknown and not hidden:
            yield resident, _chosen(block, unknown)
        elif unknown:
            _add_hidden(resident, block, unknown)
        if flags is not None and not of_file:
            everything = _chosen(block, present)
            tally.merged += flags.count_where(everything, _is_merged)
            tally.lazily_free += flags.count_where(everything, _is_lazily_free)


def _add_absent(tally: Tally, block: Block) -> None:
    kinds = block.kinds
    if not _OLD.isdisjoint(kinds):
        # Until 4.2 the bits held the size of the page, even where none is.
        raise UnsupportedError("pagemap", "Linux 4.2 or later")
    if not LIKE_SWAP.isdisjoint(kinds):
        states = states_of(memoryview(block.raw).cast("Q"), None)
        tally.swapped += states.count(_SWAPPED_STATE)


def _add_exclusive(
    resident: Resident, block: Block, present: abc.Mapping[int, int]
) -> abc.Mapping[int, int]:
    """
    Count the present pages, given as how many there are of each top byte, of
    which the kernel's word that they are mapped once can be taken, and give
    the others.
    """
    if block.huge:
        return present
    unknown = {top: n for top, n in present.items() if not top & _EXCLUSIVE}
    if len(unknown) < len(present):
        resident.count(1, sum(present.values()) - sum(unknown.values()))
    return unknown


def _add_hidden(
    resident: Resident, block: Block, unknown: abc.Mapping[int, int]
) -> None:
    """
    Count pages whose frames are hidden.
    """
    pages = sum(unknown.values())
    if block.huge:
        resident.doubtful += pages
    else:
        resident.shared_by_some += pages


def _chosen(block: Block, wanted: abc.Mapping[int, int]) -> Selected:
    """
    The frames of the entries whose top byte is one of *wanted*.
    """
    chosen = block.tops.translate(_table_of(frozenset(wanted)))
    return Selected(block, chosen, sum(wanted.values()))


@cache
def _table_of(wanted: frozenset[int]) -> bytes:
    # Of 256 top bytes a process has a handful.
    return table_of(lambda top: top in wanted)


def shows_frames(block: Block) -> bool | None:
    """
    Whether the kernel shows the frames behind the pages of *block*; None if
    no page is present.
    """
    place = block.tops.translate(_IF_PRESENT).find(1)
    return None if place < 0 else bool(block.frames()[place])


_IF_PRESENT = table_of(lambda top: top >> 7)


def _is_merged(word: int) -> bool:
    return bool(word & PageFlag.KSM)


_LAZY = int(PageFlag.ANON | PageFlag.SWAPBACKED | PageFlag.DIRTY)


def _is_lazily_free(word: int) -> bool:
    return word & _LAZY == PageFlag.ANON
