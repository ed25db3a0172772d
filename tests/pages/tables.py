"""
Page tables for property tests, and what they add up to page by page.
"""

from __future__ import annotations

import array
from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import groupby
from typing import Literal

from hypothesis import strategies as st

from procmem.flags import PageFlag, PageState
from procmem.model.page import PageInfo
from procmem.pagetable.table import Extent, PageTable, Run

PRESENT, SWAP, FILE, GUARD, UFFD, EXCLUSIVE, SOFT_DIRTY = (
    1 << bit for bit in (63, 62, 61, 58, 57, 56, 55)
)

# PSS_SHIFT of fs/proc/task_mmu.c.
_SHIFT = 12

_FRAMES = st.integers(1, (1 << 40) - 1)
_HIGH = st.sampled_from([0, FILE, EXCLUSIVE, FILE | EXCLUSIVE, UFFD, SOFT_DIRTY])

WORDS = st.one_of(
    st.sampled_from(
        [0, SOFT_DIRTY, PRESENT, SWAP, SWAP | GUARD | 31, SWAP | UFFD | 31]
    ),
    st.builds(lambda frame, high: PRESENT | high | frame, _FRAMES, _HIGH),
    st.builds(
        lambda kind, offset, high: SWAP | high | offset << 5 | kind,
        st.integers(0, 31),
        _FRAMES,
        st.sampled_from([0, GUARD, UFFD, SOFT_DIRTY]),
    ),
    st.integers(0, (1 << 64) - 1),
)
"""Entries as kernels make them, and any others."""

COUNTS = st.one_of(
    st.sampled_from([0, 1, 1, 2, 3]),
    st.sampled_from([127, 128, 254, 255, 256, 257, 511, 512]),
    st.sampled_from([65_535, 65_536, 65_537, 1 << 24, (1 << 32) - 1]),
    st.integers(0, 300),
)
"""Numbers of mappings around every byte that they may need."""

FLAGS = st.one_of(
    st.sampled_from([0, int(PageFlag.HUGE), int(PageFlag.ANON | PageFlag.KSM)]),
    st.integers(0, (1 << 64) - 1),
)


@st.composite
def tables(
    draw: st.DrawFn, *, counts: bool | None = None, flags: bool | None = None
) -> PageTable:
    """
    Tables of some stretches of pages, with or without counts and flags.
    """
    page_size = draw(st.sampled_from([4096, 16384, 65536]))
    extents = []
    start = 0
    for pages in draw(st.lists(st.integers(0, 12), max_size=5)):
        # The next may follow at once, or after a gap.
        start += draw(st.sampled_from([0, 1, 3])) * page_size
        extents.append(Extent(start, pages, draw(st.booleans())))
        start += pages * page_size
    number = sum(extent.pages for extent in extents)
    words = draw(st.lists(WORDS, min_size=number, max_size=number))

    def column(values: st.SearchStrategy[int], code: Literal["I", "Q"]) -> memoryview:
        drawn = draw(st.lists(values, min_size=number, max_size=number))
        # What is not there has no frame that anything could be said about.
        there = (
            value if word >> 63 else 0 for word, value in zip(words, drawn, strict=True)
        )
        return _column(there, code)

    with_counts = draw(st.booleans()) if counts is None else counts
    with_flags = draw(st.booleans()) if flags is None else flags
    return PageTable(
        entries=_column(words, "Q"),
        counts=column(COUNTS, "I") if with_counts else None,
        flags=column(FLAGS, "Q") if with_flags else None,
        extents=tuple(extents),
        page_size=page_size,
    )


def _column(values: Iterable[int], code: Literal["I", "Q"]) -> memoryview:
    return memoryview(array.array(code, values).tobytes()).cast(code)


def by_state(pages: Iterable[PageInfo]) -> dict[PageState, int]:
    """
    How many pages are in each state.
    """
    return Counter(page.state for page in pages)


def by_sharers(pages: Iterable[PageInfo]) -> dict[int, int]:
    """
    How many resident pages have each number of sharers.
    """
    return Counter(page.sharers or 0 for page in pages if page.rss)


def by_flag(pages: Iterable[PageInfo]) -> dict[PageFlag, int]:
    """
    How many pages have each flag.
    """
    return Counter(
        PageFlag(1 << bit)
        for page in pages
        for bit in range(64)
        if (page.flags or 0) >> bit & 1
    )


def pss(pages: Iterable[PageInfo]) -> int:
    """
    The proportional share as the kernel adds it up.
    """
    shares = (
        (page.size << _SHIFT) // page.sharers
        for page in pages
        if page.rss and page.sharers
    )
    return sum(shares) >> _SHIFT


def pss_exact(pages: Iterable[PageInfo]) -> Fraction:
    """
    The proportional share without any rounding.
    """
    return sum((page.pss or Fraction() for page in pages), start=Fraction())


def runs(table: PageTable) -> Iterator[Run]:
    """
    Pages in a row of one extent and in one state.
    """
    first = 0
    for extent in table.extents:
        pages = [table[first + index] for index in range(extent.pages)]
        first += extent.pages
        for state, some in groupby(pages, lambda page: page.state):
            members = list(some)
            yield Run(members[0].address, members[-1].address + table.page_size, state)
