"""
How much the sum over the members can have been at most.

Between two full readings nobody knows, but two things are known of it, and the
lower of both holds:

* No process had more than its high-water mark, and what it had swapped out.
* Whatever is not mapped from a file comes by page faults, and the kernel counts
  them, those of children too that nobody saw: what was read, and a page for
  each fault since.  (A fork makes no memory: what was one's is then divided.)
"""

from __future__ import annotations

from collections import abc
from typing import NamedTuple

from procmem.testing.sampling.member import Member
from procmem.testing.sampling.sampled import Metric

__all__ = ["Bounds"]


class _Faded(NamedTuple):
    """
    The mark of a member that has ended, which still counts in this round.
    """

    mark: int
    until: int


class _First(NamedTuple):
    """
    What the members had when the window was opened, by their cheap counters.
    """

    cheap: dict[Member, int]
    faults: int


class Bounds:
    """
    The upper bound of the sum since the window was opened.

    Args:
        metric: What is summed.

        page: How many bytes one page fault can bring.
    """

    __slots__ = (
        "_by_faults",
        "_by_marks",
        "_faded",
        "_first",
        "_metric",
        "_page",
        "_upper",
    )

    def __init__(self, metric: Metric, page: int) -> None:
        self._metric: Metric = metric
        self._page = page
        # Of what was before the last full reading; and since, by each way,
        # that by faults without those until now.
        self._upper: int | None = None
        self._by_marks: int | None = None
        self._by_faults: int | None = None
        self._faded: list[_Faded] = []
        # What it began with, until there is a first full reading.
        self._first: _First | None = None

    def begin(self, members: abc.Iterable[Member], faults: int) -> None:
        """
        The window was opened, and nothing is read.

        Args:
            members: Those there are.

            faults: All their page faults until now.
        """
        cheap = {m: m.cheap.of(self._metric) for m in members if m.cheap is not None}
        self._first = _First(cheap, faults)
        self._by_faults = sum(cheap.values()) - faults * self._page

    def fade(self, mark: int, until: int) -> None:
        """
        A member ended.  Its mark is added to those of others until theirs
        are no older than its end.
        """
        self._faded.append(_Faded(mark, until))

    def take(self, marks: int, round_: int) -> None:
        """
        The sum of the marks at a tick.
        """
        self._faded = [one for one in self._faded if one.until > round_]
        marks += sum(one.mark for one in self._faded)
        self._by_marks = max(self._by_marks or 0, marks)

    def spoil(self) -> None:
        """
        Members came or went while they were read, or ended and left no word:
        page faults do not tell what they had.
        """
        self._by_faults = self._first = None

    def read(self, whole: int, faults: int) -> None:
        """
        The sum was read.

        Args:
            whole: The sum.

            faults: All page faults until before.
        """
        self._end_span(faults, whole)
        self._by_faults = whole - faults * self._page
        self._first = None

    def end(self, faults: int) -> int | None:
        """
        The bound; None if nobody ever had memory.

        Args:
            faults: All page faults until now.
        """
        self._end_span(faults, None)
        return self._upper

    def _end_span(self, faults: int, whole: int | None) -> None:
        bounds = [] if self._by_marks is None else [self._by_marks]
        # What is mapped from files comes several pages a fault.
        if self._by_faults is not None and self._metric == "footprint":
            bounds.append(self._by_faults + faults * self._page)
            if self._first is not None and whole is not None:
                bounds.append(whole + self._lost_since(self._first, faults))
        if bounds:
            self._upper = max(self._upper or 0, min(bounds))
        self._by_marks = None

    def _lost_since(self, first: _First, faults: int) -> int:
        """
        What the members can have given back at most since the window was
        opened: what they have less, and twice what came meanwhile, because
        that may have been given back and have come again.
        """
        less = sum(
            max(0, before - (member.cheap.of(self._metric) if member.cheap else 0))
            for member, before in first.cheap.items()
        )
        return less + 2 * (faults - first.faults) * self._page
