"""
How a number was found and how sure it is.
"""

from __future__ import annotations

from collections import abc

import attrs

__all__ = ["Evidence"]


@attrs.frozen(kw_only=True)
class Evidence:
    """
    What a result rests on.

    It travels with the result and is not part of its equality: the same
    numbers found in two ways are equal.

    Attributes:
        method: ``"kernel"`` for the kernel's own counters, ``"pages"`` for
            sums over pages, ``"none"`` where nothing was read from a system
            (text given to a parser, sums of results).

        files: The files of ``/proc/PID`` that were read, in that order.

        seconds: How long reading and adding up took, or None if nothing was
            read.

        missing: What an answer should have had and has not, as phrases.

        moved: Pages that changed while they were read, or None if that was
            not looked at.

        bounds: Lower and upper bound, in bytes, of figures that are not
            known exactly.  Such a figure is missing in the result itself.

        notes: What else a careful reader should know, as sentences.
    """

    method: str = "none"
    files: tuple[str, ...] = ()
    seconds: float | None = None
    missing: tuple[str, ...] = ()
    moved: int | None = None
    bounds: abc.Mapping[str, tuple[int, int]] = attrs.field(
        factory=dict[str, tuple[int, int]], hash=False
    )
    notes: tuple[str, ...] = ()
