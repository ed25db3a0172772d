"""
The looking itself: which files of which processes are read when.

It is driven from outside, by the helper or by ``procmem run``: each call of
:meth:`Engine.tick` looks once and says when to look again.  Nothing here
waits, and nothing starts a thread.
"""

from __future__ import annotations

import time
from collections import abc
from pathlib import Path

from procmem.sources.marks import mark_error
from procmem.sources.procfs import ProcFS
from procmem.testing.sampling.crowd import Crowd
from procmem.testing.sampling.descent import is_helper
from procmem.testing.sampling.member import Member
from procmem.testing.sampling.pace import Pace
from procmem.testing.sampling.sampled import Sampled, Target
from procmem.testing.sampling.window import Window

__all__ = ["INTERVAL", "SHARE", "Engine"]

SHARE = 0.02
"""What looking may take of one core, in the long run."""

INTERVAL = 0.01
"""Seconds between two ticks, where they cost little."""

# At every second tick one member has all of its cheap counters read even if
# nothing seems to have changed: a mark may have risen and the RSS be back.
_IN_TURN = 2

# So many ticks later it is asked again whether a full reading is due, even if
# nothing seems to have changed.
_ASK_AGAIN = 8

# Seconds of processor time for each byte of a rollup, and for each rollup,
# before anything was measured.
_PER_BYTE = 0.010 / (1 << 30)
_PER_ROLLUP = 0.0001

# While the sum rises, a reading is soon overtaken: leave something for the top.
_RISING = 4

# What a member shares of its memory, if it may come to own it unnoticed.
_MUCH_SHARED = 1 << 20

_HUGE = Path("/sys/kernel/mm/transparent_hugepage")


class Engine:
    """
    Looks at the members of all open windows.

    Args:
        share: What looking may take of one core, in the long run.

        interval: Seconds between two ticks, where they cost little.

        clock: The time, in seconds.

        used: The processor time used by this thread, in seconds.
    """

    def __init__(
        self,
        *,
        share: float = SHARE,
        interval: float = INTERVAL,
        clock: abc.Callable[[], float] = time.monotonic,
        used: abc.Callable[[], float] = time.thread_time,
    ) -> None:
        self._source = ProcFS()
        self._clock = clock
        self._used = used
        self._last_used = used()
        self._pace = Pace(share=share, interval=interval, now=clock())
        self._crowd = Crowd(self._source)
        self._page = _fault_size(self._source.page_size)
        self._windows: dict[int, Window] = {}
        self._numbers = 0
        self._turn: list[Member] = []
        self._round = 0
        self._ticks = 0
        # Whether a full reading is wanted, and was too dear so far.
        self._is_due = True
        self._per_byte = _PER_BYTE

    @property
    def busy(self) -> bool:
        """
        Whether any window is open.
        """
        return bool(self._windows)

    # Windows

    def open(self, target: Target) -> int:
        """
        Open a window; the number to close it by.
        """
        now = self._clock()
        # Who is known already should be known as it is now.
        self._look(now, everyone=True)
        window = Window(target, now, self._page)
        gone: list[int] = []
        for index, pid in enumerate(target.pids):
            member = self._crowd.get(pid, now)
            expected = target.start_times[index : index + 1]
            if member is None or (expected and expected[0] != member.start_time):
                gone.append(pid)
            else:
                window.join(
                    member, now, born=False, counted=not target.only_descendants
                )
        window.gone = tuple(gone)
        if target.tree:
            self._crowd.find_children([window], now, born=False)
        self._numbers += 1
        self._windows[self._numbers] = window
        window.begin(now, self._round)
        self._is_due = True
        self._crowd.keep(list(self._windows.values()))
        # What it costs to open a window is not what a tick costs.
        self._last_used = self._used()
        return self._numbers

    def close(self, number: int) -> Sampled:
        """
        Close a window.

        Raises:
            KeyError: If there is none of that number.
        """
        window = self._windows[number]
        now = self._clock()
        changed = self._look(now, everyone=True)
        for one in self._windows.values():
            if changed or one is window:
                one.take(now, self._round)
        if not window.was_read:
            # What it may share is not known without.
            before = self._used()
            self._read(window.counted(), now)
            self._pace.pay(self._used() - before)
        del self._windows[number]
        threads = max((member.threads for member in window.seen), default=1)
        error = mark_error(self._source.page_size, threads)
        sampled = window.sampled(self._clock(), error)
        self._crowd.keep(list(self._windows.values()))
        self._last_used = self._used()
        return sampled

    def shut(self) -> None:
        """
        Let go of everything.
        """
        self._windows.clear()
        self._crowd.close()

    # Looking

    def tick(self) -> float:
        """
        Look once.

        Returns:
            Seconds until the next time.
        """
        now = self._clock()
        changed = self._look(now, everyone=False)
        for window in self._windows.values():
            if changed:
                window.take(now, self._round)
            else:
                window.tick(now)
        self._ticks += 1
        spent = 0.0
        if changed or self._is_due or self._ticks % _ASK_AGAIN == 0:
            spent = self._read_if_due(now)
        used = self._used()
        cost, self._last_used = used - self._last_used - spent, used
        return self._pace.pause(cost, moving=changed)

    def _look(self, now: float, *, everyone: bool) -> bool:
        """
        Read the cheap counters, and find who came and who went.
        """
        changed = False
        for member in list(self._crowd.members.values()):
            programs, faults = member.programs, member.seen_faults
            differs = member.refresh(now) if everyone else member.tick(now)
            if differs:
                changed = True
                self._settle(member, now, programs, faults)
        if everyone:
            self._turn.clear()
            self._round += 2
        else:
            changed |= self._look_in_turn(now)
        if self._crowd.was_born():
            changed |= self._find_newcomers(now)
        return changed

    def _look_in_turn(self, now: float) -> bool:
        if self._ticks % _IN_TURN or not self._crowd.members:
            return False
        if not self._turn:
            self._turn = list(self._crowd.members.values())
            self._round += 1
        member = self._turn.pop()
        programs, faults = member.programs, member.seen_faults
        if member.ended or not member.refresh(now):
            return False
        self._settle(member, now, programs, faults)
        return True

    def _settle(self, member: Member, now: float, programs: int, faults: int) -> None:
        """
        See to what became of a member whose counters changed.
        """
        if member.ended:
            self._end(member, now)
            return
        if member.twin_of is not None and not self._crowd.is_twin(
            member, member.twin_of
        ):
            member.twin_of = None
        elif member.programs != programs:
            for window in self._windows.values():
                window.replaced(member, member.faults.own - faults)
        if member.programs != programs and is_helper(member):
            for window in self._windows.values():
                if member.pid not in window.target.pids:
                    window.drop(member)

    def _end(self, member: Member, now: float) -> None:
        parent = self._crowd.members.get(member.parent)
        for window in self._windows.values():
            if member in window.alive:
                window.end(member, now, self._round + 2)
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
                self._settle(parent, now, programs, faults)
        self._crowd.forget(member)

    def _find_newcomers(self, now: float) -> bool:
        windows = [one for one in self._windows.values() if one.target.tree]
        if not windows:
            return False
        found = self._crowd.find_children(windows, now, born=True)
        unknown = self._crowd.count_unknown()
        for window in windows:
            window.unknown_births += unknown
        return found

    # Reading in full

    def _read_if_due(self, now: float) -> float:
        """
        Read what is due and can be paid for; the processor time it took.
        """
        due: dict[Member, None] = {}
        wanted = is_first = False
        largest = 0.0
        for window in self._windows.values():
            members = window.counted()
            cost = self._cost(members)
            largest = max(largest, cost)
            wants = window.wants_reading()
            wanted |= wants
            is_first |= not window.was_read
            if wants and window.was_read and window.is_rising():
                wants = window.rose_much() and self._pace.affords(_RISING * cost)
            if wants or self._was_copied(window):
                due.update(dict.fromkeys(members))
        cost = self._cost(due)
        self._pace.fill(now, max(largest, cost))
        self._is_due = wanted or bool(due)
        # The first reading of a window is what all that follows is added to:
        # it may be paid for later.
        if not due or not self._pace.affords(0.0 if is_first else cost):
            return 0.0
        before = self._used()
        self._read(list(due), now)
        spent = self._used() - before
        self._pace.pay(spent)
        size = sum(one.cheap.rss for one in due if one.cheap)
        if size > 1 << 26:
            self._per_byte += (spent / size - self._per_byte) / 4
        return spent

    def _cost(self, members: abc.Collection[Member]) -> float:
        size = sum(one.cheap.rss for one in members if one.cheap)
        return len(members) * _PER_ROLLUP + size * self._per_byte

    def _was_copied(self, window: Window) -> bool:
        """
        Whether memory may have become a member's own that was shared: that
        shows in no cheap counter but in page faults.
        """
        faults = 0
        for member in window.counted():
            if member.cheap is None or member.cheap_when_read is None:
                continue
            if member.figures is None or not member.was_read:
                continue
            shared = member.cheap_when_read.of("footprint") - member.figures.footprint
            if shared > _MUCH_SHARED:
                faults += member.faults.own - member.faults_when_read
        return faults * self._page > _MUCH_SHARED

    def _read(self, members: list[Member], now: float) -> None:
        """
        Read the rollups of *members*, and tell the windows.
        """
        for member in members:
            if not member.ended:
                member.refresh(now)
        windows = [
            (window, window.expected(), window.faults(), len(window.seen))
            for window in self._windows.values()
            if set(window.counted()) <= set(members)
        ]
        read = [one for one in members if one.cheap is not None and not one.ended]
        for member in read:
            if member.twin_of is None:
                member.read()
        later = self._clock()
        dropped = {member: _given_back(member, later) for member in read}
        for member in read:
            if member.ended:
                self._end(member, later)
        for window, expected, faults, count in windows:
            window.read(later, dropped, expected, faults)
            if count != len(window.seen) or any(one.ended for one in read):
                window.spoil()


def _given_back(member: Member, now: float) -> int:
    """
    How much less a member has than when its rollup was read.
    """
    before = member.cheap_when_read
    member.tick(now)
    if before is None:
        return 0
    after = 0 if member.cheap is None else member.cheap.rss + member.cheap.swap
    return max(0, before.rss + before.swap - after)


def _fault_size(page_size: int) -> int:
    """
    How many bytes one page fault can bring at most.

    Huge pages come without being asked for where they are ``always``.  Where
    they are for those who ask, few do.
    """
    try:
        if "[always]" in (_HUGE / "enabled").read_text():
            return int((_HUGE / "hpage_pmd_size").read_text())
    except (OSError, ValueError):
        pass
    return page_size
