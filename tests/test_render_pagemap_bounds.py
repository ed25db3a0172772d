"""
Page maps have few cells and lose no page, whatever they are of.
"""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem.pagetable.table import PageTable
from procmem.render.pagemap.cells import CELLS, page_cells, parts_of
from procmem.render.pagemap.kinds import Kind
from procmem.render.pagemap.picture import PARTS, Cell, Picture
from tests.pagemap_tables import (
    BASE,
    KINDS,
    PAGE,
    letters_of,
    mapping,
    repeated,
    table,
)

_GIB = 1 << 30


def _cells(picture: Picture) -> int:
    return sum(len(band.cells) for band in picture.bands)


class TestParts:
    @pytest.mark.parametrize(
        ("expected", "pages"),
        [
            ("AAAAAAAA", "A"),
            ("BBBBAAAA", "AB"),
            ("..aaBBAA", "AaB."),
            (".AAAAAAA", "A" * 999 + "."),
            (".......A", "A" + "." * 999),
            ("SBBBAAAA", "AAAABBBS"),
            ("...SSAAA", "AS."),
        ],
    )
    def test_known(self, expected: str, pages: str) -> None:
        """
        Kinds have their share, and none that occurs is lost while there is
        room.
        """
        kinds = bytes(KINDS[letter] for letter in pages)

        assert expected == letters_of(parts_of(kinds))

    @given(st.binary(min_size=1, max_size=300).map(lambda b: bytes(x % 6 for x in b)))
    def test_any(self, kinds: bytes) -> None:
        """
        There are always as many parts, each kind that occurs has one, and what
        is more than another has no fewer.
        """
        parts = parts_of(kinds)

        assert PARTS == len(parts)
        assert set(kinds) == set(parts)
        ranked = sorted(set(kinds), key=kinds.count)
        for less, more in pairwise(ranked):
            if kinds.count(less) < kinds.count(more):
                assert parts.count(less) <= parts.count(more)

    def test_too_many_kinds(self) -> None:
        """
        Of more kinds than parts, the most frequent are shown.
        """
        kinds = bytes(KINDS[letter] for letter in "AAaaBBbbCCccDDddS")

        assert "dcbaDCBA" == letters_of(parts_of(kinds))

    def test_cell_kind(self) -> None:
        """
        A cell is of the kind that most of what is there is of.
        """

        def kind(letters: str) -> Kind:
            return Cell(0, bytes(KINDS[letter] for letter in letters)).kind

        assert KINDS["B"] is kind(".....BBA")
        assert KINDS["A"] is kind(".BBBAAAA")
        assert Kind.ABSENT is kind("........")
        assert KINDS["S"] is kind(".......S")


@st.composite
def _spaces(draw: st.DrawFn) -> tuple[PageTable, list[procmem.Mapping]]:
    """
    Address spaces with gaps of all sizes, in the table and between mappings.
    """
    gaps = st.sampled_from([0, 0, 1, 5, 63, 64, 65, 200, 10_000, 1 << 30])
    places: dict[int, str] = {}
    at = 0
    for _ in range(draw(st.integers(0, 12))):
        at += draw(gaps)
        letters = draw(st.text(".AaBbS0G", min_size=1, max_size=9))
        letters *= draw(st.sampled_from([1, 1, 10, 70]))
        places[BASE + at * PAGE] = letters
        at += len(letters)
    mappings: list[procmem.Mapping] = []
    at = 0
    for _ in range(draw(st.integers(0, 30))):
        at += draw(gaps)
        pages = draw(st.sampled_from([1, 2, 7, 64, 100, 3000, 1 << 28]))
        inode = draw(st.sampled_from([0, 0, 1, 2]))
        name = f"/{inode}" if inode else None
        mappings.append(mapping(at, pages, name, inode=inode))
        at += pages
    return table(places), mappings


class TestAnySpace:
    @given(_spaces(), st.sampled_from([256, 300, 1000]))
    def test_bounded(
        self, space: tuple[PageTable, list[procmem.Mapping]], cells: int
    ) -> None:
        """
        There are never more cells than were asked for, all pages count, and
        cells are in order.
        """
        pages, mappings = space
        picture = page_cells(pages, mappings, cells=cells)

        assert _cells(picture) <= cells
        assert sum(m.size for m in mappings) // PAGE == sum(picture.counts.values())
        for kind in Kind:
            total = sum(band.counts.get(kind, 0) for band in picture.bands)
            assert picture.counts.get(kind, 0) == total
        for band in picture.bands:
            addresses = [cell.address for cell in band.cells]
            assert sorted(set(addresses)) == addresses
            assert sum(cell.folded for cell in band.cells) <= band.folded

    @given(_spaces())
    def test_agrees_with_pages(
        self, space: tuple[PageTable, list[procmem.Mapping]]
    ) -> None:
        """
        Bands count what looking at the pages of their mappings one by one
        counts.
        """
        pages, mappings = space
        picture = page_cells(pages, mappings)
        present = sum(page.present for m in mappings for page in pages.of(m))

        zero = picture.counts.get(Kind.ZERO, 0)
        assert present == picture.resident() // PAGE + zero


class TestLarge:
    def test_8_gib(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Eight gigabytes have as few cells as one, and no page becomes an
        object.
        """
        monkeypatch.setattr("procmem.pagetable.table.PageInfo", None)
        pages = repeated("AaB.cSd0" * 8, 8 * _GIB // PAGE // 64)
        picture = page_cells(pages, [mapping(0, len(pages))])

        assert CELLS // 3 < _cells(picture) <= CELLS
        assert 512 == picture.block
        assert 8 * _GIB * 5 // 8 == picture.resident()

    @pytest.mark.bench
    def test_1_gib_is_fast(self) -> None:
        """
        A gigabyte of small pages takes much less than a second.
        """
        pages = repeated("AAAAaaBc" * 8, _GIB // PAGE // 64)
        started = time.perf_counter()
        page_cells(pages, [mapping(0, len(pages))])

        assert time.perf_counter() - started < 0.7
