"""
A page map for a terminal.

With colours and Unicode each line holds two rows of cells, as half blocks;
with colours alone a row of coloured spaces, and without colours a row of
letters.
"""

from __future__ import annotations

from collections import abc
from typing import NamedTuple

from procmem.render.figures import readable
from procmem.render.names import cells as columns_of
from procmem.render.pagemap.ansi import DIM, RESET, Colour, Style, painted
from procmem.render.pagemap.kinds import LOOKS, Kind
from procmem.render.pagemap.legend import (
    legend,
    name_of,
    pieces,
    rss_heading,
    scale_text,
    sentence,
    shortened,
)
from procmem.render.pagemap.picture import PARTS, Band, Cell, Picture
from procmem.render.text import wrapped

__all__ = ["Colour", "to_text"]

LEAST_WIDTH = 60
"""Lines are as long as this also in a terminal that is narrower."""

_NAMES = (12, 36)


class _Columns(NamedTuple):
    """
    How wide what is.
    """

    address: int
    name: int
    size: int
    rss: int
    cells: int


def to_text(
    picture: Picture,
    *,
    width: int = 80,
    colour: Colour = "none",
    unicode: bool = True,
) -> str:
    """
    The picture in lines.

    Args:
        picture: What to draw.

        width: Columns of the terminal; no line is longer, but for those of
            a terminal narrower than 60.

        colour: What it can show.

        unicode: Whether it can show characters beyond ASCII.  Names are left
            as they are.
    """
    style = Style(colour, blocks=unicode and colour != "none")
    width = max(width, LEAST_WIDTH)
    columns = _columns(picture, width)
    parts = [wrapped(sentence(picture), width=width)]
    parts += [wrapped(note, width=width) for note in picture.notes]
    if picture.bands:
        parts += ["\n", _legend(picture, width, style), "\n"]
        parts.append(_heading(picture, columns))
        parts += [_band(band, picture, columns, style) for band in picture.bands]
    return "".join(parts)


def _columns(picture: Picture, width: int) -> _Columns:
    """
    Names and cells share what the numbers leave, the cells twice as much.
    """
    bands = picture.bands
    address = max((len(f"{band.start:x}") for band in bands), default=0)
    size = max((len(readable(band.size)) for band in bands), default=0)
    sizes = (len(readable(picture.resident(band.counts))) for band in bands)
    rss = max(len(rss_heading(picture)), *sizes, 0)
    room = width - address - size - rss - len("    ")
    least, most = _NAMES
    name = min(max(least, room // 3), most)
    return _Columns(address, name, size, rss, room - name)


def _legend(picture: Picture, width: int, style: Style) -> str:
    entries = [(entry.kind, f"{entry.label} {entry.size}") for entry in legend(picture)]
    column = 4 + max((len(text) for _, text in entries), default=0) + 2
    per_line = max(1, width // column)
    lines: list[str] = []
    for first in range(0, len(entries), per_line):
        line = ""
        for kind, text in entries[first : first + per_line]:
            line += f"{_swatch(kind, style)} {text.ljust(column - 3)}"
        lines.append(line.rstrip() + "\n")
    return "".join(lines)


def _swatch(kind: Kind, style: Style) -> str:
    if style.colour == "none":
        return f"{LOOKS[kind].letter} "
    whole = bytes([kind]) * PARTS
    cells = (Cell(0, whole),) * 2
    return painted(cells, cells, style)


def _heading(picture: Picture, columns: _Columns) -> str:
    line = (
        f"{'start':>{columns.address}} {'mapping':<{columns.name}} "
        f"{'size':>{columns.size}} {rss_heading(picture):>{columns.rss}} "
    )
    text = scale_text(picture)
    if len(text) <= columns.cells:
        return f"{line}{text}\n"
    # In a narrow terminal it stands alone, to the right.
    return f"{text[0].upper()}{text[1:]}.\n\n{line.rstrip()}\n"


def _band(band: Band, picture: Picture, columns: _Columns, style: Style) -> str:
    name = shortened(name_of(band), columns.name, ellipsis=style.ellipsis)
    label = (
        f"{band.start:>{columns.address}x} "
        f"{name}{' ' * (columns.name - columns_of(name))} "
        f"{readable(band.size):>{columns.size}} "
        f"{readable(picture.resident(band.counts)):>{columns.rss}} "
    )
    blank = " " * (columns.name + columns.size + columns.rss + 4)
    lines: list[str] = []
    for address, drawn in _lines(band, columns.cells, style):
        if lines:
            place = "" if address is None else f"{address:x}"
            label = _dim(place.rjust(columns.address), style) + blank
        lines.append(f"{label}{drawn}".rstrip() + "\n")
    return "".join(lines) or f"{label.rstrip()}\n"


def _dim(text: str, style: Style) -> str:
    if style.colour == "none" or not text.strip():
        return text
    return f"{DIM}{text}{RESET}"


def _lines(
    band: Band, width: int, style: Style
) -> abc.Iterator[tuple[int | None, str]]:
    """
    What stands beside the label and below it, with the addresses.
    """
    for piece in pieces(band, ellipsis=style.ellipsis):
        if piece.text:
            yield piece.address, _dim(piece.text[:width], style)
        step = width * style.rows
        for first in range(0, len(piece.cells), step):
            cells = piece.cells[first : first + step]
            yield cells[0].address, painted(cells[:width], cells[width:], style)
