"""
The looking itself: which files of which processes are read when.

It is driven from outside, by the helper or by ``procmem run``: each call of
:meth:`Engine.tick` looks once and says when to look again.  Nothing here
waits, and nothing starts a thread.
"""

from __future__ import annotations

import time
from collections import abc

from procmem.sources.marks import mark_error
from procmem.sources.procfs import ProcFS
from procmem.testing.sampling.bounds import fault_size
from procmem.testing.sampling.counters import Cheap
from procmem.testing.sampling.dues import Due, Dues
from procmem.testing.sampling.lookout import Lookout
from procmem.testing.sampling.member import Member, distrust
from procmem.testing.sampling.pace import Pace
from procmem.testing.sampling.sampled import Sampled, Target
from procmem.testing.sampling.window import Window

__all__ = ["INTERVAL", "SHARE", "Engine"]

SHARE = 0.02
"""What looking may take of one core, in the long run."""

INTERVAL = 0.01
"""Seconds between two ticks, where they cost little."""

# So many ticks later it is asked again whether a full reading is due, even if
# nothing seems to have changed.
_ASK_AGAIN = 8


# How often it is tried at the end to read members while none of them comes or
# goes, if that has not been possible before.
_ATTEMPTS = 3


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
        self._lookout = Lookout(self._source)
        self._page = fault_size(self._source.page_size)
        self._windows = self._lookout.windows
        self._numbers = 0
        self._ticks = 0
        self._dues = Dues(self._pace)

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
        self._lookout.look(now, everyone=True)
        sealed = target.tree and not self._lookout.crowd.are_copies(target.pids)
        window = Window(target, now, self._page, sealed=sealed)
        gone: list[int] = []
        for index, pid in enumerate(target.pids):
            member = self._lookout.crowd.get(pid, now)
            expected = target.start_times[index : index + 1]
            if member is None or (expected and expected[0] != member.start_time):
                gone.append(pid)
            else:
                window.join(
                    member, now, born=False, counted=not target.only_descendants
                )
        window.gone = tuple(gone)
        if target.tree:
            self._lookout.crowd.find_children([window], now, born=False)
        self._numbers += 1
        self._windows[self._numbers] = window
        window.begin(now, self._lookout.round)
        self._dues.is_wanted = True
        self._lookout.crowd.keep(list(self._windows.values()))
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
        changed = self._lookout.look(now, everyone=True)
        for one in self._windows.values():
            if changed or one is window:
                one.take(now, self._lookout.round)
        # What it may share, or does so no more, is not known without.
        due = self._dues.find([window], now, last=True)
        for _ in range(_ATTEMPTS):
            if not window.was_read:
                due = Due(window.counted(), [])
            self._read_due(due, now)
            if window.was_read:
                break
        del self._windows[number]
        threads = max((member.threads for member in window.seen), default=1)
        error = mark_error(self._source.page_size, threads)
        sampled = window.sampled(self._clock(), error)
        self._lookout.crowd.keep(list(self._windows.values()))
        self._last_used = self._used()
        return sampled

    def shut(self) -> None:
        """
        Let go of everything.
        """
        self._windows.clear()
        self._lookout.crowd.close()

    # Looking

    def tick(self) -> float:
        """
        Look once.

        Returns:
            Seconds until the next time.
        """
        now = self._clock()
        changed = self._lookout.look(now, everyone=False)
        for window in self._windows.values():
            if changed:
                window.take(now, self._lookout.round)
            else:
                window.tick(now)
        self._ticks += 1
        spent = 0.0
        if changed or self._dues.is_wanted or self._ticks % _ASK_AGAIN == 0:
            spent = self._read_if_due(now)
        used = self._used()
        cost, self._last_used = used - self._last_used - spent, used
        return self._pace.pause(cost, moving=changed)

    # Reading in full

    def _read_if_due(self, now: float) -> float:
        """
        Read what is due and can be paid for; the processor time it took.
        """
        return self._read_due(self._dues.find(self._windows.values(), now), now)

    def _read_due(self, due: Due, now: float) -> float:
        before = self._used()
        if due.members:
            self._read(due.members, now)
        if due.copies:
            self._read_copies(due.copies, now)
        spent = self._used() - before
        if due.members or due.copies:
            self._dues.pay(spent, [*due.members, *due.copies])
        return spent

    def _read_copies(self, copies: list[Member], now: float) -> None:
        known = {member: member.known() for member in copies}
        for member in copies:
            member.read_alone(now)
        self._look_for_newcomers()
        distrust({one: what for one, what in known.items() if one.has_copies})
        for window in self._windows.values():
            if not window.alive.keys().isdisjoint(copies):
                window.read_copies()

    def _read(self, members: list[Member], now: float) -> None:
        """
        Read the rollups of *members*, and tell the windows.
        """
        for member in members:
            if not member.ended:
                member.refresh(now)
        windows = [
            (window, window.before(), window.unknown_births, len(window.seen))
            for window in self._windows.values()
            if set(window.counted()) <= set(members)
        ]
        known = {one: one.known() for one in members if one.cheap is not None}
        programs = {one: one.programs for one in members}
        dropped = self._read_each(list(known), now)
        self._look_for_newcomers()
        later = self._clock()
        # What another program has says nothing of what the one before it had.
        gone = any(one.ended or one.programs != programs[one] for one in members)
        disturbed = gone
        for window, before, unknown, count in windows:
            came = (unknown, count) != (window.unknown_births, len(window.seen))
            disturbed |= came
            window.read(later, dropped, before, settled=not (came or gone))
        if disturbed:
            # Who was there for a moment has shared what was read.
            distrust(known)
            for window, *_ in windows:
                window.read_copies()

    def _read_each(self, members: list[Member], now: float) -> dict[Member, int]:
        """
        Read rollups; how much each has given back since.
        """
        states = [
            (one, one.programs, one.seen_faults, one.cheap)
            for one in members
            if one.cheap is not None
        ]
        for member in members:
            if member.twin_of is None:
                member.read(now)
        later = self._clock()
        dropped: dict[Member, int] = {}
        for member, programs, faults, cheap in reversed(states):
            dropped[member] = _given_back(member, cheap, later)
            if member.ended or member.programs != programs:
                self._lookout.settle(member, later, programs, faults)
        return dropped

    def _look_for_newcomers(self) -> None:
        if self._lookout.crowd.was_born():
            self._lookout.find_newcomers(self._clock())


def _given_back(member: Member, before: Cheap, now: float) -> int:
    """
    How much less a member has than before its rollup was read.
    """
    member.tick(now)
    after = 0 if member.cheap is None else member.cheap.rss + member.cheap.swap
    return max(0, before.rss + before.swap - after)
