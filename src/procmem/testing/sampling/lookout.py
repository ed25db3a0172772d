"""
Looking at the cheap counters: what changed, who came, and who went.
"""

from __future__ import annotations

from procmem.sources.procfs import ProcFS
from procmem.testing.sampling.crowd import Crowd
from procmem.testing.sampling.descent import is_helper
from procmem.testing.sampling.member import Member
from procmem.testing.sampling.window import Window

__all__ = ["Lookout"]

# At every second tick one member has all of its cheap counters read even if
# nothing seems to have changed: a mark may have risen and the RSS be back.
_IN_TURN = 2


class Lookout:
    """
    Looks at the members of all open windows.

    Args:
        source: Where they are.

    Attributes:
        crowd: The members.

        windows: The open windows, by their numbers.

        round: How often all marks have been read, and are being read.
    """

    def __init__(self, source: ProcFS) -> None:
        self.crowd = Crowd(source)
        self.windows: dict[int, Window] = {}
        self.round = 0
        self._turn: list[Member] = []
        self._ticks = 0

    def look(self, now: float, *, everyone: bool) -> bool:
        """
        Read the cheap counters, and find who came and who went.
        """
        changed = False
        ended: list[Member] = []
        for member in list(self.crowd.members.values()):
            programs, faults = member.programs, member.seen_faults
            differs = member.refresh(now) if everyone else member.tick(now)
            if differs:
                changed = True
                if member.ended:
                    ended.append(member)
                else:
                    self.settle(member, now, programs, faults)
        # Children first: their parents inherit what they used, and then those
        # of their parents.
        for member in reversed(ended):
            self._end(member, now)
        if everyone:
            self._turn.clear()
            self.round += 2
        else:
            changed |= self._look_in_turn(now)
        if self.crowd.was_born():
            changed |= self.find_newcomers(now)
        return changed

    def _look_in_turn(self, now: float) -> bool:
        self._ticks += 1
        if self._ticks % _IN_TURN or not self.crowd.members:
            return False
        if not self._turn:
            self._turn = list(self.crowd.members.values())
            self.round += 1
        member = self._turn.pop()
        programs, faults = member.programs, member.seen_faults
        if member.ended or not member.refresh(now):
            return False
        self.settle(member, now, programs, faults)
        return True

    def settle(self, member: Member, now: float, programs: int, faults: int) -> None:
        """
        See to what became of a member whose counters changed.
        """
        if member.ended:
            self._end(member, now)
            return
        if member.twin_of is not None and not self.crowd.is_twin(
            member, member.twin_of
        ):
            member.twin_of = None
        elif member.programs != programs:
            for window in self.windows.values():
                window.replaced(member, member.faults.own - faults)
            member.gave_up = 0
        if member.programs != programs and is_helper(member):
            for window in self.windows.values():
                if member.pid not in window.target.pids:
                    window.drop(member)

    def _end(self, member: Member, now: float) -> None:
        if self.crowd.members.get(member.pid) is not member:
            return
        parent = self.crowd.members.get(member.parent)
        for window in self.windows.values():
            if member in window.alive:
                window.end(member, now, self.round + 2)
                if (
                    parent is None
                    or parent not in window.alive
                    or parent.ignores_children
                ):
                    window.spoil()
        if parent is not None:
            # It has just inherited what the member used.
            programs, faults = parent.programs, parent.seen_faults
            if parent.refresh(now):
                self.settle(parent, now, programs, faults)
        self.crowd.forget(member)

    def find_newcomers(self, now: float) -> bool:
        """
        Let those join the windows who were born; whether there were any.
        """
        windows = [one for one in self.windows.values() if one.target.tree]
        if not windows:
            return False
        found = self.crowd.find_children(windows, now, born=True)
        unknown = self.crowd.count_unknown()
        found |= self.crowd.find_orphans(windows, now)
        for window in windows:
            window.unknown_births += unknown
        return found
