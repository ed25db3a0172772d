"""
``Measurement``: what a block of code cost, from its start to its end.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING

import attrs

from procmem.errors import ProcmemError, UnsupportedError
from procmem.sizes import Size, format_size
from procmem.testing.limits import Limits, Metric
from procmem.testing.parts import Parts, ProcessFigures, figure_of, process_figures
from procmem.testing.reading import Reading

if TYPE_CHECKING:
    from procmem.differences.diff import Diff
    from procmem.evidence import Evidence
    from procmem.flags import MappingKind
    from procmem.groups.group import Group
    from procmem.model.mapping import Mapping
    from procmem.model.usage import Usage
    from procmem.testing.outsiders import Outsiders

__all__ = ["Measurement"]


@attrs.frozen(eq=False, repr=False)
class Measurement:
    """
    What a block of code cost.

    A budget gives it when its block begins, and it is complete when the block
    has ended; until then only :attr:`before` and what belongs to it are
    there, and everything else is a :exc:`RuntimeError`.  All sizes are bytes.
    What the kernel printed is kept as it is and taken apart when asked for.
    """

    _parts: Parts = attrs.field(alias="parts")

    @property
    def metric(self) -> Metric:
        """
        What was counted.
        """
        return self._parts.limits.metric

    @property
    def limits(self) -> Limits:
        """
        The limits of the budget.
        """
        return self._parts.limits

    @property
    def info(self) -> str:
        """
        What whoever set the budget said about it.
        """
        return self._parts.info

    @property
    def subject(self) -> str:
        """
        Of whom: ``"pid 4711 + 4 children"``.
        """
        reading = self._parts.exit or self._parts.entry
        pids = reading.pids
        if self._parts.root is None:
            return f"{len(pids)} process{'es' * (len(pids) != 1)}"
        count = sum(pid != self._parts.root for pid in pids)
        children = "1 child" if count == 1 else f"{count} children"
        return (
            f"pid {self._parts.root} + {children}"
            if count
            else f"pid {self._parts.root}"
        )

    @property
    def ended(self) -> bool:
        """
        Whether the block has ended, and this is complete.
        """
        return self._parts.exit is not None

    @property
    def before(self) -> int:
        """
        At the start of the block.
        """
        return Size(figure_of(self._started, self.metric)[0])

    @property
    def after(self) -> int:
        """
        At the end of the block.

        A lower bound where memory is shared with a process that is not
        measured: see :attr:`upper`.
        """
        return self.lower

    @property
    def growth(self) -> int:
        """
        :attr:`after` less :attr:`before`; negative if memory was given back.
        """
        return Size(self.after - self.before)

    @property
    def lower(self) -> int:
        """
        What it cost at the end at least.
        """
        return Size(figure_of(self._ended, self.metric)[0])

    @property
    def upper(self) -> int:
        """
        What it cost at the end at most: more than :attr:`lower` where memory
        is shared with a process that is not measured (:attr:`outsiders`) and
        the kernel divided it with that, or where it prints no totals.
        """
        upper = figure_of(self._ended, self.metric)[1]
        if self._parts.outsiders is not None:
            upper += self._parts.outsiders.at_most
        return Size(upper)

    @property
    def growth_upper(self) -> int:
        """
        What :attr:`growth` may be at most.
        """
        if self.upper == self.lower:
            return self.growth
        # What came unshared meanwhile was divided before and is whole now.
        written = _private(self._ended) - _private(self._started)
        return Size(max(self.upper - self.before, self.growth, written))

    @property
    def swap(self) -> int | None:
        """
        Swapped out at the end, divided by its users (swap PSS); None if the
        kernel does not tell.
        """
        return _or_none(self._ended, "swap_pss", 0)

    @property
    def swap_upper(self) -> int | None:
        """
        The same at most.
        """
        return _or_none(self._ended, "swap_pss", 1)

    @property
    def hugetlb(self) -> int | None:
        """
        Pages of hugetlbfs at the end, which no metric counts; None if the
        kernel does not tell.

        Those that several of the processes map count once for the one that
        maps most of them: the least that there can be.
        """
        texts = self._ended.counted
        private = [text.amount("private_hugetlb") for text in texts]
        shared = [text.amount("shared_hugetlb") for text in texts]
        if None in private or None in shared:
            return None
        most = max((value or 0 for value in shared), default=0)
        return Size(sum(value or 0 for value in private) + most)

    @property
    def hugetlb_upper(self) -> int | None:
        """
        The same at most: no two processes map the same ones.
        """
        shared = _or_none(self._ended, "shared_hugetlb", 1)
        private = _or_none(self._ended, "private_hugetlb", 1)
        return None if shared is None or private is None else Size(shared + private)

    @property
    def peak(self) -> int | None:
        """
        The most during the block, as the best estimate; None if nobody
        looked.  It is never less than the figures at both ends.
        """
        return None if self._parts.peak is None else Size(self._parts.peak.best)

    @property
    def peak_lower(self) -> int | None:
        """
        What was certainly there at some moment; None if nobody looked.
        """
        return None if self._parts.peak is None else Size(self._parts.peak.lower)

    @property
    def peak_upper(self) -> int | None:
        """
        What the peak may have been at most; None if that is not known.
        """
        if self._parts.peak is None or self._parts.peak.upper is None:
            return None
        return Size(self._parts.peak.upper)

    @property
    def samples(self) -> int:
        """
        How often somebody looked between start and end.
        """
        return 0 if self._parts.peak is None else self._parts.peak.samples

    @property
    def unobserved(self) -> int | None:
        """
        What children that lived between two samples may have had, at most;
        0 if there were none, None if nobody looked or it is not known.
        """
        return None if self._parts.peak is None else self._parts.peak.unobserved

    @property
    def pids(self) -> tuple[int, ...]:
        """
        The processes that were there at the end.
        """
        return self._ended.pids

    @property
    def unreadable(self) -> abc.Mapping[int, ProcmemError]:
        """
        The processes that could not be read at the end, with the reason.
        """
        return self._ended.unreadable

    @property
    def unreadable_before(self) -> abc.Mapping[int, ProcmemError]:
        """
        The same at the start.
        """
        return self._started.unreadable

    @property
    def complete(self) -> bool:
        """
        Whether every process was read at the end.
        """
        return not self._ended.unreadable

    @property
    def exact(self) -> bool:
        """
        Whether :attr:`after` is the figure itself and not only a bound.
        """
        return self.complete and self.lower == self.upper

    @property
    def outsiders(self) -> Outsiders | None:
        """
        Who shares memory with the processes that were measured and is not
        one of them; None if nobody does.
        """
        return self._parts.outsiders

    @property
    def missing(self) -> tuple[str, ...]:
        """
        What this should have and has not, as phrases.
        """
        gaps = [f"process {pid}: {why}" for pid, why in self.unreadable.items()]
        if self._parts.outsiders is not None:
            gaps += self._parts.outsiders.missing
        return tuple(gaps)

    @property
    def by_pid(self) -> dict[int, ProcessFigures]:
        """
        Each process before and after, by its pid.

        Of two processes that had one pid after each other, the later.
        """
        before = {text.identity: text for text in self._started.counted}
        after = {text.identity: text for text in self._ended.counted}
        peaks: abc.Mapping[int, int] = {}
        if self._parts.peak is not None:
            peaks = self._parts.peak.by_pid
        return {
            identity[0]: process_figures(
                before.get(identity), after.get(identity), self.metric, peaks
            )
            for identity in [*before, *(one for one in after if one not in before)]
        }

    @property
    def by_kind(self) -> dict[MappingKind, Usage]:
        """
        What each kind of mapping had at the end.

        Raises:
            UnsupportedError: If the mappings of a process were not read.
        """
        from procmem import accounting

        mappings: list[Mapping] = []
        for text in self._ended.counted:
            found = text.mappings()
            if found is None and text.totals:
                raise UnsupportedError("smaps", "a budget that keeps details")
            mappings += found or ()
        return accounting.by_kind(mappings)

    @property
    def usage(self) -> Usage:
        """
        All counters at the end, added up over the processes.
        """
        return _usage(self._ended)

    @property
    def usage_before(self) -> Usage:
        """
        All counters at the start, added up over the processes.
        """
        return _usage(self._started)

    @property
    def seconds(self) -> float | None:
        """
        How long the block took; None if it has not ended.
        """
        return self._parts.seconds

    @property
    def evidence(self) -> Evidence:
        """
        What was read, how long that took, and what is missing.
        """
        from procmem.evidence import Evidence

        ended = self._ended
        files = {text.file for text in ended.texts if text.totals}
        if any(text.smaps for text in ended.texts):
            files.add("smaps")
        bounds: dict[str, tuple[int, int]] = {}
        if not self.exact:
            bounds[self.metric] = (self.lower, self.upper)
        return Evidence(
            method="kernel",
            files=(*sorted(files, reverse=True), "stat", "status"),
            seconds=ended.seconds + self._started.seconds,
            missing=self.missing,
            bounds=bounds,
            notes=() if self._parts.peak is None else self._parts.peak.notes,
        )

    @property
    def diff(self) -> Diff:
        """
        What changed, mapping by mapping where those were read.
        """
        return self.group - self.group_before

    @property
    def group(self) -> Group:
        """
        The processes at the end.
        """
        from procmem.testing.grouping import as_group

        return as_group(self._ended)

    @property
    def group_before(self) -> Group:
        """
        The processes at the start.
        """
        from procmem.testing.grouping import as_group

        return as_group(self._started)

    def report(self) -> str:
        """
        All of it as text for people.
        """
        from procmem.testing.message import report

        return report(self)

    @property
    def _started(self) -> Reading:
        return self._parts.entry

    @property
    def _ended(self) -> Reading:
        if self._parts.exit is None:
            msg = "the block has not ended yet"
            raise RuntimeError(msg)
        return self._parts.exit

    def __repr__(self) -> str:
        name = type(self).__name__
        if self._parts.exit is None:
            return f"<{name} of {self.subject}, still going on>"
        try:
            after = format_size(self.after, decimals=1)
            sign = "-" if self.growth < 0 else "+"
            growth = format_size(abs(self.growth), decimals=1)
            least = "" if self.exact else "at least "
        except UnsupportedError:
            return f"<{name}: {self.metric} of {self.subject} is not known here>"
        return (
            f"<{name}: {self.metric} of {self.subject} is {least}{after}, "
            f"{sign}{growth}>"
        )


def _or_none(reading: Reading, name: str, which: int) -> int | None:
    try:
        return Size(figure_of(reading, name)[which])
    except UnsupportedError:
        return None


def _private(reading: Reading) -> int:
    return sum(text.amount("private_dirty") or 0 for text in reading.counted)


def _usage(reading: Reading) -> Usage:
    from procmem.model.usage import Usage, add_up

    usages = [text.usage() for text in reading.counted]
    return add_up(usages) if usages else Usage.zero()
