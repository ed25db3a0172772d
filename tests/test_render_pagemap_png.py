"""
Page maps as PNG, decoded by the tests themselves.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

import pytest

from procmem.render.pagemap.cells import page_cells
from procmem.render.pagemap.colours import DARK, LIGHT, Ground, Rgb
from procmem.render.pagemap.font import ROWS, glyph
from procmem.render.pagemap.kinds import LOOKS, Kind
from procmem.render.pagemap.layout import PITCH, Grid, Label, laid_out
from procmem.render.pagemap.picture import PARTS, Picture
from procmem.render.pagemap.png import to_png
from tests.pagemap_tables import PAGE, mapping, repeated, table


class _Image(NamedTuple):
    width: int
    height: int
    rows: list[list[Rgb]]


def _decoded(data: bytes) -> _Image:
    """
    The pixels of an image with a palette, everything about it checked.
    """
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks: list[tuple[bytes, bytes]] = []
    at = 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack_from(">I", data, at + 8 + length)
        assert zlib.crc32(kind + content) == crc
        chunks.append((kind, content))
        at += length + 12
    assert [b"IHDR", b"PLTE", b"IDAT", b"IEND"] == [kind for kind, _ in chunks]
    (_, header), (_, palette), (_, packed), (_, nothing) = chunks
    width, height, *form = struct.unpack(">2I5B", header)
    assert [8, 3, 0, 0, 0] == form
    assert b"" == nothing
    colours = [tuple(palette[i : i + 3]) for i in range(0, len(palette), 3)]
    pixels = zlib.decompress(packed)
    assert height * (width + 1) == len(pixels)
    rows = [pixels[i : i + width + 1] for i in range(0, len(pixels), width + 1)]
    assert {0} == {row[0] for row in rows}
    found = [[colours[index] for index in row[1:]] for row in rows]
    return _Image(width, height, found)  # type: ignore[arg-type]


def _picture(pages: str, name: str | None = None) -> Picture:
    return page_cells(table(pages), [mapping(0, len(pages), name)])


def _band(picture: Picture) -> Grid:
    """
    Where the cells of the only band are.
    """
    (grid,) = (g for g in laid_out(picture).items if isinstance(g, Grid) and g.hint)
    return grid


def _column(image: _Image, grid: Grid, place: int, at: int = 0) -> list[Rgb]:
    """
    The pixels of a cell of the first row, from top to bottom.
    """
    x = grid.x + place * PITCH + at
    return [image.rows[grid.y + part][x] for part in range(PARTS)]


class TestToPng:
    def test_cells(self) -> None:
        """
        Each cell has the colour of its kind, and paper around it.
        """
        picture = _picture("ABCDabcdH")
        image = _decoded(to_png(picture, scale=1))
        grid = _band(picture)

        for place, letter in enumerate("ABCDabcdH"):
            (look,) = (look for look in LOOKS.values() if look.letter == letter)
            for at in range(PARTS):
                assert [look.colour] * PARTS == _column(image, grid, place, at)
            assert [LIGHT.paper] * PARTS == _column(image, grid, place, PARTS)

    @pytest.mark.parametrize("ground", [LIGHT, DARK], ids=["light", "dark"])
    def test_ground(self, ground: Ground) -> None:
        """
        Paper, ink and cells without pages go together.
        """
        picture = _picture("A.")
        image = _decoded(to_png(picture, dark=ground is DARK, scale=1))
        used = {colour for row in image.rows for colour in row}

        assert ground.paper == image.rows[0][0]
        assert [ground.absent] * PARTS == _column(image, _band(picture), 1)
        assert {ground.ink, ground.dim} <= used

    def test_divided(self) -> None:
        """
        A cell of several kinds is divided as its parts say.
        """
        pages = repeated("AAAB", 1000)
        picture = page_cells(pages, [mapping(0, len(pages))], cells=300)
        image = _decoded(to_png(picture, scale=1))
        expected = [LOOKS[Kind.ANON_BY_2].colour] * 2
        expected += [LOOKS[Kind.ANON_PRIVATE].colour] * 6

        assert expected == _column(image, _band(picture), 0)

    @pytest.mark.parametrize("letter", "SG0?")
    def test_marks(self, letter: str) -> None:
        """
        What is rare bears a mark in the colour of the paper.
        """
        picture = _picture(letter)
        image = _decoded(to_png(picture, scale=1))
        grid = _band(picture)
        cell = [_column(image, grid, 0, at) for at in range(PARTS)]
        (look,) = (look for look in LOOKS.values() if look.letter == letter)

        assert {look.colour, LIGHT.paper} == {c for column in cell for c in column}

    def test_folds(self) -> None:
        """
        A stretch that is left out is three dots where there are many.
        """
        picture = _picture(("A" + "." * 64) * 6)
        image = _decoded(to_png(picture, scale=1))
        column = _column(image, _band(picture), 1, 3)

        assert [1, 4, 7] == [i for i, c in enumerate(column) if c == LIGHT.dim]

    @pytest.mark.parametrize("scale", [1, 2, 3])
    def test_scale(self, scale: int) -> None:
        """
        A point is as many pixels wide and high as is asked for.
        """
        picture = _picture("AaS0.", "/lib/x.so")
        one = _decoded(to_png(picture, scale=1))
        image = _decoded(to_png(picture, scale=scale))

        assert (one.width * scale, one.height * scale) == (image.width, image.height)
        assert one.rows == [row[::scale] for row in image.rows[::scale]]
        assert one.rows == [row[scale - 1 :: scale] for row in image.rows[::scale]]

    def test_letters(self) -> None:
        """
        Labels can be read: their pixels are those of the letters.
        """
        picture = _picture("A", "[heap]")
        image = _decoded(to_png(picture, scale=1))
        (label,) = (
            item
            for item in laid_out(picture).items
            if isinstance(item, Label) and item.text == "[heap]"
        )
        for place, char in enumerate("[heap]"):
            x = label.x + place * 7 + 1
            found = tuple(
                bytes(
                    ord("#") if colour == LIGHT.ink else ord(".")
                    for colour in image.rows[label.y + 4 + row][x : x + 5]
                )
                for row in range(ROWS)
            )
            assert glyph(char) == found

    @pytest.mark.parametrize(
        "name", ["\x1b\udcff\u202e" * 20, "/\u732b" * 40, "\u0301"]
    )
    def test_odd_names(self, name: str) -> None:
        """
        Whatever the name, it stays within its column.
        """
        picture = _picture("A", name)
        plain = _decoded(to_png(_picture("A", ""), scale=1))
        image = _decoded(to_png(picture, scale=1))
        start = _band(picture).x

        assert [row[start:] for row in plain.rows] == [
            row[start:] for row in image.rows
        ]

    def test_nothing(self) -> None:
        """
        Without mappings it is a sentence on paper.
        """
        image = _decoded(to_png(page_cells(table(""), []), scale=1))

        assert image.height < 60

    def test_size(self) -> None:
        """
        Eight gigabytes of ever changing pages take less than 200 KB.
        """
        pages = repeated("AaBcS.dD0" * 7, (8 << 30) // PAGE // 63)

        assert len(to_png(page_cells(pages, [mapping(0, len(pages))]))) < 200_000


class TestGlyph:
    def test_all(self) -> None:
        """
        Every printable ASCII character has a shape of its own.
        """
        chars = [chr(code) for code in range(ord(" "), ord("~") + 1)]
        shapes = {glyph(char) for char in [*chars, "\N{HORIZONTAL ELLIPSIS}"]}

        assert len(chars) + 1 == len(shapes)
        for shape in shapes:
            assert ROWS == len(shape)
            assert {5} == set(map(len, shape))
            assert not set(b"".join(shape)) - set(b".#")

    def test_others(self) -> None:
        """
        All others are a box.
        """
        assert glyph("\u732b") == glyph("\u0416")
        assert b"#####" == glyph("\u732b")[0]
