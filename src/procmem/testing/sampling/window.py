"""
One window: the largest sums that were seen since it was opened.
"""

from __future__ import annotations

from collections import abc
from typing import NamedTuple

from procmem.testing.sampling.bounds import Bounds
from procmem.testing.sampling.expecting import Course, Expected, expected_of
from procmem.testing.sampling.maxima import Maxima
from procmem.testing.sampling.member import Member
from procmem.testing.sampling.membership import Members
from procmem.testing.sampling.sampled import Sampled, Target

__all__ = ["Before", "Window"]


class Before(NamedTuple):
    """
    What was known before the members were read: what each should have, and
    all of them together, in bytes, and the page faults until then.
    """

    each: abc.Mapping[Member, int]
    together: int
    faults: int


class Window(Members):
    """
    The sums over some members, from when it is opened until it is closed.

    Args:
        target: What it looks at.

        now: When it is opened.

        page: How many bytes one page fault can bring.

        sealed: Whether nobody but its members may share what those have.
    """

    def __init__(
        self, target: Target, now: float, page: int, *, sealed: bool = True
    ) -> None:
        super().__init__(target)
        self.sealed = sealed
        self.opened = self.last_tick = now
        self.gone: tuple[int, ...] = ()
        self.ticks = self.full_reads = 0
        self.maxima = Maxima()
        self.longest_gap = 0.0
        self.course = Course()
        self._page = page
        self._bounds = Bounds(target.metric, page, sealed=sealed)

    # Members

    def end(self, member: Member, now: float, until: int) -> None:
        """
        One has ended.

        Args:
            member: Which.

            now: The time.

            until: The round of readings at whose end the marks of all others
                are no older than its end.
        """
        seen = self.alive.pop(member, None)
        if seen is None:
            return
        self._bounds.fade(seen.last_mark, until)
        if seen.counted and member.twin_of is None and member.figures is not None:
            metric = self.target.metric
            shared = min(member.figures.of(metric), member.shared(metric))
            self.course.leave(shared)
        parent = next(
            (one for one in self.seen.values() if one.member.pid == member.parent),
            None,
        )
        if parent is not None:
            # What it did after it was last seen remains to be explained.
            # If it has not been seen to inherit from its own, they have.
            inherited = max(member.faults.inherited, seen.inherited + seen.explained)
            parent.explained += member.seen_faults + inherited
            parent.child_ended = True
        elif seen.counted:
            self.roots_ended[member.pid] = now - member.last_seen
        # What it leaves of its own children to be explained.
        seen.unseen = seen.unexplained()

    def replaced(self, member: Member, faults: int) -> None:
        """
        One became another program, after so many page faults that nobody
        saw.
        """
        if member in self.alive:
            self.replaced_faults += faults
            self.course.leave(member.gave_up)

    def begin(self, now: float, round_: int) -> None:
        """
        Look for the first time.
        """
        self.take(now, round_)
        self._bounds.begin(self.counted(), self.faults())

    # Figures

    def tick(self, now: float) -> None:
        """
        It was looked at, and nothing had changed.
        """
        self.ticks += 1
        self.longest_gap = max(self.longest_gap, now - self.last_tick)
        self.last_tick = now
        self.course.tick()

    def take(self, now: float, round_: int) -> None:
        """
        It was looked at, and something had changed.
        """
        self.tick(now)
        metric = self.target.metric
        marks = 0
        for member, seen in self.alive.items():
            cheap = member.cheap
            if cheap is None or member.twin_of is not None or not seen.counted:
                continue
            seen.take(cheap, metric)
            mark = cheap.mark(metric, seen.swap)
            # A mark that fell was reset; what it was before still counts.
            marks += max(mark, seen.last_mark)
            seen.last_mark = mark
        self._bounds.take(marks, round_, self.counted())
        self.course.take(self.expected(), now)
        self.maxima.take(self.course.now)

    @property
    def was_read(self) -> bool:
        """
        Whether all members were ever read.
        """
        return self.maxima.was_read

    def copies(self) -> list[Member]:
        """
        The members to read if it is enough to read copies; otherwise none.
        """
        metric = self.target.metric
        sizes = {
            member: size
            for member in self.counted()
            if member.can_be_read_alone(metric) and (size := member.may_own(metric))
        }
        return self.course.those_worth_reading(sizes)

    def read_copies(self) -> None:
        """
        Copies were read.
        """
        self.course.read_partly(self.expected())
        self.maxima.take(self.course.now)

    def expected(self) -> Expected:
        """
        What the members should have together.
        """
        return expected_of(self.counted(), self.target.metric)

    def read(
        self,
        now: float,
        dropped: abc.Mapping[Member, int],
        before: Before,
        *,
        settled: bool,
    ) -> None:
        """
        All members were read.

        Args:
            now: The time.

            dropped: What each has given back since it was read.

            before: What was known before they were read.

            settled: Whether nobody came or went meanwhile.
        """
        metric = self.target.metric
        at: dict[int, int] = {}
        whole = 0
        for member, seen in self.alive.items():
            if member.figures is None or not member.was_read or member.ended:
                continue
            if member.twin_of is not None or member.cheap is None:
                continue
            if not seen.counted:
                continue
            figure = member.figures.of(metric)
            whole += figure
            if not self.was_read and settled:
                # What it counted and shares: it did so before, too.
                more = max(0, before.each.get(member, 0) - figure)
                seen.estimate = max(0, seen.estimate - more)
            figure = max(0, figure - dropped.get(member, 0))
            at[member.pid] = figure
            seen.read(figure)
        if settled and not self.was_read:
            self.maxima.read_first(max(0, before.together - whole))
        self.full_reads += bool(at)
        if settled:
            # Else those who came may have had a part of it, and it is not all.
            kept = whole + sum(dropped.values())
            self._bounds.read(kept, before.faults, self.counted())
        if any(member.denied for member in self.counted()):
            # Not a sum of all.
            self.spoil()
        self.maxima.read(at, now - self.opened)
        self.course.read(whole, self.expected())
        self.maxima.last = self.course.now or self.maxima.last

    def before(self) -> Before:
        """
        What is known.
        """
        return Before(self.expected_each(), self.expected().sure, self.faults())

    def spoil(self) -> None:
        """
        A member ended and left no word: page faults do not tell what it had.
        """
        self._bounds.spoil()

    # The end

    def sampled(self, now: float, error: int) -> Sampled:
        """
        What was seen.

        Args:
            now: The time.

            error: How far a mark can be from the truth.
        """
        seconds = now - self.opened
        unobserved, maybe, notes = self.unobserved(self._page)
        maxima = self.maxima
        estimate = maxima.estimate
        upper = self._bounds.end(self.faults())
        if upper is not None:
            # The bounds are those of counters that may be a little behind.
            upper = max(upper, estimate or 0, maxima.lower or 0)
        return Sampled(
            metric=self.target.metric,
            lower=maxima.lower,
            estimate=estimate,
            upper=upper,
            last=maxima.last,
            at=maxima.at,
            at_seconds=maxima.at_seconds,
            ticks=self.ticks,
            full_reads=self.full_reads,
            seconds=seconds,
            longest_gap=max(self.longest_gap, now - self.last_tick),
            interval=seconds / self.ticks if self.ticks else seconds,
            members=tuple(
                seen.peak(self.opened) for seen in self.seen.values() if seen.counted
            ),
            unobserved=unobserved,
            unobserved_children=maybe,
            error=error,
            denied=tuple(m.pid for m in self.seen if m.denied),
            complete=not any(m.denied for m in self.seen),
            gone=self.gone,
            notes=tuple(notes),
        )
