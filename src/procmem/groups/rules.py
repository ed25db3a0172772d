"""
The rules by which a group looks for its members, and the simplest of them.
"""

from __future__ import annotations

import re
from collections import abc
from typing import Protocol

from procmem.errors import ParseError, ProcessGoneError, ProcmemError
from procmem.groups.deadline import Deadline
from procmem.groups.member import Member
from procmem.groups.seats import Roster, Seat
from procmem.sources.base import PinnedProcess, Source

__all__ = [
    "HIDDEN",
    "SAMPLER",
    "TOO_LATE",
    "Named",
    "Rule",
]

SAMPLER = "procmem-sampler"
"""The name that a process of procmem itself gives itself while it watches
others: no group has it as a member, unless by its number."""

HIDDEN = "processes of other users, which this proc file system hides"
TOO_LATE = "processes that were not looked for in time"

_TGID = re.compile(rb"\nTgid:\t([0-9]{1,10})\n")


class Rule(Protocol):
    """
    Who belongs to a group.
    """

    def look(self, roster: Roster, deadline: Deadline) -> None:
        """
        Add to *roster* who belongs and is not there yet.

        Those that are there have just been looked at
        (:meth:`Roster.refresh`).
        """
        ...


class Named:
    """
    Processes that somebody has named, once and for all.

    Args:
        pids: Their numbers; or pinned processes, which are not let go; or
            members of an earlier group.
    """

    __slots__ = ("_pids",)

    def __init__(self, pids: abc.Iterable[int | PinnedProcess | Member]) -> None:
        self._pids = tuple(pids)

    def source(self, source: Source | None) -> Source | None:
        """
        Where the pinned ones were found; *source* without one.

        Raises:
            ValueError: If they, and *source*, are not all of one place.
        """
        for item in self._pids:
            if isinstance(item, int | Member):
                continue
            if source is not None and source != item.source:
                msg = f"{item} is pinned in {item.source}, not in {source}"
                raise ValueError(msg)
            source = item.source
        return source

    def look(self, roster: Roster, deadline: Deadline) -> None:
        """
        Add them all, the first time.
        """
        pids, self._pids = self._pids, ()
        for item in pids:
            # However late it is: who was named is said to be unread.
            try:
                seat = _seat(item, roster)
            except ProcessGoneError as exc:
                roster.gone.append(exc.pid)
            except ProcmemError as exc:
                pid = item if isinstance(item, int) else item.pid
                roster.refused[pid] = exc
                roster.named.add(pid)
            else:
                seat.is_named = True
                if seat.pid in roster.seats:
                    seat.close()
                else:
                    roster.add(seat)


def _seat(item: int | PinnedProcess | Member, roster: Roster) -> Seat:
    if isinstance(item, Member):
        seat = roster.candidate(item.pid)
        if seat.identity.start_time != item.start_time:
            seat.close()
            raise ProcessGoneError(item.pid)
        return seat
    seat = roster.candidate(item) if isinstance(item, int) else roster.seat_of(item)
    if not seat.identity.is_thread:
        return seat
    # Through a thread one would read the same, but what it is called, when it
    # started, and when it ends is not what its process is and does.
    try:
        with seat.held() as thread:
            found = _TGID.search(thread.read("status"))
    finally:
        seat.close()
    if found is None:
        raise ParseError("no Tgid", "status", 1, b"")
    return roster.candidate(int(found[1]))
