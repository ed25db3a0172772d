"""
What a comparison needs to know of a process and of a group.
"""

from __future__ import annotations

from collections import abc
from typing import Protocol

from procmem.model.mapping import Mapping
from procmem.model.usage import Usage

__all__ = ["Couple", "GroupReading", "Member", "Reading", "any_of", "is_one"]


class Reading(Protocol):
    """
    One process, read once: a :class:`~procmem.Snapshot`, or a member of a
    group.
    """

    @property
    def pid(self) -> int:
        """
        The process.
        """
        ...

    @property
    def start_time(self) -> int | None:
        """
        When it started, in clock ticks since the machine did.
        """
        ...

    @property
    def name(self) -> str | None:
        """
        Of its program.
        """
        ...

    @property
    def usage(self) -> Usage:
        """
        Its totals.
        """
        ...

    @property
    def mappings(self) -> abc.Sequence[Mapping] | None:
        """
        What it maps; None if that was not read.
        """
        ...


class Member(Reading, Protocol):
    """
    A process of a group.
    """

    @property
    def same_memory_as(self) -> int | None:
        """
        The process that its memory is counted for, if it has none of its own.
        """
        ...


class GroupReading(Protocol):
    """
    Several processes, read once.
    """

    @property
    def members(self) -> abc.Sequence[Member]:
        """
        Those that were read.
        """
        ...

    @property
    def usage(self) -> Usage:
        """
        Their sum.
        """
        ...

    @property
    def complete(self) -> bool:
        """
        Whether all were read.
        """
        ...

    @property
    def missing(self) -> abc.Sequence[str]:
        """
        What is missing, as phrases.
        """
        ...


Couple = tuple[Reading | None, Reading | None]
"""A process before and after; None where it is not.  At least one is there."""


def any_of(couple: Couple) -> Reading:
    """
    The later reading if there is one, otherwise the earlier.
    """
    before, after = couple
    found = before if after is None else after
    if found is None:
        msg = "a process in neither reading"
        raise ValueError(msg)
    return found


def is_one(before: Reading | None, after: Reading | None) -> bool:
    """
    Whether two readings are of one process.
    """
    if before is None or after is None:
        return False
    times = {before.start_time, after.start_time}
    return before.pid == after.pid and (len(times) == 1 or None in times)
