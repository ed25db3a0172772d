"""
Who is measured: this process or another, with all that descend from it.
"""

from __future__ import annotations

import subprocess
from collections import abc
from typing import TYPE_CHECKING, TypeAlias

from procmem.errors import ProcessGoneError, ProcmemError
from procmem.groups.deadline import Deadline
from procmem.groups.descendants import Descendants
from procmem.groups.group import Group
from procmem.groups.members import Members
from procmem.groups.rules import SAMPLER, Named, Rule
from procmem.groups.seats import Roster, Seat
from procmem.groups.twins import Twins, copies
from procmem.sources.base import PinnedProcess, Source
from procmem.sources.procfs import ProcFS, checked_pid

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from procmem.testing.reading import Reading
    from procmem.testing.texts import Text

__all__ = ["Scope", "Target"]

Target: TypeAlias = (
    int
    | subprocess.Popen[bytes]
    | subprocess.Popen[str]
    | PinnedProcess
    | Group
    | Members
    | None
)
"""Whose memory: see :func:`~procmem.testing.budget`."""


class Scope:
    """
    The processes that a budget is for, held so that none can be mistaken.

    Args:
        target: Whose.

        tree: Whether all that descend from it belong; of
            :class:`~procmem.Members` they themselves decide.

    Attributes:
        root: The one process that was named; None if it was several.

        source: Where they are.

    Raises:
        ProcessGoneError: If there is no such process (any more).

        TypeError: If *target* is nothing of the kind.
    """

    def __init__(self, target: Target, *, tree: bool) -> None:
        self._target = target
        # This process alone is there as long as anybody asks.
        self.tree = tree
        self._members: Members | None = None
        self._rules: list[Rule] = []
        self.root: int | None = None
        self.source: Source = ProcFS()
        self._twins = Twins()
        self._spaces: list[list[int]] = []
        self._is_fresh = True
        self._roster = Roster(self.source)
        if target is None:
            # Nobody needs to ask whether that is a thread or has ended.
            process = self.source.pin(None)
            self.root = process.pid
            self._roster.add(Seat(process))
        elif isinstance(target, Members):
            self._members = target
            self.source = target.source
            self._roster = Roster(self.source)
        elif isinstance(target, Group):
            self._rules.append(Named(target.members))
        else:
            self._rules.append(self._one(target))
            self._roster = Roster(self.source)
        try:
            # The named first: those that descend are theirs.
            self._look()
            if self.root is not None and self._roster.seats:
                # The number of a thread means its process.
                self.root = next(iter(self._roster.seats))
            if tree and self._members is None and self._roster.seats:
                first = next(iter(self._roster.seats))
                self._rules.append(Descendants(first))
            self._named = {
                pid: seat.identity.start_time
                for pid, seat in self._roster.seats.items()
            }
        except BaseException:
            self.close()
            raise

    def _one(self, target: object) -> Rule:
        if _is_popen(target):
            if target.returncode is not None:
                raise _ended(target.pid, target, "before the block began")
            self.root = target.pid
            return Named([target.pid])
        if isinstance(target, int):
            self.root = checked_pid(target)
            return Named([target])
        if _is_pinned(target):
            self.root, self.source = target.pid, target.source
            return Named([target])
        msg = (
            "a target is a pid, a Popen, a pinned process, a Group or Members, "
            f"not {type(target).__name__}"
        )
        raise TypeError(msg)

    @property
    def own(self) -> int | None:
        """
        The pid of this process, if it is one of them.
        """
        with self.source.pin(None) as process:
            return process.pid if process.pid in self._roster.seats else None

    def look(self) -> list[Seat]:
        """
        Those that are there now: who is new is added, who has ended is gone.
        """
        roster = self._roster
        if self._is_fresh:
            # Whoever makes one looks at once.
            self._is_fresh = False
        elif self.tree or self._target is not None:
            roster.refused = {
                pid: error
                for pid, error in roster.refused.items()
                if pid in roster.named
            }
            roster.refresh()
            for seat in list(roster.seats.values()):
                # It may have told its name after it was found.
                if seat.identity.name == SAMPLER and seat.pid not in self._named:
                    roster.drop(seat)
        roster.unseen = []
        self._look()
        seats = list(roster.seats.values())
        if len(seats) > 1:
            # Before they are read: whoever becomes another program since is
            # told by what is read.
            find = self._twins.find
            self._spaces = roster.with_descriptors(lambda: find(seats))
        return seats

    def _look(self) -> None:
        roster = self._roster
        if self._members is not None:
            self._members.look()
            for pid, who in self._members.identities.items():
                if pid not in roster.seats:
                    self._add(pid, who.start_time)
        for rule in self._rules:
            rule.look(roster, Deadline())

    def _add(self, pid: int, start_time: int) -> None:
        try:
            seat = self._roster.candidate(pid)
        except ProcessGoneError:
            return
        except ProcmemError as exc:
            self._roster.refused[pid] = exc
            return
        if seat.identity.start_time == start_time:
            self._roster.add(seat)
        else:
            seat.close()

    @property
    def refused(self) -> dict[int, ProcmemError]:
        """
        Those that belong and may not even be asked who they are.
        """
        return self._roster.refused

    def copies(self, texts: abc.Sequence[Text]) -> dict[int, int]:
        """
        Whose address space is that of another one, and of which.

        Args:
            texts: What was just read of them.
        """
        if len(texts) < 2:
            return {}
        totals = {text.pid: text.totals for text in texts}
        return copies(totals, self._spaces, self._twins.untold)

    def check_entry(self, reading: Reading) -> None:
        """
        Refuse to begin without those that were named.

        Raises:
            ProcmemError: If one of them cannot be read, or all have ended.
        """
        for pid, error in reading.unreadable.items():
            if pid in self._named or pid == self.root:
                raise error
        if self._members is None and not self._alive(reading):
            pid = self.root or next(iter(self._named), 0)
            raise _ended(pid, self._target, "before the block began")

    def check_exit(self, reading: Reading) -> None:
        """
        Refuse to judge when nobody is left of those that were named.

        Raises:
            ProcessGoneError: If all have ended.
        """
        if self._members is None and not self._alive(reading):
            pid = self.root or next(iter(self._named), 0)
            raise _ended(pid, self._target, "before the end of the block")

    def _alive(self, reading: Reading) -> bool:
        """
        Whether any of those that were named has memory, or may have.
        """
        for text in reading.texts:
            # A zombie has ended; so has what has its number and is another.
            if text.totals and self._named.get(text.pid) == text.start_time:
                return True
        return not reading.unreadable.keys().isdisjoint(self._named)

    def close(self) -> None:
        """
        Let all of them go.
        """
        self._roster.close()


def _is_pinned(target: object) -> TypeIs[PinnedProcess]:
    return hasattr(target, "pid") and hasattr(target, "read")


def _is_popen(target: object) -> TypeIs[subprocess.Popen[bytes]]:
    # Of bytes or of text makes no difference here.
    return isinstance(target, subprocess.Popen)


def _ended(pid: int, target: object, when: str) -> ProcessGoneError:
    error = ProcessGoneError(pid)
    how = "it ended"
    if _is_popen(target) and target.poll() is not None:
        how += f" with status {target.returncode}"
    error.add_note(
        f"{how} {when}, so there is nothing to hold against the budget; of a "
        "process that ends, limit the peak"
    )
    return error
