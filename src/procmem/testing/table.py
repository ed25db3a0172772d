"""
Tables of sizes before and after, whose printed figures add up.

Each figure rounded on its own would not: ten rows of 0.04 MiB are none, and
their total is 0.4.  So a column is rounded down, and what is missing from its
total goes to the rows that lost most.  Every figure is then less than one
step of the last digit away from what it stands for.
"""

from __future__ import annotations

from collections import abc
from typing import NamedTuple

from procmem.testing.wording import width

__all__ = ["Row", "Total", "apportioned", "table"]

_MIB = 1024**2
_KIB = 1024

# A name that is longer is cut in the middle: both ends tell.
_WIDEST = 44


class Row(NamedTuple):
    """
    One line: a label, bytes before and after, and a remark.
    """

    label: str
    before: int
    after: int
    remark: str = ""


class Total(NamedTuple):
    """
    What the rows add up to, in bytes.
    """

    before: int
    after: int


class _Unit(NamedTuple):
    """
    What sizes are printed in: *digits* of them make *size* bytes, so that a
    step of the last digit is a fraction of which nothing is lost.
    """

    name: str
    size: int
    digits: int

    def steps(self, value: int) -> int:
        """
        *value* rounded to the nearest.
        """
        return (2 * value * self.digits + self.size) // (2 * self.size)


_IN_KIB = _Unit("KiB", _KIB, 1)
_IN_MIB = _Unit("MiB", _MIB, 10)


def table(
    title: str, rows: abc.Sequence[Row], total: Total, remark: str = ""
) -> list[str]:
    """
    Lines of text.

    Args:
        title: What stands above the labels.

        rows: What adds up to *total*.

        total: For the last line.

        remark: What stands above the remarks.
    """
    unit = _unit(rows, total)
    # Figure and growth at the end are as the first line of a message has
    # them, and what was before them is what is left.
    now = unit.steps(total.after)
    was = now - unit.steps(total.after - total.before)
    before = apportioned([row.before for row in rows], was, unit)
    after = apportioned([row.after for row in rows], now, unit)
    lines = [(title, "before", "after", "delta", remark)]
    for row, first, last in zip(rows, before, after, strict=True):
        lines.append((_cut(row.label), *_figures(first, last, unit), row.remark))
    lines.append(("total", *_figures(was, now, unit), ""))
    return _aligned(lines)


def apportioned(values: abc.Sequence[int], total: int, unit: _Unit) -> list[int]:
    """
    Each value in whole steps of a unit, so that they add up.

    Args:
        values: Bytes.

        total: Their sum in steps, less than one away from what it is.

        unit: What to print them in.
    """
    parts = [divmod(value * unit.digits, unit.size) for value in values]
    whole = [quotient for quotient, _ in parts]
    lost = total - sum(whole)
    by_loss = sorted(range(len(parts)), key=lambda index: -parts[index][1])
    for index in by_loss[: max(0, lost)]:
        whole[index] += 1
    return whole


def _unit(rows: abc.Sequence[Row], total: Total) -> _Unit:
    """
    KiB where little has changed: the kernel counts in those, and nothing is
    rounded.
    """
    changes = [abs(row.after - row.before) for row in rows]
    largest = max([*changes, abs(total.after - total.before)])
    return _IN_KIB if 0 < largest < _MIB else _IN_MIB


def _figures(before: int, after: int, unit: _Unit) -> tuple[str, str, str]:
    return (
        _size(before, unit),
        _size(after, unit),
        _size(after - before, unit, sign=True),
    )


def _size(steps: int, unit: _Unit, *, sign: bool = False) -> str:
    mark = "-" if steps < 0 else "+" if sign and steps else ""
    if unit.digits == 1:
        return f"{mark}{abs(steps)} {unit.name}"
    whole, part = divmod(abs(steps), unit.digits)
    return f"{mark}{whole}.{part} {unit.name}"


def _cut(label: str) -> str:
    if width(label) <= _WIDEST:
        return label
    half = _WIDEST // 2 - 2
    return f"{label[:half]}...{label[-half:]}"


def _aligned(lines: abc.Sequence[tuple[str, str, str, str, str]]) -> list[str]:
    wide = max(width(line[0]) for line in lines)
    widths = [max(len(line[column]) for line in lines) for column in (1, 2, 3)]
    texts: list[str] = []
    for label, *figures, remark in lines:
        padded = label + " " * (wide - width(label))
        columns = [
            figure.rjust(most) for figure, most in zip(figures, widths, strict=True)
        ]
        texts.append("  ".join([padded, *columns, remark]).rstrip())
    return texts
