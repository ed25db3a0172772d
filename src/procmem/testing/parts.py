"""
What a measurement is made of.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING, Literal

import attrs

from procmem.errors import UnsupportedError
from procmem.testing.limits import Limits
from procmem.testing.reading import Reading

if TYPE_CHECKING:
    from procmem.testing.limits import Metric
    from procmem.testing.outsiders import Outsiders
    from procmem.testing.texts import Text

__all__ = ["Parts", "Peak", "ProcessFigures", "figure_of", "process_figures"]


@attrs.frozen(kw_only=True)
class ProcessFigures:
    """
    What one process had before and after, in bytes.

    Attributes:
        pid: Its number.

        name: Of the program.

        change: Whether it is new, gone, or stayed.

        before: Its figure at the start; None if it was not there or could
            not be read.

        after: Its figure at the end; as above.

        peak: The most that was seen of it in between; None if nobody looked.
    """

    pid: int
    name: str
    change: Literal["new", "gone", "stayed"]
    before: int | None
    after: int | None
    peak: int | None = None


@attrs.frozen(kw_only=True)
class Peak:
    """
    The most that there was during a block, in bytes.

    Attributes:
        best: The best estimate.

        lower: What was certainly there at some moment.

        upper: What it may have been at most; None if that is not known.

        samples: How often somebody looked.

        by_pid: The most that was seen of each process.

        unobserved: What children that nobody saw may have had on top, at
            most; None if that is not known, 0 if there were none.

        notes: What else a careful reader should know, as sentences.
    """

    best: int
    lower: int
    upper: int | None
    samples: int
    by_pid: abc.Mapping[int, int]
    unobserved: int | None
    notes: tuple[str, ...] = ()


@attrs.define(kw_only=True)
class Parts:
    """
    What a measurement is made of, while it is being made.

    Attributes:
        limits: What it is judged by.

        root: The one process that was named; None if it was several.

        info: What whoever set the budget said about it.

        entry: What was read at the start.

        exit: What was read at the end; None before.

        peak: The most in between; None if nobody looked.

        outsiders: Who shares memory and is not measured; None for nobody.

        seconds: How long the block took; None before its end.
    """

    limits: Limits
    root: int | None
    info: str
    entry: Reading
    exit: Reading | None = None
    peak: Peak | None = None
    outsiders: Outsiders | None = None
    seconds: float | None = None


def figure_of(reading: Reading, name: str) -> tuple[int, int]:
    """
    The least and the most that a figure may be, added up.
    """
    lower = upper = 0
    for text in reading.counted:
        bounds = text.bounds(name)
        if bounds is None:
            raise UnsupportedError(f"{text.file}: {name}", "a kernel that prints it")
        lower += bounds[0]
        upper += bounds[1]
    return lower, upper


def process_figures(
    before: Text | None,
    after: Text | None,
    metric: Metric,
    peaks: abc.Mapping[int, int],
) -> ProcessFigures:
    """
    One process from what was read of it at both ends, None where it was not
    there.
    """
    known = after or before
    if known is None:
        msg = "a process that was never there"
        raise ValueError(msg)
    ends = [None if text is None else text.amount(metric) for text in (before, after)]
    peak = peaks.get(known.pid)
    return ProcessFigures(
        pid=known.pid,
        name=known.name,
        change="new" if before is None else "gone" if after is None else "stayed",
        before=ends[0],
        after=ends[1],
        peak=None if peak is None else max(peak, ends[0] or 0, ends[1] or 0),
    )
