"""
Where in an image is what, in pixels; decided once for SVG and PNG.
"""

from __future__ import annotations

from collections import abc
from typing import Literal, NamedTuple, TypeAlias

from procmem.render.figures import readable
from procmem.render.pagemap.legend import (
    legend,
    name_of,
    pieces,
    rss_heading,
    scale_text,
    sentence,
    shortened,
    tooltip,
)
from procmem.render.pagemap.picture import PARTS, Band, Cell, Picture
from procmem.render.text import wrapped

__all__ = ["CHAR", "GAP", "LINE", "PITCH", "Grid", "Item", "Label", "Page", "laid_out"]

CHAR, LINE = 7, 15
"""Width and height of a character."""

GAP = 1
PITCH = PARTS + GAP
"""From one cell to the next."""

COLUMNS = 64
"""Cells in a row."""

_MARGIN = 16
_SPACE = 10

_ADDRESS = 12 * CHAR
_NAME = 30
_SIZE = len("1023.9 MiB") * CHAR

_NAME_X = _MARGIN + _ADDRESS + _SPACE
_SIZE_X = _NAME_X + _NAME * CHAR + _SPACE + _SIZE
_RSS_X = _SIZE_X + _SPACE + _SIZE
_CELLS_X = _RSS_X + 2 * _SPACE
_WIDTH = _CELLS_X + COLUMNS * PITCH + _MARGIN

Tone: TypeAlias = Literal["strong", "plain", "dim"]


class Label(NamedTuple):
    """
    A line of text.

    Attributes:
        x: Where it begins, or ends if it is aligned to the right.

        y: The upper end of its line.

        text: Printable text.

        tone: How much it should be noticed.

        right: Whether it ends at *x*.
    """

    x: int
    y: int
    text: str
    tone: Tone = "plain"
    right: bool = False


class Grid(NamedTuple):
    """
    Rows of cells.

    Attributes:
        x: The left end of the first cell of each row.

        y: The upper end of the first row.

        rows: The cells; only the last row may be shorter.

        hint: What to say about them when they are pointed at, in lines.
    """

    x: int
    y: int
    rows: tuple[abc.Sequence[Cell], ...]
    hint: tuple[str, ...] = ()


Item: TypeAlias = "Label | Grid"


class Page(NamedTuple):
    """
    All of an image.

    Attributes:
        width: In pixels.

        height: In pixels.

        items: What is on it, from top to bottom.
    """

    width: int
    height: int
    items: tuple[Item, ...]


def laid_out(picture: Picture) -> Page:
    """
    The picture with places for everything.
    """
    items: list[Item] = []
    y = _MARGIN
    for paragraph in (sentence(picture), *picture.notes):
        lines = wrapped(paragraph, width=(_WIDTH - 2 * _MARGIN) // CHAR)
        for line in lines.splitlines():
            items.append(Label(_MARGIN, y, line, "dim" if items else "strong"))
            y += LINE
    if picture.bands:
        y = _legend(picture, items, y + _SPACE)
        y = _heading(picture, items, y + _SPACE)
        for band in picture.bands:
            y = _band(band, picture, items, y)
    return Page(_WIDTH, y + _MARGIN, tuple(items))


def _legend(picture: Picture, items: list[Item], y: int) -> int:
    entries = legend(picture)
    texts = [f"{entry.label}  {entry.size}" for entry in entries]
    column = 2 * PITCH + (max(map(len, texts), default=0) + 3) * CHAR
    per_line = max(1, (_WIDTH - 2 * _MARGIN) // column)
    for index, (entry, text) in enumerate(zip(entries, texts, strict=True)):
        line, place = divmod(index, per_line)
        x = _MARGIN + place * column
        swatch = Cell(0, bytes([entry.kind]) * PARTS)
        items.append(Grid(x, y + line * LINE + 3, ((swatch,),)))
        items.append(Label(x + 2 * PITCH, y + line * LINE, text))
    return y + -(-len(entries) // per_line) * LINE


def _heading(picture: Picture, items: list[Item], y: int) -> int:
    items += (
        Label(_MARGIN + _ADDRESS, y, "start", "dim", right=True),
        Label(_NAME_X, y, "mapping", "dim"),
        Label(_SIZE_X, y, "size", "dim", right=True),
        Label(_RSS_X, y, rss_heading(picture), "dim", right=True),
        Label(_CELLS_X, y, scale_text(picture), "dim"),
    )
    return y + LINE + 2


def _band(band: Band, picture: Picture, items: list[Item], y: int) -> int:
    resident = picture.resident(band.counts)
    hint = tuple(tooltip(band, picture))
    items += (
        Label(_MARGIN + _ADDRESS, y, f"{band.start:x}", "dim", right=True),
        Label(_NAME_X, y, shortened(name_of(band), _NAME)),
        Label(_SIZE_X, y, readable(band.size), "dim", right=True),
        Label(
            *(_RSS_X, y, readable(resident)),
            "plain" if resident else "dim",
            right=True,
        ),
    )
    top = y
    for piece in pieces(band):
        cells = piece.cells
        if not cells:
            items.append(Label(_CELLS_X, y, piece.text, "dim"))
            y += LINE
        else:
            rows = tuple(cells[i : i + COLUMNS] for i in range(0, len(cells), COLUMNS))
            items.append(Grid(_CELLS_X, y + 3, rows, hint))
            # So that a single row takes no more than the line of its label.
            y += max(LINE, len(rows) * PITCH + 5)
    return max(y, top + LINE)
