"""
The processes that any window looks at, and who belongs to whom.
"""

from __future__ import annotations

from collections import abc

from procmem.errors import ProcmemError
from procmem.sources.kcmp import same_memory
from procmem.sources.procfs import ProcFS
from procmem.sources.spaces import numbers_are_ours
from procmem.testing.sampling.counters import fields_of
from procmem.testing.sampling.descent import (
    Births,
    children_of,
    is_helper,
    lists_children,
    pinned,
)
from procmem.testing.sampling.member import Member
from procmem.testing.sampling.window import Window

__all__ = ["Crowd"]


class Crowd:
    """
    The members of all windows; each is read once, whoever looks at it.

    Args:
        source: Where they are.

    Attributes:
        members: By their numbers.
    """

    def __init__(self, source: ProcFS) -> None:
        self.members: dict[int, Member] = {}
        self._source = source
        self._births = Births(source)
        self._listed = lists_children(source)
        # What kcmp takes are numbers of our own pid namespace.
        self._ours = numbers_are_ours(source)

    def was_born(self) -> bool:
        """
        Whether to look for children.
        """
        return self._births.look()

    def count_unknown(self) -> int:
        """
        How many numbers of processes or threads were given since this was
        last called to somebody who is gone, and never was a member.
        """
        before = self._births.unknown
        self._births.count(self.members)
        return self._births.unknown - before

    def are_copies(self, pids: abc.Collection[int]) -> bool:
        """
        Whether any of these was forked by another process, and may share
        memory with it.
        """
        for pid in pids:
            stat = self._source.read(f"{pid}/stat")
            fields = fields_of(stat) if stat else None
            if fields is None or fields.parent in pids or fields.stack == b"0":
                continue
            above = self._source.read(f"{fields.parent}/stat")
            if above and fields_of(above).stack == fields.stack:
                return True
        return False

    def get(self, pid: int, now: float) -> Member | None:
        """
        A process, known or not; None if there is none.
        """
        member = self.members.get(pid)
        if member is None:
            process = pinned(self._source, pid)
            if process is None:
                return None
            try:
                member = Member(process, now)
            except (OSError, ProcmemError):
                process.close()
                return None
            self.members[pid] = member
        return member

    def find_children(self, windows: list[Window], now: float, *, born: bool) -> bool:
        """
        Let those join *windows* who descend from their members.

        Args:
            windows: Which.

            now: The time.

            born: Whether newcomers were born since the windows were opened.

        Returns:
            Whether there were any.
        """
        found = False
        todo = list({m: None for window in windows for m in window.alive})
        while todo:
            parent = todo.pop()
            for pid in children_of(parent, self._source, listed=self._listed):
                joined = [
                    window
                    for window in windows
                    if parent in window.alive and pid not in window.target.leave_out
                ]
                if not joined or (
                    pid in self.members
                    and all(self.members[pid] in window.seen for window in joined)
                ):
                    continue
                child = self.get(pid, now)
                if child is None or child.parent != parent.pid or is_helper(child):
                    continue
                self._recognise(child, parent)
                for window in joined:
                    window.join(child, now, born=born)
                found = True
                todo.append(child)
        return found

    def find_orphans(self, windows: list[Window], now: float) -> bool:
        """
        Let those join *windows* whose parents ended before they were seen:
        who has the stack of a member where that has it was forked by it.

        Args:
            windows: Which.

            now: The time.

        Returns:
            Whether there were any.
        """
        found = False
        for pid in self._births.strangers:
            stat = self._source.read(f"{pid}/stat")
            fields = fields_of(stat) if stat else None
            if fields is None or fields.stack == b"0":
                continue
            alike = {m for m in self.members.values() if m.stack == fields.stack}
            joined = [
                window
                for window in windows
                if window.sealed
                and pid not in window.target.leave_out
                and not alike.isdisjoint(window.alive)
            ]
            # Threads have numbers, too, and the stack of their process.
            status = self._source.read(f"{pid}/status") if joined else None
            if not status or f"\nTgid:\t{pid}\n".encode() not in status:
                continue
            child = self.get(pid, now)
            if child is None or any(child in window.seen for window in joined):
                continue
            for original in alike:
                child.begin_as_copy(original)
            for window in joined:
                window.join(child, now, born=True)
            found = True
        return found

    def _recognise(self, child: Member, parent: Member) -> None:
        """
        See what a newcomer has of its parent.
        """
        if child.was_read or child.stack == b"0":
            return
        if child.stack == parent.stack:
            if self.is_twin(child, parent):
                child.twin_of = parent
            else:
                child.begin_as_copy(parent)
                child.is_copy = True
            return
        # One that lost its parent comes to another: whose copy is it?
        for member in self.members.values():
            if member.stack == child.stack and member is not child:
                child.begin_as_copy(member)
                return

    def is_twin(self, child: Member, parent: Member) -> bool:
        """
        Whether both have one address space.
        """
        return _is_twin(child, parent, ours=self._ours)

    def forget(self, member: Member) -> None:
        """
        One has ended.
        """
        self.members.pop(member.pid, None)
        member.close()

    def keep(self, windows: list[Window]) -> None:
        """
        Let go of whom none of these windows looks at.
        """
        wanted = {member for window in windows for member in window.alive}
        for member in list(self.members.values()):
            if member not in wanted:
                self.forget(member)

    def close(self) -> None:
        """
        Let go of all.
        """
        self.keep([])
        self._births.close()


def _is_twin(child: Member, parent: Member, *, ours: bool) -> bool:
    if child.ended or parent.ended or child.stack != parent.stack:
        return False
    same = same_memory(child.pid, parent.pid) if ours else None
    if same is None:
        # A copy has fewer pages of files than what it is a copy of.
        return child.cheap == parent.cheap
    return same
