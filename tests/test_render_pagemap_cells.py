"""
Page maps have a cell for each page or block of pages, in bands.
"""

from __future__ import annotations

import pickle

import pytest

import procmem
from procmem.pagetable.table import Extent, PageTable
from procmem.render.pagemap.cells import page_cells
from procmem.render.pagemap.kinds import Kind
from procmem.render.pagemap.picture import Band, Picture
from tests.pagemap_tables import (
    BASE,
    PAGE,
    column,
    letters_of,
    mapping,
    table,
)

_GIB = 1 << 30
_TIB = 1 << 40


def _shown(band: Band) -> str:
    return "".join(letters_of(bytes([cell.kind])) for cell in band.cells)


def _cells(picture: Picture) -> int:
    return sum(len(band.cells) for band in picture.bands)


class TestPageCells:
    def test_one_each(self) -> None:
        """
        A cell is a page where there is room for all.
        """
        picture = page_cells(table("AaS.B"), [mapping(0, 5, "[heap]")])
        (band,) = picture.bands

        assert "AaS.B" == _shown(band)
        assert 1 == picture.block
        assert [BASE + i * PAGE for i in range(5)] == [c.address for c in band.cells]
        assert ("[heap]", 5 * PAGE, BASE) == (band.name, band.size, band.start)

    def test_counts(self) -> None:
        """
        The totals are those of the table.
        """
        pages = table("AAaBbccDDDDdS0.GH?")
        picture = page_cells(pages, [mapping(0, 18)])

        assert pages.rss == picture.resident()
        assert pages.shared == picture.shared
        assert picture.counts == picture.bands[0].counts
        assert 18 == sum(picture.counts.values())

    def test_blocks(self) -> None:
        """
        Where there is not room for all, a cell stands for several pages.
        """
        picture = page_cells(table("AABB" * 500), [mapping(0, 2000)], cells=500)

        assert 8 == picture.block
        assert 250 == _cells(picture)
        assert {"BBBBAAAA"} == {letters_of(c.parts) for c in picture.bands[0].cells}

    def test_least(self) -> None:
        """
        There may always be some hundred cells.
        """
        assert 200 == _cells(page_cells(table("A" * 200), [mapping(0, 200)], cells=1))

    def test_nothing(self) -> None:
        """
        Without mappings there is nothing to draw.
        """
        picture = page_cells(table(""), [])

        assert ((), {}) == (picture.bands, picture.counts)

    def test_not_in_table(self) -> None:
        """
        What the table leaves out is not present.
        """
        pages = table({BASE + 2 * PAGE: "A", BASE + 4 * PAGE: "BS"})
        (band,) = page_cells(pages, [mapping(0, 7)]).bands

        assert "..A.BS." == _shown(band)

    def test_not_mapped(self) -> None:
        """
        Pages outside of the mappings are not drawn.
        """
        bands = page_cells(table("AAAA"), [mapping(1, 1), mapping(3, 1)]).bands

        assert [1, 1] == [len(band.cells) for band in bands]
        assert [BASE + PAGE, BASE + 3 * PAGE] == [band.start for band in bands]

    def test_odd_end(self) -> None:
        """
        A mapping that ends amid a page, as no kernel has it, is no trouble.
        """
        odd = procmem.Mapping(
            start=BASE, end=BASE + 100, permissions=procmem.Permissions("rw-p")
        )

        assert 1 == _cells(page_cells(table("A"), [odd]))
        assert 1 == _cells(page_cells(table(""), [odd]))

    def test_subject(self) -> None:
        """
        The name of the process is made harmless.
        """
        assert r"\x1b[31m" == page_cells(table(""), [], subject="\x1b[31m").subject

    def test_picklable(self) -> None:
        """
        A picture can be copied to another process, and compared.
        """
        picture = page_cells(table("A.B"), [mapping(0, 3)])

        assert picture == pickle.loads(pickle.dumps(picture))


class TestFolding:
    def test_folded(self) -> None:
        """
        A long stretch of nothing is one cell, and what follows has its place.
        """
        (band,) = page_cells(table("AA" + "." * 100 + "B"), [mapping(0, 103)]).bands

        assert "AA~B" == _shown(band)
        assert 100 * PAGE == band.cells[2].folded == band.folded
        assert BASE + 102 * PAGE == band.cells[3].address
        assert 1 == band.stretches

    def test_short(self) -> None:
        """
        A short one is drawn.
        """
        (band,) = page_cells(table("A" + "." * 63 + "A"), [mapping(0, 65)]).bands

        assert "A" + "." * 63 + "A" == _shown(band)
        assert 0 == band.folded

    @pytest.mark.parametrize("here", [0, 1])
    def test_at_the_edge(self, here: int) -> None:
        """
        What is absent in the table and what is left out of it is one stretch,
        also across mappings of one file.
        """
        pages = table({BASE: "A" + "." * 40, BASE + 90 * PAGE: "." * 40 + "A"})
        split = [
            mapping(0, 60 + here, "/f", inode=7),
            mapping(60 + here, 71 - here, "/f", inode=7),
        ]
        (band,) = page_cells(pages, split).bands

        assert "A~A" == _shown(band)
        assert 129 * PAGE == band.folded

    def test_reservation(self) -> None:
        """
        A terabyte with a hundred pages in it takes two hundred cells.
        """
        step = 1 << 18
        pages = table({BASE + i * step * PAGE: "A" for i in range(100)})
        (band,) = page_cells(pages, [mapping(0, _TIB // PAGE)]).bands

        assert "A~" * 100 == _shown(band)
        assert _TIB - 100 * PAGE == band.folded

    def test_very_many(self) -> None:
        """
        Where there are too many stretches, they are left out altogether, and
        the pages between them are all still there.
        """
        step = 1 << 12
        lone = PageTable(
            entries=column([1 << 63] * 20_000, "Q"),
            counts=column([1] * 20_000, "I"),
            extents=tuple(Extent(BASE + i * step * PAGE, 1) for i in range(20_000)),
            page_size=PAGE,
        )
        picture = page_cells(lone, [mapping(0, 20_000 * step)])
        (band,) = picture.bands

        assert {"A"} == set(_shown(band))
        assert 8 == picture.block
        assert (20_000, 20_000) == (band.stretches, band.counts[Kind.ANON_PRIVATE])

    def test_longest_stay(self) -> None:
        """
        Of too many, the longest keep their cells.
        """
        places = {BASE + i * 100 * PAGE: "A" for i in range(500)}
        places[BASE + 10_000_000 * PAGE] = "B"
        pages = table(places)
        (band,) = page_cells(pages, [mapping(0, 10_000_001)], cells=600).bands

        assert "A" * 500 + "~B" == _shown(band)
        assert 500 == band.stretches


class TestBands:
    def test_one_file(self) -> None:
        """
        Mappings of one file in a row are one band, with the variables behind.
        """
        parts = [
            mapping(0, 1, "/lib/c.so", "r--p", inode=7),
            mapping(1, 2, "/lib/c.so", "r-xp", inode=7),
            mapping(3, 1, "/lib/c.so", "rw-p", inode=7),
            mapping(4, 2),
            mapping(6, 1, "/lib/d.so", "r--p", inode=8),
        ]
        bands = page_cells(table("aaaAAAa"), parts).bands

        assert ["/lib/c.so", "/lib/d.so"] == [band.name for band in bands]
        assert [4, 1] == [band.mappings for band in bands]
        assert ["aaaAAA", "a"] == list(map(_shown, bands))

    def test_not_variables(self) -> None:
        """
        Anonymous memory that is larger than the file, or apart from it, or
        behind what cannot be written to, is a band of its own.
        """
        for rest in (mapping(1, 2), mapping(2, 1)):
            pair = [mapping(0, 1, "/lib/c.so", inode=7), rest]
            assert 2 == len(page_cells(table("aAA"), pair).bands)
        pair = [mapping(0, 2, "/lib/c.so", "r--p", inode=7), mapping(2, 1)]
        assert 2 == len(page_cells(table("aAA"), pair).bands)

    def test_no_access(self) -> None:
        """
        What is kept free of access belongs to the anonymous memory beside it.
        """
        parts = [mapping(0, 1, permissions="---p"), mapping(1, 1), mapping(2, 1)]
        bands = page_cells(table(".AA"), parts).bands

        assert [2, 1] == [band.mappings for band in bands]

    def test_same_name(self) -> None:
        """
        Two files of one name are two.
        """
        pair = [mapping(0, 1, "/x", inode=7), mapping(1, 1, "/x", inode=8)]

        assert 2 == len(page_cells(table("aa"), pair).bands)

    def test_gates(self) -> None:
        """
        What is no mapping of the process has no band.
        """
        pair = [mapping(0, 1), mapping(9, 1, "[vsyscall]", "--xp")]

        assert 1 == len(page_cells(table("A"), pair).bands)

    def test_many(self) -> None:
        """
        Of too many mappings, those that use little are shown together, what
        is anonymous apart from what is not.
        """
        parts = [mapping(2 * i, 1) for i in range(500)]
        parts += [mapping(1000, 500, "[heap]")]
        parts += [mapping(1500 + i, 1, f"/{i}", inode=i + 1) for i in range(500)]
        picture = page_cells(table("A" * 2000), parts, cells=4096)
        one, heap, other = picture.bands

        assert (500, None, False) == (one.mappings, one.name, one.mixed)
        assert (1, "[heap]", False) == (heap.mappings, heap.name, heap.mixed)
        assert (500, None, True) == (other.mappings, other.name, other.mixed)

    def test_very_many(self) -> None:
        """
        If there is no other way, all are shown together.
        """
        parts = [
            mapping(2 * i, 1, f"/{i}" if i % 2 else None, inode=i % 2 * i)
            for i in range(1000)
        ]
        (band,) = page_cells(table("A" * 2000), parts, cells=1000).bands

        assert (1000, True) == (band.mappings, band.mixed)
