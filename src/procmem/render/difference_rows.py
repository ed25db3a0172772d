"""
Rows of a difference as lines that fit a terminal, and the total below them.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING, NamedTuple

from procmem.flags import MappingKind
from procmem.render.figures import readable
from procmem.render.names import cells, printable
from procmem.render.text import table

if TYPE_CHECKING:
    from procmem.differences.diff import Diff
    from procmem.differences.row import DiffRow, Metric

__all__ = ["Line", "Writer", "fitted", "rows_table", "signed"]

Writer = abc.Callable[[int], str]
"""How to write an amount."""

_LEAST = 12
_MORE = "..."


def rows_table(
    rows: abc.Iterable[DiffRow],
    diff: Diff,
    metric: Metric,
    *,
    size: Writer = readable,
    width: int | None = None,
    indent: str = "  ",
) -> str:
    """
    Rows and the total that they add up to.

    Args:
        rows: All of *diff*, as :meth:`~procmem.Diff.top` gives them.

        diff: What they are of.

        metric: What to measure by.

        size: How to write an amount.

        width: Columns of the terminal: what is too long is cut.

        indent: What every line begins with.
    """
    lines = [Line("", "before", "after", "change", "kind")]
    for row in rows:
        before, after = (
            size(row.size(metric, "before")),
            size(row.size(metric, "after")),
        )
        lines.append(
            Line(
                printable(row.label),
                "new" if row.change == "new" else before,
                "gone" if row.change == "gone" else after,
                signed(row.growth(metric), size),
                "" if row.kind is None else str(row.kind),
                _count(row),
            )
        )
    before, after = size(diff.size(metric, "before")), size(diff.size(metric, "after"))
    lines.append(Line("total", before, after, signed(diff.growth(metric), size)))
    return fitted(lines, width, indent)


class Line(NamedTuple):
    """
    A line of a table of changes, its cells printable.

    Attributes:
        label: What changed; is cut if it is too long.

        before: An amount.

        after: An amount.

        change: An amount with its sign.

        note: What else there is to say.

        pieces: How many mappings it is, if that is to be shown.
    """

    label: str
    before: str
    after: str
    change: str
    note: str = ""
    pieces: int = 1


def signed(amount: int, size: Writer = readable) -> str:
    """
    A difference with its sign.
    """
    return f"{'+' if amount > 0 else ''}{size(amount)}"


def _count(row: DiffRow) -> int:
    """
    How many mappings it is, where that says something: of a library everybody
    has a handful.
    """
    if row.kind in {None, MappingKind.FILE}:
        return 1
    return row.mappings_after or row.mappings_before


def fitted(lines: abc.Sequence[Line], width: int | None, indent: str) -> str:
    """
    A table whose first column is cut to what the others leave of the width.
    """
    columns = list(zip(*lines, strict=True))
    used = sum(max(map(cells, column)) + 2 for column in columns[1:5])
    room = None if width is None else max(_LEAST, width - len(indent) - used)
    labels = [_counted(line, " mappings") for line in lines]
    if room is not None and max(map(cells, labels)) > room:
        labels = ["(mappings)", *(_cut(line, room) for line in lines[1:])]
    rows = [(label, *line[1:5]) for label, line in zip(labels, lines, strict=True)]
    return table(rows, "<>>><", indent=indent)


def _counted(line: Line, what: str = "") -> str:
    return f"{line.label} ({line.pieces}{what})" if line.pieces > 1 else line.label


def _cut(line: Line, room: int) -> str:
    text = _counted(line)
    if cells(text) <= room:
        return text
    more = f"{_MORE}{text[len(line.label) :]}"
    label = line.label
    while label and cells(label) + len(more) > room:
        label = label[:-1]
    return f"{label}{more}"
