"""
Blocks of entries, beside going through them entry by entry.
"""

from __future__ import annotations

import array
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem.sources.base import Region
from procmem.walk import blocks
from procmem.walk.blocks import STRETCH, Block, read_blocks, stretches_of
from tests.pages.tables import EXCLUSIVE, PRESENT, SOFT_DIRTY

_FRAME = (1 << 55) - 1
_PAGE = 4096


def _raw(words: list[int]) -> bytes:
    return array.array("Q", words).tobytes()


def _stretches(words: list[int]) -> list[int] | None:
    """
    The first frame of each stretch, entry by entry.
    """
    frames = [word & _FRAME for word in words]
    firsts = frames[::STRETCH]
    expected = [first + place for first in firsts for place in range(STRETCH)]
    aligned = all(first % STRETCH == 0 for first in firsts)
    return firsts if aligned and expected == frames else None


@st.composite
def in_stretches(draw: st.DrawFn) -> list[int]:
    """
    Entries whose frames come in stretches, or would but for one of them.
    """
    firsts = draw(st.lists(st.integers(0, (1 << 47) - 1), max_size=3))
    words: list[int] = [
        PRESENT | first * STRETCH + place
        for first in firsts
        for place in range(STRETCH)
    ]
    high = st.sampled_from([EXCLUSIVE, SOFT_DIRTY, EXCLUSIVE | SOFT_DIRTY])
    for place in draw(st.lists(st.integers(0, 3 * STRETCH), max_size=5)):
        if place < len(words):
            words[place] |= draw(high)
    if draw(st.booleans()) and words:
        place = draw(st.integers(0, len(words) - 1))
        words[place] ^= 1 << draw(st.integers(0, 54))
    start = draw(st.sampled_from([0, 0, 0, 1, STRETCH // 2]))
    return words[start:]


class TestStretches:
    @given(in_stretches())
    def test_agrees(self, words: list[int]) -> None:
        """
        They are found where every frame follows the one before.
        """
        assert _stretches(words) == stretches_of(_raw(words))


@st.composite
def pieces(draw: st.DrawFn) -> list[Region]:
    """
    Ascending addresses.
    """
    found: list[Region] = []
    page = 0
    for _ in range(draw(st.integers(0, 5))):
        page += draw(st.integers(0, 3))
        end = page + draw(st.integers(1, 12))
        found.append(Region(page * _PAGE, end * _PAGE, draw(st.booleans())))
        page = end
    return found


class TestBlocks:
    @given(pieces(), st.integers(1, 20))
    def test_complete(self, some: list[Region], most: int) -> None:
        """
        Every page is in one block, those that huge entries may map apart, and
        no block has more pages than it may.
        """
        # The entry of each page is its number, and there are none at the end.
        entries = _raw(list(range(60)))
        source = procmem.InMemory(processes={1: {"pagemap": entries}})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(blocks, "PAGES", most)
            with source.pin(1) as process, process.pagemap() as pagemap:
                found = list(
                    read_blocks(pagemap, some, page_size=_PAGE, byteorder=sys.byteorder)
                )

        assert _numbers(some, huge=False) == _found(found, huge=False)
        assert _numbers(some, huge=True) == _found(found, huge=True)
        assert all(block.pages <= most for block in found)


def _numbers(some: list[Region], *, huge: bool) -> list[int]:
    return [
        address // _PAGE
        for region in some
        if region.huge == huge
        for address in range(region.start, region.end, _PAGE)
        if address < 60 * _PAGE
    ]


def _found(found: list[Block], *, huge: bool) -> list[int]:
    """
    The numbers of the pages in some blocks, by their addresses and by their
    entries.
    """
    some = [block for block in found if block.huge == huge]
    words = [word for block in some for word in memoryview(block.raw).cast("Q")]
    pages = [
        extent.start // _PAGE + place
        for block in some
        for extent in block.extents
        for place in range(extent.pages)
    ]
    assert pages == words
    return words
