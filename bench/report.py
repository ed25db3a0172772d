"""
Figures as text and as JSON.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from bench.figures import Figure, Skipped

Row = tuple[str, Figure | Skipped]
"""The name of a benchmark, and something that it gave."""

_HEADINGS: tuple[str, ...] = (
    "benchmark",
    "what",
    "min",
    "median",
    "limit",
    "aim",
    "unit",
    "",
)
_NUMBERS = range(2, 6)


def describe(item: Figure | Skipped) -> str:
    """
    One figure, as it is printed when it is there.
    """
    if isinstance(item, Skipped):
        return f"  {item.what}: skipped, {item.reason}"
    text = f"  {item.what}: {_number(item.median)} {item.unit}"
    if len(item.values) > 1:
        text += f" (min {_number(item.minimum)}, {len(item.values)} rounds)"
    if item.limit is not None:
        text += f", limit {item.limit:g}: {item.verdict}"
    return f"{text}\n    {item.note}" if item.note else text


def table(rows: Iterable[Row]) -> str:
    """
    All that was measured, with limits.
    """
    cells = [_HEADINGS, *(_cells(name, item) for name, item in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(_line(row, widths) for row in cells)


def _cells(name: str, item: Figure | Skipped) -> tuple[str, ...]:
    if isinstance(item, Skipped):
        return (name, item.what, *[""] * 5, "skipped")
    numbers = (item.minimum, item.median, item.limit, item.aim)
    return (name, item.what, *map(_number, numbers), item.unit, item.verdict)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    aligned = [
        cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(aligned).rstrip()


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if abs(value) < 1 and value else f"{value:.2f}"


def save(rows: Iterable[Row], path: Path) -> None:
    """
    Write everything as JSON, the values of each round included.
    """
    found = []
    for name, item in rows:
        entry = {"benchmark": name, **asdict(item)}
        if isinstance(item, Figure):
            entry |= {
                "minimum": item.minimum,
                "median": item.median,
                "holds": item.holds,
            }
        found.append(entry)
    report = {"machine": machine(), "found": found}
    path.write_text(json.dumps(report, indent=2) + "\n")


def machine() -> dict[str, str | int | None]:
    """
    What the figures depend on.
    """
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "processors": os.cpu_count(),
    }
