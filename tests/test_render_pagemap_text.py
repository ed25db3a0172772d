"""
Page maps in terminals of any width and ability.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem.render.names import cells as columns_of
from procmem.render.pagemap.ansi import Colour, Style, painted
from procmem.render.pagemap.cells import page_cells
from procmem.render.pagemap.picture import Picture
from procmem.render.pagemap.text import to_text
from tests.pagemap_tables import BASE, PAGE, mapping, table

_SGR = re.compile(r"\x1b\[[0-9;]*m")
_STYLES: list[tuple[Colour, bool]] = [
    ("none", True),
    ("none", False),
    ("256", True),
    ("256", False),
    ("true", True),
    ("true", False),
]
_TRUE_A = "38;2;31;84;170"
_TRUE_B = "38;2;75;134;217"


def _picture(pages: str, name: str | None = None, *, counts: bool = True) -> Picture:
    return page_cells(
        table(pages, counts=counts), [mapping(0, len(pages), name)], subject="x (pid 1)"
    )


def _band_lines(text: str) -> list[str]:
    """
    The lines below the heading.
    """
    lines = text.splitlines()
    heading = next(i for i, line in enumerate(lines) if "start mapping" in line)
    return lines[heading + 1 :]


class TestLetters:
    def test_whole(self) -> None:
        """
        Without colours, cells are letters, and all is ASCII.
        """
        pages = page_cells(
            table("AAb" + "." * 100 + "S"),
            [mapping(0, 2, "[heap]"), mapping(2, 102, "/lib/x.so", inode=7)],
            subject="x (pid 1)",
        )
        expected = """\
x (pid 1) has 12.0 KiB in memory: 8.0 KiB private, 4.0 KiB shared; 4.0 KiB are
swapped out.

A  anonymous, private 8.0 KiB      b  file/shmem, 2 sharers 4.0 KiB
S  swapped out 4.0 KiB             .  not present 400.0 KiB

       start mapping               size     rss a cell is a page of 4.0 KiB
7f0000000000 [heap]             8.0 KiB 8.0 KiB AA
7f0000002000 /lib/x.so        408.0 KiB 4.0 KiB b
7f0000003000                                    ... 400.0 KiB not present
7f0000067000                                    S
"""

        assert expected == to_text(pages, width=80)

    def test_rows(self) -> None:
        """
        What is longer than a line goes on in the next, with its address.
        """
        lines = _band_lines(to_text(_picture("A" * 70), width=80))
        shown = [line.split()[-1] for line in lines]

        assert "A" * 70 == "".join(shown)
        assert f"{BASE + len(shown[0]) * PAGE:x}" == lines[1].split()[0]
        assert 80 == max(map(len, lines))

    def test_many_folds(self) -> None:
        """
        Many stretches that are left out are summed up.
        """
        (cells, folds) = _band_lines(to_text(_picture(("A" + "." * 64) * 6)))

        assert cells.endswith(" A~A~A~A~A~A~")
        assert folds.endswith(" ... 1.5 MiB in 6 gaps")

    def test_left_out(self) -> None:
        """
        If none has a cell, it is said all the same.
        """
        places = {BASE + i * 100_000 * PAGE: "A" for i in range(300)}
        picture = page_cells(table(places), [mapping(0, 30_000_000)], cells=256)
        last = _band_lines(to_text(picture))[-1]

        assert last.endswith("... 114.4 GiB in 300 gaps")

    def test_few_left_out(self) -> None:
        """
        So it is if a band has few of them, and others have them too.
        """
        parts = [mapping(i * 300_001, 300_000, str(i)) for i in range(8)]
        places = {
            BASE + (i * 300_001 + j * 100_000) * PAGE: "A"
            for i in range(8)
            for j in range(3)
        }
        lines = _band_lines(to_text(page_cells(table(places), parts, cells=256)))

        assert 16 == len(lines)
        assert all(line.endswith("... 1.1 GiB in 3 gaps") for line in lines[1::2])

    def test_all_left_out(self) -> None:
        """
        A band may have no cell at all.
        """
        parts = [mapping(i * 101, 100) for i in range(300)]
        (line,) = _band_lines(to_text(page_cells(table(""), parts, cells=256)))

        assert line.startswith(f"{BASE:x} (300 anonymous)")
        assert line.endswith("... 117.2 MiB in 300 gaps")

    def test_nothing(self) -> None:
        """
        Without mappings there is the sentence.
        """
        text = to_text(page_cells(table(""), [], subject="x"))

        assert "x has no page in memory or in swap.\n" == text

    def test_narrow_heading(self) -> None:
        """
        Where a cell's meaning does not fit into the heading, it is a line.
        """
        picture = page_cells(table("A" * 5000), [mapping(0, 5000)], cells=300)

        assert "\nA cell is 32 pages, 128.0 KiB.\n\n" in to_text(picture, width=60)


class TestColours:
    def test_half_blocks(self) -> None:
        """
        A line holds two rows: equal cells are a block, others two halves, and
        where nothing is, the ground shows.
        """
        (line,) = _band_lines(to_text(_picture("A" * 100), width=80, colour="true"))[:1]

        assert f"\x1b[0;{_TRUE_A}m\N{FULL BLOCK}" in line
        assert line.endswith("\x1b[0m")

    @pytest.mark.parametrize(
        ("expected", "above", "below"),
        [
            (f"\x1b[0;{_TRUE_A}m\N{FULL BLOCK}\x1b[0m", "A", "A"),
            (
                f"\x1b[0;{_TRUE_A};4{_TRUE_B[1:]}m\N{UPPER HALF BLOCK}\x1b[0m",
                "A",
                "B",
            ),
            (f"\x1b[0;{_TRUE_A}m\N{UPPER HALF BLOCK}\x1b[0m", "A", "."),
            (f"\x1b[0;{_TRUE_A}m\N{LOWER HALF BLOCK}\x1b[0m", ".", "A"),
            ("\N{MIDDLE DOT}", ".", "."),
        ],
    )
    def test_pair(self, expected: str, above: str, below: str) -> None:
        """
        Each pair of cells is one character.
        """
        upper, lower = (_picture(pages).bands[0].cells for pages in (above, below))

        assert expected == painted(upper, lower, Style("true", blocks=True))

    def test_256(self) -> None:
        """
        With 256 colours the closest is taken.
        """
        text = to_text(_picture("A0"), colour="256")

        assert "\x1b[0;38;5;25m" in text
        assert "\x1b[0;38;5;245m" in text

    def test_without_unicode(self) -> None:
        """
        Where half blocks cannot be shown, cells are coloured spaces.
        """
        picture = _picture("AA." + "." * 70 + "B")
        text = to_text(picture, colour="256", unicode=False)

        assert text.isascii()
        assert "\x1b[0;48;5;25m  \x1b[0m" in _band_lines(text)[0]

    @pytest.mark.parametrize(("colour", "unicode"), _STYLES)
    def test_hostile_name(self, colour: Colour, unicode: bool) -> None:
        """
        Names can neither move the cursor nor set colours.
        """
        name = "\x1b]0;t\x07\x1b[2J\n\u202e/\udcff\x9b"
        picture = page_cells(
            table("A"), [mapping(0, 1, name)], subject=f"{name} (pid 1)"
        )
        text = _SGR.sub("", to_text(picture, colour=colour, unicode=unicode, width=200))

        assert text.replace("\n", "").isprintable()
        assert r"\x1b]0;t\x07\x1b[2J\x0a\u202e/\xff\x9b" in text
        assert text.encode()


class TestAnyTerminal:
    @given(
        st.lists(
            st.tuples(
                st.text("ABab.S0G", min_size=1, max_size=90),
                st.sampled_from([0, 1, 70, 10_000]),
                st.none() | st.text(max_size=50) | st.just("/\u732b" * 30),
            ),
            max_size=9,
        ),
        st.integers(1, 200),
        st.sampled_from(_STYLES),
        st.booleans(),
    )
    def test_fits(
        self,
        parts: list[tuple[str, int, str | None]],
        width: int,
        style: tuple[Colour, bool],
        counts: bool,
    ) -> None:
        """
        No line is longer than the terminal is wide, whatever is drawn, and
        every line ends as it began.
        """
        at, places = 0, dict[int, str]()
        mappings: list[procmem.Mapping] = []
        for pages, gap, name in parts:
            places[BASE + at * PAGE] = pages
            mappings.append(mapping(at, len(pages) + gap, name, "r--p"))
            at += len(pages) + gap
        picture = page_cells(table(places, counts=counts), mappings)
        colour, unicode = style

        text = to_text(picture, width=width, colour=colour, unicode=unicode)

        for line in text.splitlines():
            assert columns_of(_SGR.sub("", line)) <= max(width, 60)
            codes = _SGR.findall(line)
            assert not codes or codes[-1] == "\x1b[0m"
        if colour == "none":
            assert "\x1b" not in text
