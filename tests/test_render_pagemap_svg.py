"""
Page maps as SVG: well-formed, harmless, and every cell in its place.
"""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procmem.render.pagemap.cells import page_cells
from procmem.render.pagemap.kinds import LOOKS, Kind
from procmem.render.pagemap.layout import PITCH
from procmem.render.pagemap.legend import sentence
from procmem.render.pagemap.picture import PARTS, Picture
from procmem.render.pagemap.svg import to_svg
from tests.pagemap_tables import BASE, KINDS, PAGE, mapping, repeated, table

_NS = "{http://www.w3.org/2000/svg}"
_RECTANGLE = re.compile(r"M(\d+) (\d+)h(\d+)v(\d+)h-\3z")


def _drawn(pages: str, name: str | None = None) -> ET.Element:
    picture = page_cells(table(pages), [mapping(0, len(pages), name)])
    return ET.fromstring(to_svg(picture))


def _grids(root: ET.Element) -> list[ET.Element]:
    """
    The groups of cells, swatches of the legend aside.
    """
    groups = root.findall(f"{_NS}g")
    return [group for group in groups if group.find(f"{_NS}title") is not None]


def _areas(grid: ET.Element) -> Counter[Kind]:
    """
    How large an area is of each kind, in square pixels.
    """
    found = Counter[Kind]()
    for path in grid.findall(f"{_NS}path"):
        which = path.get("class", "")
        if which.startswith("k"):
            for _, _, width, height in _RECTANGLE.findall(path.get("d", "")):
                found[Kind(int(which[1:]))] += int(width) * int(height)
    return found


def _texts(root: ET.Element) -> list[str]:
    return [text.text or "" for text in root.findall(f"{_NS}text")]


class TestToSvg:
    def test_texts(self) -> None:
        """
        The sentence, the legend and the labels are text.
        """
        texts = _texts(_drawn("AAb", "/lib/x.so"))

        for expected in (
            sentence(page_cells(table("AAb"), [mapping(0, 3)])),
            "anonymous, private  8.0 KiB",
            "file/shmem, 2 sharers  4.0 KiB",
            "a cell is a page of 4.0 KiB",
            "/lib/x.so",
            f"{BASE:x}",
            "12.0 KiB",
        ):
            assert expected in texts

    @given(st.text(sorted(KINDS.keys() - set("~Pp")), min_size=1, max_size=300))
    def test_areas(self, pages: str) -> None:
        """
        Every page has the same area, in the colour of its kind.
        """
        picture = page_cells(table(pages), [mapping(0, len(pages))])
        found = sum(map(_areas, _grids(ET.fromstring(to_svg(picture)))), Counter())
        shown = Counter(
            Kind(part)
            for cell in picture.bands[0].cells
            for part in cell.parts
            if part != Kind.FOLD
        )

        assert {kind: n * PITCH for kind, n in shown.items()} == found

    def test_bands(self) -> None:
        """
        Each band has its own cells.
        """
        pair = [mapping(0, 3), mapping(3, 5, "/x", inode=7)]
        root = ET.fromstring(to_svg(page_cells(table("AAAaaaaa"), pair)))

        areas = [area.total() for area in map(_areas, _grids(root))]
        assert [3 * PARTS * PITCH, 5 * PARTS * PITCH] == areas

    def test_divided(self) -> None:
        """
        A cell of several kinds is divided from top to bottom.
        """
        pages = repeated("AB", 4000)
        picture = page_cells(pages, [mapping(0, len(pages))], cells=300)
        (grid,) = _grids(ET.fromstring(to_svg(picture)))
        areas = _areas(grid)

        assert {Kind.ANON_PRIVATE, Kind.ANON_BY_2} == set(areas)
        assert areas[Kind.ANON_PRIVATE] == areas[Kind.ANON_BY_2]

    @pytest.mark.parametrize("letter", "S0G?")
    def test_marks(self, letter: str) -> None:
        """
        What is rare bears a mark, in every cell that is all of it.
        """
        (grid,) = _grids(_drawn(letter * 3))
        (marks,) = (p for p in grid.findall(f"{_NS}path") if p.get("class") == "m")

        starts = [f"M{place * PITCH} 0m" for place in range(3)]
        assert all(start in (marks.get("d") or "") for start in starts)

    def test_folds(self) -> None:
        """
        What is left out is said, or dotted and summed up where it is often.
        """
        once = _texts(_drawn("A" + "." * 100 + "A"))
        often = _drawn(("A" + "." * 100) * 9)

        assert "\N{HORIZONTAL ELLIPSIS} 400.0 KiB not present" in once
        assert "\N{HORIZONTAL ELLIPSIS} 3.5 MiB in 9 gaps" in _texts(often)
        (grid,) = _grids(often)
        (dots,) = (
            path
            for path in grid.findall(f"{_NS}path")
            if path.get("class") == f"k{Kind.FOLD}"
        )
        assert 9 * 3 == (dots.get("d") or "").count("M")

    def test_hint(self) -> None:
        """
        Pointing at a band tells all about it, with its whole name.
        """
        name = "/" + "long" * 30 + "/x"
        (grid,) = _grids(_drawn("AAb.", name))
        hint = (grid.findtext(f"{_NS}title") or "").split("\n")

        assert f"{BASE:x}-{BASE + 4 * PAGE:x} {name}" == hint[0]
        assert "16.0 KiB, rss 12.0 KiB" == hint[1]
        assert "anonymous, private: 8.0 KiB" in hint
        assert name not in _texts(_drawn("A", name))

    def test_hint_of_folded(self) -> None:
        """
        It also tells what is not shown.
        """
        grid = _grids(_drawn("A" + "." * 100))[0]

        assert "not shown: 400.0 KiB not present" in (grid[0].text or "")

    def test_colours(self) -> None:
        """
        Every kind has its colour, and the ground is the reader's choice.
        """
        style = _drawn("A").findtext(f"{_NS}style") or ""

        for kind, look in LOOKS.items():
            if kind not in {Kind.ABSENT, Kind.FOLD}:
                assert f".k{kind}{{fill:#{bytes(look.colour).hex()}}}" in style
        assert "@media (prefers-color-scheme:dark)" in style

    def test_nothing(self) -> None:
        """
        Without mappings it is a sentence on paper.
        """
        root = ET.fromstring(to_svg(page_cells(table(""), [])))

        assert ["The process has no page in memory or in swap."] == _texts(root)

    def test_notes(self) -> None:
        """
        What is not known is said, in lines that fit.
        """
        picture = page_cells(table("A", counts=False), [mapping(0, 1)])
        root = ET.fromstring(to_svg(picture))

        assert any("CAP_SYS_ADMIN" in text for text in _texts(root))
        assert max(map(len, _texts(root))) * 7 < int(root.get("width", 0))

    def test_size(self) -> None:
        """
        Eight gigabytes of ever changing pages take little more than half a megabyte.
        """
        pages = repeated("AaBcS.dD0" * 7, (8 << 30) // PAGE // 63)

        assert len(to_svg(page_cells(pages, [mapping(0, len(pages))]))) < 600_000


_EVIL = "</text><script>alert(1)</script>&'\"\x00\x1b\ud800\ufffe\uffff\udcff"


class TestHarmless:
    @given(st.text(st.characters()) | st.just(_EVIL))
    def test_any_name(self, name: str) -> None:
        """
        Whatever a file or a process is called, it is well-formed text.
        """
        picture: Picture = page_cells(
            table("A"), [mapping(0, 1, name)], subject=f"{name} (pid 1)"
        )
        root = ET.fromstring(to_svg(picture).encode())

        names = {element.tag.removeprefix(_NS) for element in root.iter()}
        assert names <= {
            *("svg", "title", "style", "defs", "pattern", "path", "rect", "text", "g")
        }

    def test_escaped(self) -> None:
        """
        Markup in names shows as it is written.
        """
        assert "/<b>&\"'" in _texts(_drawn("A", "/<b>&\"'"))

    def test_loads_nothing(self) -> None:
        """
        Nothing is loaded from anywhere, and nothing runs.
        """
        text = to_svg(page_cells(table("A"), [mapping(0, 1, "/x")]))

        assert 1 == text.count("http")
        assert not re.search(r"href|url\((?!#)|@import|<script|\son\w+=", text)
