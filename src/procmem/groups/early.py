"""
Reading members while others are still being looked for.

Whoever is found can be read by another thread at once: looking for the others
is Python's work, reading is the kernel's.

There is one thing to mind.  Which members have one address space is asked when
all are known (:mod:`procmem.groups.twins`), and that is to be before any of
them is read: one that becomes another program after it was read, and before
one has asked, would count with memory that another counts with, too.  So
whoever was read early is looked at again when one has asked: a process that
lies in memory as it did has not become another program.
"""

from __future__ import annotations

import time
from collections import abc
from contextlib import suppress

from procmem.errors import ProcmemError
from procmem.groups.helper import Helper
from procmem.groups.reading import Taken
from procmem.groups.seats import Seat

__all__ = ["Early"]


class Early:
    """
    Reads one member after the other.

    Args:
        read: Reads one.

        is_large: Whether one takes long enough to be worth a thread.

    Attributes:
        helper: The thread.

        began: When it could begin, in seconds since the epoch.

        started: The same by the clock that measures how long it takes.
    """

    __slots__ = (
        "_begun",
        "_is_large",
        "_read",
        "_taken",
        "began",
        "helper",
        "started",
    )

    def __init__(
        self,
        read: abc.Callable[[Seat], Taken],
        *,
        is_large: abc.Callable[[Seat], bool],
    ) -> None:
        self._read = read
        self._is_large = is_large
        self._begun: list[Seat] = []
        self._taken: dict[Seat, Taken] = {}
        self.helper = Helper()
        self.began = time.time()
        self.started = time.perf_counter()

    def offer(self, seat: Seat) -> None:
        """
        Have a member read that is held, if there is time.
        """
        if self._is_large(seat) and self.helper.is_free:
            self.helper.do(lambda: self._work(seat))

    def _work(self, seat: Seat) -> None:
        self._begun.append(seat)
        # Whatever goes wrong does so again when it is read in its turn.
        with suppress(Exception):
            self._taken[seat] = self._read(seat)

    def stop(self, members: abc.Iterable[Seat]) -> list[Seat]:
        """
        Begin with no other.

        Args:
            members: Who still belongs.

        Returns:
            Those of them that were begun with and are what they were.
        """
        self.helper.drop()
        begun = set(self._begun)
        return [seat for seat in members if seat in begun and _is_the_same(seat)]

    def wait(self) -> abc.Mapping[Seat, Taken]:
        """
        Begin with no other, wait until the last is done, and give what was
        read of each.
        """
        self.helper.drop()
        self.helper.join()
        return self._taken


def _is_the_same(seat: Seat) -> bool:
    before = seat.identity
    try:
        seat.refresh()
    except ProcmemError:
        return False
    return before.layout == seat.identity.layout
