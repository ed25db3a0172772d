"""
What the sum should be now, and whether it is worth a reading.

Between two readings the cheap counters show what came and went.  They do not
show everything: to write to a page that is shared with others makes another
page, to map one that others have makes none, and of a member that ended nobody
knows what it leaves to those it shared with.  What that may come to is not
added to the sum, but it is a reason to read.
"""

from __future__ import annotations

from collections import abc
from typing import NamedTuple

from procmem.testing.sampling.member import Member
from procmem.testing.sampling.sampled import Metric

__all__ = ["Course", "Expected", "expected_of"]

# What is no more than this above the last maximum is not worth a reading.
_WORTH = 256 << 10
_WORTH_PART = 64

# What may have come unseen is read when it has not grown by this part of it
# for so many seconds, or, if it keeps growing, when it has waited for long.
_GROWTH_PART = 8
_SETTLED = 0.035
_LONG = 0.25


class Expected(NamedTuple):
    """
    The sum as it should be, and how much more it may be, in bytes.
    """

    sure: int
    more: int


def expected_of(members: abc.Iterable[Member], metric: Metric) -> Expected:
    """
    What these members should have together.

    What they have newly mapped of files or shared memory may be the same
    pages, or such as others of them had: only that counts of the largest
    which is more than those have that it did not map before.
    """
    total = more = pooled = grown = 0
    growths: list[tuple[int, int]] = []
    for member in members:
        if member.cheap is None or member.twin_of is not None:
            continue
        expected = member.expected(metric)
        more += member.may_own(metric)
        mapped = 0
        if member.figures is not None and member.cheap_when_read is not None:
            mapped = member.cheap_when_read.of_others(metric)
            pooled += member.figures.of_others(metric)
        growth = min(expected, max(0, member.cheap.of_others(metric) - mapped))
        if growth:
            growths.append((growth, mapped))
            grown += growth
        total += expected
    new = max((one - max(0, pooled - mapped) for one, mapped in growths), default=0)
    new = max(0, new)
    return Expected(total - grown + new, more + grown - new)


class Course:
    """
    What was expected of the sum, tick by tick.

    Attributes:
        now: The sum that is expected.

        more: How much more it may be.
    """

    __slots__ = (
        "_before",
        "_known",
        "_left",
        "_level",
        "_more_settled",
        "_risen_at",
        "_waits_since",
        "more",
        "now",
    )

    def __init__(self) -> None:
        self.now = self.more = 0
        self._before = 0
        # The largest sum that needs not be read again, and the largest of
        # which parts were.
        self._level = self._known = 0
        # What members that ended may have left to others.
        self._left = 0
        self._more_settled = 0
        self._risen_at = 0.0
        self._waits_since: float | None = None

    def tick(self) -> None:
        """
        It was looked at, and is what it was.
        """
        self._before = self.now

    def take(self, expected: Expected, now: float) -> None:
        """
        It was looked at.

        Args:
            expected: What was found.

            now: The time.
        """
        self.now = expected.sure
        self.more = expected.more + self._left
        if self.more > self._more_settled + max(_WORTH, self.more // _GROWTH_PART):
            self._more_settled, self._risen_at = self.more, now
        self._more_settled = min(self._more_settled, self.more)
        if not self.is_promising():
            self._waits_since = None
        elif self._waits_since is None:
            self._waits_since = now

    def leave(self, size: int) -> None:
        """
        A member ended, and so much of what it had may still be there.
        """
        self._left += size

    def read(self, whole: int, expected: Expected) -> None:
        """
        It was read.

        Args:
            whole: The sum.

            expected: What is expected from now on.
        """
        self._left = self._more_settled = 0
        self._waits_since = None
        self.now, self.more = expected
        self._level = max(self._level, whole, self.now)
        self._known = max(self._known, self._level)

    def read_partly(self, expected: Expected) -> None:
        """
        Some of what was not known was read.

        Args:
            expected: What is expected from now on.
        """
        self._more_settled = 0
        self._waits_since = None
        self.now, self.more = expected.sure, expected.more + self._left
        self._known = max(self._known, self.now)

    def is_above(self) -> bool:
        """
        Whether it is above all that was read.
        """
        return self.now > self._level + self._worth()

    def is_promising(self) -> bool:
        """
        Whether it may be above all that was read, for what is not known.
        """
        worth = self._worth()
        return self.more > worth and self.now + self.more > self._known + worth

    def those_worth_reading(self, sizes: abc.Mapping[Member, int]) -> list[Member]:
        """
        Of members of which it is not known whether they have so much more,
        those that are worth a reading; none if there is more beyond them.
        """
        rest, found = self.more, list[Member]()
        for member in sorted(sizes, key=lambda one: sizes[one], reverse=True):
            if rest <= self._worth():
                break
            rest -= sizes[member]
            found.append(member)
        return found if rest <= self._worth() else []

    def promise(self) -> float:
        """
        How much more a reading may show than is known, as a part of that.
        """
        known = max(self._known, self.now, 1)
        return min(self.more, self.now + self.more - self._known) / known

    def is_settled(self, now: float) -> bool:
        """
        Whether to wait would show no more of what is not known.
        """
        return now - self._risen_at >= _SETTLED

    def waits_long(self, now: float) -> bool:
        """
        Whether it has been promising for long.
        """
        return self._waits_since is not None and now - self._waits_since >= _LONG

    def is_rising(self) -> bool:
        """
        Whether waiting may show more of what is known.
        """
        more = self.now - self._before
        return more > max(_WORTH, self.now // _WORTH_PART)

    def rose_much(self) -> bool:
        """
        Whether it should be read even though it may rise further.
        """
        return self.now > self._level * 5 // 4

    def _worth(self) -> int:
        return max(_WORTH, max(self._level, self.now) // _WORTH_PART)
