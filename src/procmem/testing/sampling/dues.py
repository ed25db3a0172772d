"""
Which members are to be read in full now, and whether that can be paid for.
"""

from __future__ import annotations

from collections import abc
from typing import NamedTuple

from procmem.testing.sampling.member import Member
from procmem.testing.sampling.pace import Pace
from procmem.testing.sampling.window import Window

__all__ = ["Dues"]

# Seconds of processor time for each byte of a rollup, and for each rollup,
# before anything was measured.
_PER_BYTE = 0.010 / (1 << 30)
_PER_ROLLUP = 0.0001

# So many bytes tell what one costs.
_TELLING = 1 << 26

# While the sum rises, a reading is soon overtaken: leave something for the top.
_RISING = 4

# What the first reading of a window promises, at the least.
_FIRST = 1 / 32


class Due(NamedTuple):
    """
    What is due: members of windows all of whose members are to be read, and
    copies that are to be read alone.
    """

    members: list[Member]
    copies: list[Member]


class Dues:
    """
    What is due.

    Args:
        pace: Whose purse it is.

    Attributes:
        is_wanted: Whether a reading is wanted, and was too dear so far.
    """

    __slots__ = ("_pace", "_per_byte", "is_wanted")

    def __init__(self, pace: Pace) -> None:
        self.is_wanted = True
        self._pace = pace
        self._per_byte = _PER_BYTE

    def find(
        self, windows: abc.Iterable[Window], now: float, *, last: bool = False
    ) -> Due:
        """
        What to read now.

        Args:
            windows: Whose.

            now: The time.

            last: Whether to wait is not possible.
        """
        costs = [(window, self._cost(window.counted())) for window in windows]
        self._pace.fill(now, max((cost for _, cost in costs), default=0.0))
        due: dict[Member, None] = {}
        copies: dict[Member, None] = {}
        self.is_wanted = is_first = False
        for_all = for_copies = 0.0
        for window, cost in costs:
            course = window.course
            wants = self._is_above(window, cost)
            promises = course.is_promising()
            self.is_wanted |= promises or window.has_unread() or course.is_above()
            is_first |= not window.was_read
            if promises and (last or course.is_settled(now)):
                promise = course.promise()
                # All of them at once is better.
                rich = self._pace.affords_all(cost, promise)
                if some := [] if rich else window.copies():
                    copies.update(dict.fromkeys(some))
                    for_copies = max(for_copies, promise)
                else:
                    wants = True
                    for_all = max(for_all, promise)
            elif promises:
                much = 1 if course.waits_long(now) else _RISING
                wants |= self._pace.affords(much * cost)
            if wants:
                due.update(dict.fromkeys(window.counted()))
        # The first reading of a window is what all that follows is added to:
        # it may be paid for later.
        if is_first:
            for_all = max(for_all, _FIRST)
        if not self._pace.affords(self._cost(due), for_all):
            due.clear()
        if not self._pace.affords(self._cost(copies), for_copies):
            copies.clear()
        return Due(list(due), [one for one in copies if one not in due])

    def _is_above(self, window: Window, cost: float) -> bool:
        """
        Whether to read for what is known.
        """
        course = window.course
        if not (window.has_unread() or course.is_above()):
            return False
        if window.was_read and course.is_rising():
            return course.rose_much() and self._pace.affords(_RISING * cost)
        return True

    def pay(self, spent: float, members: abc.Collection[Member]) -> None:
        """
        These were read.

        Args:
            spent: Seconds of processor time.

            members: Who.
        """
        self._pace.pay(spent)
        size = sum(one.cheap.rss for one in members if one.cheap)
        if size > _TELLING:
            self._per_byte += (spent / size - self._per_byte) / 4

    def _cost(self, members: abc.Collection[Member]) -> float:
        size = sum(one.cheap.rss for one in members if one.cheap)
        return len(members) * _PER_ROLLUP + size * self._per_byte
