"""
Cells as characters of a terminal.
"""

from __future__ import annotations

from collections import abc
from functools import cache
from itertools import zip_longest
from typing import Literal, NamedTuple, TypeAlias

from procmem.render.pagemap.kinds import LOOKS, Kind
from procmem.render.pagemap.picture import Cell

__all__ = ["DIM", "RESET", "Colour", "Style", "painted"]

DIM = "\x1b[2m"
RESET = "\x1b[0m"

Colour: TypeAlias = Literal["none", "256", "true"]
"""What a terminal can show."""

# The levels of red, green and blue among the 256 colours.
_LEVELS = (0, 95, 135, 175, 215, 255)


class Style(NamedTuple):
    """
    Attributes:
        colour: What the terminal can show.

        blocks: Whether it can show half blocks.
    """

    colour: Colour
    blocks: bool

    @property
    def rows(self) -> int:
        """
        How many rows of cells stand in a line.
        """
        return 2 if self.blocks else 1

    @property
    def ellipsis(self) -> str:
        """
        What stands for what is left out.
        """
        return "\N{HORIZONTAL ELLIPSIS}" if self.blocks else "..."


class _Char(NamedTuple):
    """
    A character, its colour and that of its ground: codes, or nothing.
    """

    char: str
    front: str
    back: str


def painted(upper: abc.Sequence[Cell], lower: abc.Sequence[Cell], style: Style) -> str:
    """
    A line with a row of cells, or with two where there are half blocks.
    """
    if style.colour == "none":
        return "".join(LOOKS[cell.kind].letter for cell in upper)
    if style.blocks:
        chars = [
            _halves(_code(top, style.colour), _code(bottom, style.colour))
            or _empty(top, bottom)
            for top, bottom in zip_longest(upper, lower)
        ]
    else:
        chars = [
            _Char(" ", "", code)
            if (code := _code(cell, style.colour))
            else _Char(LOOKS[cell.kind].letter, "", "")
            for cell in upper
        ]
    line = ""
    before = ("", "")
    for char, front, back in chars:
        if (front, back) != before:
            codes = [f"38;{front}"] * bool(front) + [f"48;{back}"] * bool(back)
            # To begin anew is as long as to take one colour back.
            line += f"\x1b[{';'.join(['0', *codes])}m"
            before = (front, back)
        line += char
    return line + RESET * (before != ("", ""))


def _halves(top: str, bottom: str) -> _Char | None:
    if top and top == bottom:
        return _Char("\N{FULL BLOCK}", top, "")
    if top:
        return _Char("\N{UPPER HALF BLOCK}", top, bottom)
    if bottom:
        return _Char("\N{LOWER HALF BLOCK}", bottom, "")
    return None


def _empty(*cells: Cell | None) -> _Char:
    """
    Where the ground of the terminal shows through.
    """
    absent = any(cell is not None and cell.kind is Kind.ABSENT for cell in cells)
    return _Char("\N{MIDDLE DOT}" if absent else " ", "", "")


def _code(cell: Cell | None, colour: Colour) -> str:
    """
    The colour of a cell; the empty string for what is not drawn.
    """
    if cell is None or cell.kind in {Kind.ABSENT, Kind.FOLD}:
        return ""
    return _code_of(cell.kind, colour)


@cache
def _code_of(kind: Kind, colour: Colour) -> str:
    red, green, blue = LOOKS[kind].colour
    if colour == "true":
        return f"2;{red};{green};{blue}"
    return f"5;{_nearest(red, green, blue)}"


def _nearest(*colour: int) -> int:
    """
    The number of the closest of the 240 fixed colours.
    """
    known = {
        16 + 36 * r + 6 * g + b: (_LEVELS[r], _LEVELS[g], _LEVELS[b])
        for r in range(6)
        for g in range(6)
        for b in range(6)
    }
    known |= {232 + step: (8 + 10 * step,) * 3 for step in range(24)}
    return min(
        known,
        key=lambda n: sum((a - b) ** 2 for a, b in zip(known[n], colour, strict=True)),
    )
