"""
``PageInfo``: every bit by its name, and the pages that kernels make.
"""

from __future__ import annotations

import pickle
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from procmem.flags import PageFlag, PageState
from procmem.model.page import PageInfo
from tests.pages.tables import (
    COUNTS,
    EXCLUSIVE,
    FILE,
    GUARD,
    PRESENT,
    SOFT_DIRTY,
    SWAP,
    UFFD,
    WORDS,
)

SIZE = 4096
_FRAME = 0x12345
_EMPTY = PageFlag(0)


def page(
    raw: int,
    sharers: int | None = None,
    flags: PageFlag | None = None,
    *,
    hugetlb: bool = False,
) -> PageInfo:
    """
    A page of 4 KiB.
    """
    return PageInfo(
        address=SIZE, raw=raw, size=SIZE, sharers=sharers, flags=flags, hugetlb=hugetlb
    )


@attrs.frozen(kw_only=True)
class Case:
    """
    A page as Linux 6.18 shows it, and what it is.
    """

    raw: int
    sharers: int = 0
    flags: PageFlag = _EMPTY
    hugetlb: bool = False
    state: PageState
    rss: int = 0
    swap: int = 0


_ANON = PageFlag.MMAP | PageFlag.ANON | PageFlag.SWAPBACKED | PageFlag.UPTODATE
_ZERO = PageFlag.ZERO_PAGE | PageFlag.RESERVED
_SHMEM = PageFlag.MMAP | PageFlag.SWAPBACKED
_THP = _ANON | PageFlag.THP
_PRIVATE, _SHARED = PageState.PRIVATE, PageState.SHARED

CASES = {
    "untouched": Case(raw=0, state=PageState.ABSENT),
    "untouched, soft-dirty": Case(raw=SOFT_DIRTY, state=PageState.ABSENT),
    "zero page": Case(raw=PRESENT | _FRAME, flags=_ZERO, state=PageState.UNCOUNTED),
    "huge zero page": Case(
        raw=PRESENT | FILE | _FRAME,
        flags=_ZERO | PageFlag.THP | PageFlag.COMPOUND_TAIL,
        state=PageState.UNCOUNTED,
    ),
    "anonymous": Case(
        raw=PRESENT | EXCLUSIVE | _FRAME,
        sharers=1,
        flags=_ANON,
        state=_PRIVATE,
        rss=SIZE,
    ),
    "head of a huge page": Case(
        raw=PRESENT | EXCLUSIVE | _FRAME,
        sharers=1,
        flags=_THP | PageFlag.COMPOUND_HEAD,
        state=_PRIVATE,
        rss=SIZE,
    ),
    "huge page of which only the head was copied": Case(
        raw=PRESENT | EXCLUSIVE | _FRAME,
        sharers=2,
        flags=_THP | PageFlag.COMPOUND_TAIL,
        state=_SHARED,
        rss=SIZE,
    ),
    "shared memory": Case(
        raw=PRESENT | FILE | EXCLUSIVE | _FRAME,
        sharers=1,
        flags=_SHMEM,
        state=_PRIVATE,
        rss=SIZE,
    ),
    "file that is mapped twice": Case(
        raw=PRESENT | FILE | _FRAME,
        sharers=2,
        flags=PageFlag.MMAP,
        state=_SHARED,
        rss=SIZE,
    ),
    "hugetlb, private": Case(
        raw=PRESENT | EXCLUSIVE | _FRAME,
        sharers=1,
        flags=PageFlag.ANON | PageFlag.HUGE,
        state=PageState.HUGETLB,
    ),
    "hugetlb by its mapping": Case(
        raw=PRESENT | FILE | _FRAME, sharers=2, hugetlb=True, state=PageState.HUGETLB
    ),
    "guard": Case(raw=0x4400_0000_0000_009F, state=PageState.GUARD),
    "guard, without frames": Case(raw=SWAP | GUARD, state=PageState.GUARD),
    "guard, before Linux 6.15": Case(raw=SWAP | 4 << 5 | 31, state=PageState.MARKER),
    "marker of userfaultfd": Case(
        raw=SWAP | UFFD | 1 << 5 | 31, state=PageState.MARKER
    ),
    "poison": Case(raw=SWAP | 2 << 5 | 31, state=PageState.MARKER),
    "migration": Case(raw=SWAP | _FRAME << 5 | 28, state=PageState.MARKER),
    "swapped": Case(raw=SWAP | 77 << 5 | 0, state=PageState.SWAPPED, swap=SIZE),
    "swapped, last area": Case(
        raw=SWAP | 77 << 5 | 21, state=PageState.SWAPPED, swap=SIZE
    ),
    "first type that is none": Case(raw=SWAP | 77 << 5 | 22, state=PageState.MARKER),
    "vdso": Case(
        raw=PRESENT | FILE | _FRAME,
        sharers=15,
        flags=PageFlag.MMAP | PageFlag.RESERVED,
        state=_SHARED,
        rss=SIZE,
    ),
}


class TestKernel:
    @pytest.mark.parametrize("name", CASES)
    def test_case(self, name: str) -> None:
        """
        A page of each kind that the kernel makes is what it is.
        """
        case = CASES[name]
        found = page(case.raw, case.sharers, case.flags, hugetlb=case.hugetlb)

        assert case.state is found.state
        assert case.rss == found.rss
        assert case.swap == found.swap
        private = case.rss if case.state is _PRIVATE else 0
        assert private == found.uss
        assert case.rss - private == found.shared
        assert Fraction(case.rss, case.sharers or 1) == found.pss


_BITS = {
    "present": PRESENT,
    "file_or_shared_anon": FILE,
    "guard": GUARD,
    "uffd_wp": UFFD,
    "exclusive": EXCLUSIVE,
    "soft_dirty": SOFT_DIRTY,
}

# Which other bit gives a bit its meaning.
_NEEDS = {"file_or_shared_anon": PRESENT, "exclusive": PRESENT, "guard": SWAP}


class TestBits:
    @pytest.mark.parametrize("name", _BITS)
    def test_alone(self, name: str) -> None:
        """
        Each bit has a name, and sets no other.
        """
        found = page(_BITS[name] | _NEEDS.get(name, 0))
        others = set(_BITS) - {name, "present"}

        assert getattr(found, name) is True
        assert not any(getattr(found, other) for other in others)

    @pytest.mark.parametrize("name", sorted(_NEEDS))
    def test_without_meaning(self, name: str) -> None:
        """
        Where a bit has no meaning it says nothing.
        """
        assert getattr(page(_BITS[name]), name) is False

    def test_frame(self) -> None:
        """
        The frame is the low 55 bits of a present page, None where hidden.
        """
        highest = (1 << 55) - 1

        assert highest == page(PRESENT | EXCLUSIVE | highest).pfn
        assert page(PRESENT | FILE).pfn is None
        assert page(SWAP | highest).pfn is None
        assert page(highest).pfn is None

    def test_swap(self) -> None:
        """
        Type and offset of a swapped page stand in the low 55 bits.
        """
        highest = (1 << 50) - 1
        found = page(SWAP | SOFT_DIRTY | highest << 5 | 3)

        assert (True, 3, highest) == (found.swapped, found.swap_type, found.swap_offset)
        for other in (0, PRESENT | 1, SWAP | GUARD, SWAP | 31):
            assert page(other).swap_type is None
            assert page(other).swap_offset is None

    def test_hidden_swap(self) -> None:
        """
        Without the right to see it a slot is 0, and the page swapped still.
        """
        found = page(SWAP)

        assert (True, 0, 0) == (found.swapped, found.swap_type, found.swap_offset)


class TestUnknown:
    def test_sharers(self) -> None:
        """
        A present page whose sharers were not read adds no number to anything.
        """
        found = page(PRESENT | EXCLUSIVE | _FRAME)

        assert PageState.UNKNOWN is found.state
        assert [None] * 4 == [found.rss, found.uss, found.shared, found.pss]
        assert 0 == found.swap

    def test_absent(self) -> None:
        """
        What is not there is known to add nothing.
        """
        found = page(SWAP | 77 << 5)

        assert [0] * 4 == [found.rss, found.uss, found.shared, found.pss]

    def test_unknown_flags(self) -> None:
        """
        Flags that have no name yet are kept.
        """
        flags = PageFlag(1 << 63 | PageFlag.LRU)

        assert 1 << 63 | 1 << 5 == page(PRESENT, 1, flags).flags


class TestValue:
    @given(WORDS, st.none() | COUNTS, st.booleans())
    def test_one_state(self, raw: int, sharers: int | None, hugetlb: bool) -> None:
        """
        Every word is in one state, and what it adds follows from it.
        """
        found = page(raw, sharers, hugetlb=hugetlb)
        there = {
            *(PageState.UNCOUNTED, PageState.PRIVATE, PageState.SHARED),
            *(PageState.UNKNOWN, PageState.HUGETLB),
        }

        assert found.present == (found.state in there)
        assert found.swapped == (found.state is PageState.SWAPPED)
        assert found.guard == (found.state is PageState.GUARD)
        if found.rss is not None:
            assert found.rss == (found.uss or 0) + (found.shared or 0)
            assert found.pss is not None
            assert (found.uss or 0) <= found.pss <= found.rss

    @given(WORDS, st.none() | COUNTS)
    def test_pickle(self, raw: int, sharers: int | None) -> None:
        """
        A page is a value: equal to its copy, usable as a key.
        """
        found = page(raw, sharers)

        assert found == pickle.loads(pickle.dumps(found))
        assert {found: 1} == {page(raw, sharers): 1}

    def test_repr(self) -> None:
        """
        Words and addresses read as hexadecimal numbers.
        """
        assert "address=0x1000, raw=0x8000000000000001" in repr(page(PRESENT | 1))
