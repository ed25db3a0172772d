"""
The table of the tests that used most memory.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING

from procmem.sizes import format_size

if TYPE_CHECKING:
    import pytest

__all__ = ["change", "rank", "size", "top"]

_UNKNOWN = "?"


def top(
    reporter: pytest.TerminalReporter,
    found: abc.Mapping[str, abc.Mapping[str, int]],
    count: int,
) -> None:
    """
    Print the *count* tests that used most, the largest first.

    Args:
        reporter: Where to.

        found: The figures by test.

        count: How many tests.
    """
    from procmem.render.text import table

    chosen = sorted(found.items(), key=lambda entry: rank(entry[1]), reverse=True)
    reporter.section(f"memory: {min(count, len(found))} of {len(found)} tests")
    if not chosen:
        reporter.write_line("no test was measured")
        return
    shown = [
        (name, show)
        for name, show in (("peak", size), ("growth", change), ("footprint", size))
        # Nobody looked for peaks, perhaps.
        if any(name in figures for _, figures in chosen)
    ]
    rows = [[*(name for name, _ in shown), "test"]]
    rows += [
        [*(show(figures.get(figure)) for figure, show in shown), name]
        for name, figures in chosen[:count]
    ]
    reporter.write(table(rows, ">" * len(shown) + "<"))


def rank(figures: abc.Mapping[str, int]) -> tuple[int, int, int]:
    """
    What tests are ordered by: how far above its start a test went, as far as
    that is known, then how much it kept.
    """
    growth = figures.get("growth", 0)
    footprint = figures.get("footprint", 0)
    before = footprint - growth
    return figures.get("peak", footprint) - before, growth, footprint


def size(value: int | None) -> str:
    """
    A size, or that it is not known.
    """
    return _UNKNOWN if value is None else format_size(value, decimals=1)


def change(value: int | None) -> str:
    """
    A difference with its sign.
    """
    if value is None:
        return _UNKNOWN
    return f"{'-' if value < 0 else '+'}{format_size(abs(value), decimals=1)}"
