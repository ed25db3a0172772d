"""
Tables and paragraphs for terminals, in ASCII but for the names in them.
"""

from __future__ import annotations

from collections import abc

from procmem.render.names import cells

__all__ = ["NO_BREAK", "UNKNOWN", "exact", "mebibytes", "table", "wrapped"]

UNKNOWN = "?"
"""What stands where a figure is missing.  Never a 0."""

NO_BREAK = "\N{NO-BREAK SPACE}"
"""A space at which :func:`wrapped` does not break; it comes out as a space."""

_MIB = 1024**2
_MORE = "..."

# A column of text is not cut below this many characters, however narrow the
# terminal: a line that wraps is better than one that says nothing.
_LEAST = 12


def mebibytes(size: int | None) -> str:
    """
    A size in MiB without the unit, for columns that are to be compared.

    What is not 0 does not print as 0.
    """
    if size is None:
        return UNKNOWN
    text = f"{size / _MIB:.1f}"
    if size and text == "0.0":
        return "<0.1"
    return text


def exact(size: int | None) -> str:
    """
    A number of bytes, as it is.
    """
    return UNKNOWN if size is None else str(size)


def table(
    rows: abc.Sequence[abc.Sequence[str]],
    alignment: str,
    *,
    width: int | None = None,
    indent: str = "",
    gap: str = "  ",
) -> str:
    """
    Rows of cells as lines with aligned columns.

    Args:
        rows: The cells, printable, as many in each row as there are columns.

        alignment: For each column ``<`` (text) or ``>`` (numbers).

        width: Columns of the terminal: the last column is cut to fit.  None
            leaves it as it is.

        indent: What every line begins with.

        gap: What stands between columns.
    """
    last = len(alignment) - 1
    columns: list[list[str]] = []
    used = len(indent) + len(gap) * last
    for index, column in enumerate(zip(*rows, strict=True)):
        if index == last and alignment[index] == "<":
            # Nothing stands to the right of it, so it needs no padding.
            columns.append(_cut(column, None if width is None else width - used))
        else:
            widest = max(map(cells, column))
            used += widest
            columns.append(_padded(column, widest, alignment[index]))
    lines = (indent + gap.join(row) for row in zip(*columns, strict=True))
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _padded(column: abc.Sequence[str], width: int, side: str) -> list[str]:
    if all(map(str.isascii, column)):
        pad = str.ljust if side == "<" else str.rjust
        return [pad(cell, width) for cell in column]
    spaces = (" " * (width - cells(cell)) for cell in column)
    pairs = zip(column, spaces, strict=True)
    if side == "<":
        return [cell + space for cell, space in pairs]
    return [space + cell for cell, space in pairs]


def _cut(column: abc.Sequence[str], room: int | None) -> list[str]:
    if room is None:
        return list(column)
    room = max(room, _LEAST)
    shown: list[str] = []
    for cell in column:
        text = cell
        if cells(cell) > room:
            while cells(text) > room - len(_MORE):
                text = text[:-1]
            text += _MORE
        shown.append(text)
    return shown


def wrapped(text: str, *, width: int | None = None, indent: str = "") -> str:
    """
    A paragraph, broken between words.

    Args:
        text: Printable text in one line.

        width: Columns of the terminal; None leaves it in one line.

        indent: What all lines but the first begin with.
    """
    if width is None:
        return f"{text}\n".replace(NO_BREAK, " ")
    lines: list[str] = []
    for word in text.split(" "):
        if lines and cells(lines[-1]) + 1 + cells(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(indent + word if lines else word)
    return "".join(f"{line}\n" for line in lines).replace(NO_BREAK, " ")
