"""
A page map as PNG, made with nothing but :mod:`zlib` and :mod:`struct`.

An image with a palette: the pixels are made by putting stretches of bytes
into rows, and what is below each other is the same row again.
"""

from __future__ import annotations

import struct
import zlib
from collections import abc

from procmem.render.names import cells as columns_of
from procmem.render.pagemap.colours import DARK, LIGHT, Ground
from procmem.render.pagemap.font import glyph
from procmem.render.pagemap.kinds import LOOKS, Kind
from procmem.render.pagemap.layout import (
    CHAR,
    PITCH,
    Grid,
    Label,
    Page,
    Tone,
    laid_out,
)
from procmem.render.pagemap.picture import PARTS, Picture

__all__ = ["to_png"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Bits per sample, colours from a palette, the usual compression and filters,
# not interlaced.
_FORMAT = (8, 3, 0, 0, 0)

# Kinds have their numbers, and after them come the others.
_PAPER, _INK, _DIM = (len(Kind) + place for place in range(3))
_TONES: dict[Tone, int] = {"strong": _INK, "plain": _INK, "dim": _DIM}

# The line of a text is higher than its letters.
_RISE = 4

_MARKS = {
    "/": frozenset((PARTS - 1 - i, i) for i in range(PARTS)),
    "x": frozenset((i, j) for i in range(1, PARTS - 1) for j in (i, PARTS - 1 - i)),
    "o": frozenset((i, j) for i in range(2, 6) for j in range(2, 6) if {i, j} & {2, 5}),
    "-": frozenset((i, j) for i in range(1, PARTS - 1) for j in (3, 4)),
}
_DOTS = (1, 4, 7)


def to_png(picture: Picture, *, dark: bool = False, scale: int = 2) -> bytes:
    """
    The picture as the bytes of a PNG file.

    Args:
        picture: What to draw.

        dark: Whether the paper is dark.

        scale: How many pixels wide and high a point is.  With 2 letters can
            be read on screens of any kind.
    """
    page = laid_out(picture)
    rows = [bytearray([_PAPER]) * page.width for _ in range(page.height)]
    for item in page.items:
        if isinstance(item, Label):
            _write(rows, item)
        else:
            _draw(rows, item)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", _header(page, scale)),
            _chunk(b"PLTE", _palette(DARK if dark else LIGHT)),
            _chunk(b"IDAT", zlib.compress(_scaled(rows, scale), 6)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return b"".join(
        (
            struct.pack(">I", len(data)),
            kind,
            data,
            struct.pack(">I", zlib.crc32(kind + data)),
        )
    )


def _header(page: Page, scale: int) -> bytes:
    return struct.pack(">2I5B", page.width * scale, page.height * scale, *_FORMAT)


def _palette(ground: Ground) -> bytes:
    colours = {kind: LOOKS[kind].colour for kind in Kind}
    colours[Kind.ABSENT] = ground.absent
    colours[Kind.FOLD] = ground.dim
    fixed = (colours[kind] for kind in Kind)
    return b"".join(map(bytes, (*fixed, ground.paper, ground.ink, ground.dim)))


def _scaled(rows: abc.Iterable[bytearray], scale: int) -> bytes:
    """
    The rows as PNG has them: each begins with its filter, which is none.
    """
    lines: list[bytes] = []
    for row in rows:
        wide = bytearray(len(row) * scale)
        for place in range(scale):
            wide[place::scale] = row
        lines += [b"\0" + wide] * scale
    return b"".join(lines)


def _write(rows: list[bytearray], label: Label) -> None:
    x = label.x - columns_of(label.text) * CHAR * label.right
    ink = _TONES[label.tone]
    for char in label.text:
        for y, line in enumerate(glyph(char), label.y + _RISE):
            for place, pixel in enumerate(line, x + 1):
                if pixel == ord("#"):
                    rows[y][place] = ink
        x += columns_of(char) * CHAR


def _draw(rows: list[bytearray], grid: Grid) -> None:
    for number, cells in enumerate(grid.rows):
        y = grid.y + number * PITCH
        for part in range(PARTS):
            row = rows[y + part]
            for place, cell in enumerate(cells):
                x = grid.x + place * PITCH
                if not cell.folded:
                    row[x : x + PARTS] = cell.parts[part : part + 1] * PARTS
                elif part in _DOTS:
                    row[x + 3 : x + 5] = bytes([Kind.FOLD]) * 2
        for place, cell in enumerate(cells):
            mark = LOOKS[Kind(cell.parts[0])].mark
            if mark and cell.parts.count(cell.parts[0]) == PARTS:
                x = grid.x + place * PITCH
                for right, down in _MARKS[mark]:
                    rows[y + down][x + right] = _PAPER
