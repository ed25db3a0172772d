"""
One window: the largest sums that were seen since it was opened.
"""

from __future__ import annotations

from collections import abc

from procmem.testing.sampling.bounds import Bounds
from procmem.testing.sampling.member import Member
from procmem.testing.sampling.sampled import Sampled, Target
from procmem.testing.sampling.seen import Seen

__all__ = ["Window"]

# What is no more than this above the last maximum is not worth a reading.
_WORTH = 256 << 10
_WORTH_PART = 64

# A child that had fewer page faults than this had next to no memory: to end
# alone takes a forked process more.
_FEW_FAULTS = 16


class Window:
    """
    The sums over some members, from when it is opened until it is closed.

    Args:
        target: What it looks at.

        now: When it is opened.

        page: How many bytes one page fault can bring.
    """

    def __init__(self, target: Target, now: float, page: int) -> None:
        self.target = target
        self.opened = self.last_tick = now
        self.seen: dict[Member, Seen] = {}
        self.alive: dict[Member, Seen] = {}
        self.gone: tuple[int, ...] = ()
        self.ticks = self.full_reads = self.unknown_births = 0
        self.was_read = False
        self.longest_gap = 0.0
        self.now_expected = self.before_expected = 0
        self._page = page
        self._lower: int | None = None
        self._estimate: int | None = None
        # The same before the first full reading: all that is counted.
        self._unread: int | None = None
        self._last: int | None = None
        self._at: dict[int, int] = {}
        self._at_seconds: float | None = None
        # The largest sum that needs not be read again.
        self._read_level = 0
        self._bounds = Bounds(target.metric, page)
        self._replaced = 0
        self._roots_ended: dict[int, float] = {}

    # Members

    def join(
        self, member: Member, now: float, *, born: bool, counted: bool = True
    ) -> None:
        """
        Look at one more.

        Args:
            member: Which.

            now: The time.

            born: Whether it was born since the window was opened.

            counted: Whether it is more than the parent of others.
        """
        if member not in self.seen:
            seen = Seen(member, now, born=born, counted=counted)
            self.seen[member] = self.alive[member] = seen

    def drop(self, member: Member) -> None:
        """
        Forget one that should never have been a member.
        """
        self.seen.pop(member, None)
        self.alive.pop(member, None)

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
        parent = next(
            (one for one in self.seen.values() if one.member.pid == member.parent),
            None,
        )
        if parent is not None:
            # What it did after it was last seen remains to be explained.
            parent.explained += member.seen_faults + member.faults.inherited
            parent.child_ended = True
        elif seen.counted:
            self._roots_ended[member.pid] = now - member.last_seen
        # What it leaves of its own children to be explained.
        seen.unseen = seen.unexplained()

    def replaced(self, member: Member, faults: int) -> None:
        """
        One became another program, after so many page faults that nobody
        saw.
        """
        if member in self.alive:
            self._replaced += faults

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
        self.before_expected = self.now_expected

    def take(self, now: float, round_: int) -> None:
        """
        It was looked at, and something had changed.
        """
        self.tick(now)
        metric = self.target.metric
        expected = marks = 0
        for member, seen in self.alive.items():
            cheap = member.cheap
            if cheap is None or member.twin_of is not None or not seen.counted:
                continue
            expected += seen.take(cheap, metric)
            mark = cheap.mark(metric, seen.swap)
            # A mark that fell was reset; what it was before still counts.
            marks += max(mark, seen.last_mark)
            seen.last_mark = mark
        self._bounds.take(marks, round_)
        self.now_expected = expected
        if expected:
            self._last = expected
        # Who was there before the window may share all that it counts, until
        # it is read.
        if self.was_read:
            self._estimate = max(self._estimate or 0, expected)
        else:
            self._unread = max(self._unread or 0, expected)

    def counted(self) -> list[Member]:
        """
        The members whose figures are summed.
        """
        return [member for member, seen in self.alive.items() if seen.counted]

    def wants_reading(self) -> bool:
        """
        Whether the sum is above all that was read, or may be.
        """
        level = self._read_level
        if self.has_unread():
            return True
        return self.now_expected > level + max(_WORTH, level // _WORTH_PART)

    def has_unread(self) -> bool:
        """
        Whether there is a member of which nothing is known but what it
        counts, all of which may be shared.
        """
        return any(
            not member.was_read
            and not member.denied
            and member.cheap is not None
            and member.twin_of is None
            for member in self.counted()
        )

    def is_rising(self) -> bool:
        """
        Whether waiting may show more.
        """
        more = self.now_expected - self.before_expected
        return more > max(_WORTH, self.now_expected // _WORTH_PART)

    def rose_much(self) -> bool:
        """
        Whether it should be read even though it may rise further.
        """
        return self.now_expected > self._read_level * 5 // 4

    def expected(self) -> dict[Member, int]:
        """
        What each member should have now.
        """
        metric = self.target.metric
        return {member: member.expected(metric) for member in self.counted()}

    def read(
        self,
        now: float,
        dropped: abc.Mapping[Member, int],
        expected: abc.Mapping[Member, int],
        faults: int,
    ) -> None:
        """
        All members were read.

        Args:
            now: The time.

            dropped: What each has given back since it was read.

            expected: What each should have had, before it was read.

            faults: All page faults until before they were read.
        """
        metric = self.target.metric
        at: dict[int, int] = {}
        whole = shared = 0
        for member, seen in self.alive.items():
            if member.figures is None or not member.was_read or member.ended:
                continue
            if member.twin_of is not None or member.cheap is None:
                continue
            if not seen.counted:
                continue
            figure = member.figures.of(metric)
            whole += figure
            if not self.was_read:
                # What it counted and shares: it did so before, too.
                more = max(0, expected.get(member, 0) - figure)
                seen.estimate = max(0, seen.estimate - more)
                shared += more
            figure = max(0, figure - dropped.get(member, 0))
            at[member.pid] = figure
            seen.read(figure)
        lower = sum(at.values())
        if not self.was_read and self._unread is not None:
            self._estimate = max(0, self._unread - shared)
        self.was_read = True
        self.full_reads += bool(at)
        self._bounds.read(whole, faults)
        if any(member.denied for member in self.counted()):
            # Not a sum of all.
            self.spoil()
        if at and (self._lower is None or lower > self._lower):
            self._lower, self._at, self._at_seconds = lower, at, now - self.opened
        self._estimate = max(self._estimate or 0, lower)
        self._read_level = max(self._read_level, whole, self.now_expected)

    def faults(self) -> int:
        """
        The page faults of all members and of the children they waited for.
        """
        return sum(
            sum(member.faults) if seen.counted else member.faults.inherited
            for member, seen in self.alive.items()
        )

    def spoil(self) -> None:
        """
        Members came or went while they were read, or ended and left no word:
        page faults do not tell what they had.
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
        unseen = [
            seen.unseen if seen.member.ended else seen.unexplained()
            for seen in self.seen.values()
        ]
        unobserved: int | None = (sum(unseen) + self._replaced) * self._page
        maybe = self.unknown_births > 0 and any(
            count > (_FEW_FAULTS if seen.child_ended else 0)
            for count, seen in zip(unseen, self.seen.values(), strict=True)
        )
        notes: list[str] = []
        if self.unknown_births and any(
            seen.member.ignores_children for seen in self.seen.values()
        ):
            unobserved, maybe = None, True
            notes.append(
                "A process ignores SIGCHLD, so that the kernel does not count "
                "what its children had."
            )
        notes += [
            f"Process {pid} ended; its last {gap * 1000:.0f} ms were not seen."
            for pid, gap in self._roots_ended.items()
        ]
        estimate = self._estimate if self.was_read else self._unread
        upper = self._bounds.end(self.faults())
        if upper is not None:
            # The bounds are those of counters that may be a little behind.
            upper = max(upper, estimate or 0, self._lower or 0)
        return Sampled(
            metric=self.target.metric,
            lower=self._lower,
            estimate=estimate,
            upper=upper,
            last=self._last,
            at=self._at,
            at_seconds=self._at_seconds,
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
