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
from pathlib import Path
from typing import NamedTuple

from procmem.testing.sampling.member import Member
from procmem.testing.sampling.sampled import Metric

__all__ = ["Bounds", "fault_size"]

_HUGE = Path("/sys/kernel/mm/transparent_hugepage")


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


class _Base(NamedTuple):
    """
    What a member had when it was read, and its page faults until then.
    """

    size: int
    faults: int


class Bounds:
    """
    The upper bound of the sum since the window was opened.

    Args:
        metric: What is summed.

        page: How many bytes one page fault can bring.

        sealed: Whether nobody else may share what the members have: what is
            shared becomes theirs without a page fault when others end.
    """

    __slots__ = (
        "_bases",
        "_by_faults",
        "_by_marks",
        "_excess",
        "_faded",
        "_first",
        "_metric",
        "_page",
        "_sealed",
        "_upper",
    )

    def __init__(self, metric: Metric, page: int, *, sealed: bool = True) -> None:
        self._metric: Metric = metric
        self._page = page
        # What is mapped from files comes several pages a fault.
        self._sealed = sealed and metric == "footprint"
        # Of what was before the last full reading; and since, by each way,
        # that by faults without those until now.
        self._upper: int | None = None
        self._by_marks: int | None = None
        self._by_faults: int | None = None
        self._faded: list[_Faded] = []
        # By how much the counters of each rose at most since, beyond what its
        # page faults explain: huge pages that were asked for, and shared
        # memory, which comes several pages a fault.
        self._bases: dict[Member, _Base] = {}
        self._excess: dict[Member, int] = {}
        # What it began with, until there is a first full reading.
        self._first: _First | None = None

    def begin(self, members: abc.Iterable[Member], faults: int) -> None:
        """
        The window was opened, and nothing is read.

        Args:
            members: Those there are.

            faults: All their page faults until now.
        """
        members = list(members)
        cheap = {m: m.cheap.of(self._metric) for m in members if m.cheap is not None}
        self._first = _First(cheap, faults)
        if self._sealed:
            self._begin_span(sum(cheap.values()), members, faults)

    def fade(self, mark: int, until: int) -> None:
        """
        A member ended.  Its mark is added to those of others until theirs
        are no older than its end.
        """
        self._faded.append(_Faded(mark, until))

    def take(self, marks: int, round_: int, members: abc.Iterable[Member]) -> None:
        """
        What there was at a tick.

        Args:
            marks: The sum of the marks.

            round_: The round of readings.

            members: Who was there.
        """
        self._faded = [one for one in self._faded if one.until > round_]
        marks += sum(one.mark for one in self._faded)
        self._by_marks = max(self._by_marks or 0, marks)
        if self._by_faults is None:
            return
        for member in members:
            if member.cheap is None or member.twin_of is not None:
                continue
            size, faults = member.cheap.of(self._metric), member.faults.own
            base = self._bases.get(member)
            if base is None:
                # What a copy began with was there before.
                base = _Base(size, faults) if member.is_copy else _Base(0, 0)
                self._bases[member] = base
            excess = size - base.size - (faults - base.faults) * self._page
            if excess > self._excess.get(member, 0):
                self._excess[member] = excess

    def spoil(self) -> None:
        """
        A member ended and left no word: page faults do not tell what it had.
        """
        self._by_faults = self._first = None

    def read(self, whole: int, faults: int, members: abc.Iterable[Member]) -> None:
        """
        The sum was read.

        Args:
            whole: The sum.

            faults: All page faults until before.

            members: Who was read.
        """
        self._end_span(faults, whole)
        if self._sealed:
            self._begin_span(whole, members, faults)
        self._first = None

    def _begin_span(
        self, whole: int, members: abc.Iterable[Member], faults: int
    ) -> None:
        self._by_faults = whole - faults * self._page
        self._excess.clear()
        self._bases = {
            member: _Base(
                (member.cheap_when_read or member.cheap).of(self._metric),
                member.faults.own,
            )
            for member in members
            if member.cheap is not None
        }

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
        if self._by_faults is not None:
            brought = faults * self._page + sum(self._excess.values())
            bounds.append(self._by_faults + brought)
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


def fault_size(page_size: int) -> int:
    """
    How many bytes one page fault can bring at most.

    Huge pages come without being asked for where they are ``always``.  Where
    they are for those who ask, few do.
    """
    sizes = [page_size]
    try:
        always = "[always]" in (_HUGE / "enabled").read_text()
        if always:
            sizes.append(int((_HUGE / "hpage_pmd_size").read_text()))
        # Since Linux 6.8 there are several sizes.
        for folder in _HUGE.glob("hugepages-*kB"):
            enabled = (folder / "enabled").read_text()
            if "[always]" in enabled or (always and "[inherit]" in enabled):
                sizes.append(int(folder.name[len("hugepages-") : -len("kB")]) << 10)
    except (OSError, ValueError):
        pass
    return max(sizes)
