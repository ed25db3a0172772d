"""
How messages write sizes and names.
"""

from __future__ import annotations

from procmem.sizes import format_size

__all__ = ["clean", "several", "sized", "width"]


def sized(size: int) -> str:
    """
    A size with one digit after the point.
    """
    return format_size(size, decimals=1)


def clean(text: str) -> str:
    """
    Names that programs chose, made harmless to look at.
    """
    from procmem.render.names import printable

    return printable(text)


def width(text: str) -> int:
    """
    How many columns of a terminal a text takes.
    """
    from procmem.render.names import cells

    return cells(text)


def several(count: int, one: str, many: str) -> str:
    """
    A number with its noun.
    """
    return f"{count} {one if count == 1 else many}"
