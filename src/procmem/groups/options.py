"""
What the functions take that hold a group, or read one.
"""

from __future__ import annotations

from typing import TypedDict

from procmem.sources.base import Source

__all__ = ["HoldOptions", "ReadOptions"]


class HoldOptions(TypedDict, total=False):
    """
    What all functions take that hold a group.

    Attributes:
        source: Where to look; None means the live ``/proc``.

        threads: How many threads read, at most; None means as many as there
            are processors to run on, but no more than eight.
    """

    source: Source | None
    threads: int | None


class ReadOptions(HoldOptions, total=False):
    """
    What all functions take that read a group.

    Attributes:
        mappings: Whether to read what each process maps, which takes about as
            long again as its totals.

        timeout: Seconds after which what has not been read is left out, and
            is said to be; None for no limit.
    """

    mappings: bool
    timeout: float | None
