"""
What :func:`procmem.testing.assert_no_growth` found out, as values and as text.
"""

from __future__ import annotations

from collections import abc
from math import ceil
from typing import TYPE_CHECKING

import attrs

from procmem.sizes import format_size

if TYPE_CHECKING:
    from procmem.testing.growth_course import Block
    from procmem.testing.growth_where import Where
    from procmem.testing.limits import Metric

__all__ = ["GrowthReport", "MemoryGrowthDetected"]

# What decides: the last blocks, all of them.
_DECISIVE = 3

_HEADINGS = ("block", "calls", "before", "after", "growth", "a call", "")
_ALIGNMENT = ">>>>>><"
_WIDTH = 80


@attrs.frozen(kw_only=True, repr=False)
class GrowthReport:
    """
    How the memory of this process changed while a function was called again
    and again.

    Attributes:
        metric: What was counted.

        limit: Bytes that a call was allowed to add.

        pid: This process.

        warmup: Calls that were made before anything was measured.

        trial: Calls that were made to choose the length of the first block.

        blocks: The blocks of calls, each with the memory before and after it.

        noise: Bytes by which a block had to grow to count at all.

        seconds: How long all of it took.

        trimmed: Whether free memory of the C library's allocator was returned
            before each reading.

        where: What has grown, if there was growth and one has looked.

        info: What the caller wants said first.
    """

    metric: Metric
    limit: int
    pid: int
    warmup: int
    trial: int
    blocks: tuple[Block, ...]
    noise: int
    seconds: float
    trimmed: bool = False
    where: Where | None = None
    info: str = ""

    @property
    def decisive(self) -> tuple[Block, ...]:
        """
        The last three blocks: there is growth only if each of them rose.
        """
        return self.blocks[-_DECISIVE:]

    @property
    def grows(self) -> bool:
        """
        Whether the memory grew by more than the limit for each call, and did
        not stop.
        """
        from procmem.testing.growth_course import grows

        return grows(self.blocks)

    @property
    def settled(self) -> bool:
        """
        Whether the last block neither rose nor fell by more than the limit,
        nor filled up what was free before.

        If it did and there is no growth by :attr:`grows`, then time was up
        before that could be decided.
        """
        return self.blocks[-1].rested

    @property
    def calls(self) -> int:
        """
        All calls: warm-up, trial and blocks.
        """
        return self.warmup + self.trial + sum(block.calls for block in self.blocks)

    @property
    def growth(self) -> int:
        """
        By how many bytes the memory grew in all blocks together; may be
        negative.
        """
        return self.blocks[-1].after - self.blocks[0].before

    @property
    def per_call(self) -> float:
        """
        Growth a call in bytes, over the last three blocks.
        """
        last = self.decisive
        return (last[-1].after - last[0].before) / sum(block.calls for block in last)

    @property
    def resolution(self) -> float:
        """
        The growth a call, in bytes, above which it could not have been
        missed: :attr:`noise` divided among the calls of the shortest of the
        last three blocks.  What is slower than that and above the limit may
        have been.
        """
        return self.noise / min(block.calls for block in self.decisive)

    def report(self) -> str:
        """
        The table of all blocks, and how it was measured.
        """
        from procmem.render.text import table, wrapped

        lines = [table([*_rows(self)], _ALIGNMENT, indent="  ")]
        if self.where is not None:
            lines += [self.where.report()]
        lines += [
            wrapped(f"  {note}", width=_WIDTH, indent="    ") for note in _notes(self)
        ]
        return "".join(lines)

    def summary(self) -> str:
        """
        One sentence.
        """
        scope = f"{self.metric} of pid {self.pid}"
        if self.info:
            scope = f"{self.info}: {scope}"
        limit = format_size(self.limit)
        made = sum(block.calls for block in self.blocks)
        if self.grows:
            rate = _above(self.per_call, self.limit)
            return (
                f"{scope} grows by {rate} a call, limit {limit} "
                f"(by {format_size(self.growth, decimals=1)} in {made} calls)"
            )
        if self.settled:
            return f"{scope} grows by {limit} a call at most ({made} calls)"
        return (
            f"{scope} went up and down too much to tell whether it grows by more "
            f"than {limit} a call ({made} calls)"
        )

    def __str__(self) -> str:
        return f"{self.summary()}\n{self.report()}".rstrip("\n")

    def __repr__(self) -> str:
        verdict = "grows" if self.grows else "settled" if self.settled else "unclear"
        return (
            f"{type(self).__name__}({verdict}, metric={self.metric!r}, "
            f"limit={self.limit}, per_call={self.per_call:.1f}, calls={self.calls})"
        )


@attrs.define(slots=False, repr=False)
class MemoryGrowthDetected(AssertionError):  # noqa: N818 (it is an assertion)
    """
    A function keeps more memory with each call than it may.

    Attributes:
        report: What was measured.
    """

    report: GrowthReport

    def __str__(self) -> str:
        return str(self.report)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.report!r})"


def _rows(report: GrowthReport) -> abc.Iterator[tuple[str, ...]]:
    yield _HEADINGS
    for number, block in enumerate(report.blocks, 1):
        yield (
            str(number),
            f"{block.calls:,}",
            format_size(block.before, decimals=1),
            format_size(block.after, decimals=1),
            _signed(block.growth),
            _rate(block.per_call),
            "above the limit" if block.rose else "fell" if block.fell else "",
        )


def _notes(report: GrowthReport) -> abc.Iterator[str]:
    trimmed = ", trimmed the allocator" if report.trimmed else ""
    yield (
        f"measured: {report.metric} of this process after each block, having "
        f"collected garbage{trimmed}; {report.warmup} calls to warm up, "
        f"{report.trial} to choose the length of the blocks"
    )
    yield (
        f"a block is above the limit if it grows by more than "
        f"{format_size(report.limit)} a call and more than "
        f"{format_size(report.noise)} in all; if the last {len(report.decisive)} are, "
        "memory is lost"
    )
    if report.grows:
        yield (
            f"a cache that is not full after {report.calls:,} calls looks the same: "
            "if it is one, fill it in the warm-up (warmup=...)"
        )


def _signed(size: int) -> str:
    return f"{'+' if size > 0 else ''}{format_size(size, decimals=1)}"


def _rate(rate: float) -> str:
    if abs(rate) < 1024:
        return f"{rate:+.1f} B" if rate else "0 B"
    return _signed(round(rate))


def _above(rate: float, limit: int) -> str:
    """
    *rate* as a size that never looks like the limit, which it exceeds.
    """
    text = format_size(round(rate), decimals=1)
    if rate >= 1024 and text != format_size(limit, decimals=1):
        return text
    # Rounded up, so that it stays above a whole number of bytes.
    return f"{ceil(rate * 10) / 10:.1f} B"
