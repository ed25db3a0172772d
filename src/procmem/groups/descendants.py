"""
A process and all that descend from it, while it runs.

The kernel lists the children of each thread (``task/TID/children``, since
Linux 3.5, with ``CONFIG_PROC_CHILDREN``).  It does so while children come and
go, and may skip one while another ends.  So they are listed until nothing new
turns up.  Where there are no such lists, the parents of all processes are
read.

Source: :manpage:`proc_pid_task(5)`, ``fs/proc/array.c``.
"""

from __future__ import annotations

from collections import abc

from procmem.errors import AccessDeniedError, ProcessGoneError, ProcmemError
from procmem.groups.deadline import Deadline
from procmem.groups.identity import Identity
from procmem.groups.rules import HIDDEN, SAMPLER, TOO_LATE, Named
from procmem.groups.seats import Roster, Seat
from procmem.sources.base import PinnedProcess, Source

__all__ = ["Descendants", "lists_children"]

# A tree in which processes are started faster than they can be listed is
# followed no further than this.
_ROUNDS = 20

_GROWING = "processes that were started while the others were being listed"
_HIDEPID = "a /proc mounted without hidepid, or the group that it exempts"

# The clock ticks in which start times are given are hundredths of a second to
# every program (USER_HZ).
_TICKS = 100


class Descendants:
    """
    All that descend from a process, and from whoever was found to once.

    Args:
        root: The process; None means the calling one.

        leave_out: The numbers of processes that do not belong, nor do those
            that descend from them.
    """

    __slots__ = ("_leave_out", "_lists_children", "_root")

    def __init__(
        self, root: int | PinnedProcess | None, *, leave_out: abc.Iterable[int] = ()
    ) -> None:
        self._root: int | PinnedProcess | None = root
        self._leave_out = frozenset(leave_out)
        self._lists_children: bool | None = None

    def look(self, roster: Roster, deadline: Deadline) -> None:
        """
        Add those that are not there yet.

        Raises:
            ProcessGoneError: The first time, if the root is gone.
        """
        fresh = list(roster.seats.values())
        if self._lists_children is None:
            fresh = [_root(self._root, roster)]
            self._lists_children = lists_children(roster.source, fresh[0].pid)
        children = self._listed if self._lists_children else self._by_parent
        for _ in range(_ROUNDS):
            found = children(roster, fresh, deadline)
            if deadline.has_passed:
                roster.unseen.append(TOO_LATE)
                return
            if not found:
                return
            # Who was there before may have got another child meanwhile.
            fresh = list(roster.seats.values())
        roster.unseen.append(_GROWING)

    def _belongs(self, seat: Seat, roster: Roster) -> bool:
        return (
            seat.pid not in self._leave_out
            and seat.pid not in roster.seats
            and seat.identity.name != SAMPLER
        )

    # By the lists of the kernel

    def _listed(
        self, roster: Roster, parents: abc.Sequence[Seat], deadline: Deadline
    ) -> bool:
        """
        Add the children of *parents*, and theirs; whether there were any.
        """
        waiting = list(parents)
        found = False
        while waiting and not deadline.has_passed:
            parent = waiting.pop()
            moment = _now(roster.source)
            for pid in _children(parent):
                if pid in roster.seats or pid in self._leave_out:
                    continue
                child = _child(pid, parent, moment, roster)
                if child is None:
                    continue
                if self._belongs(child, roster):
                    roster.add(child)
                    waiting.append(child)
                    found = True
                else:
                    child.close()
        return found

    # By the parents of all processes

    def _by_parent(
        self, roster: Roster, parents: abc.Sequence[Seat], deadline: Deadline
    ) -> bool:
        """
        The same by looking at every process there is.
        """
        del parents
        pids = roster.source.pids()
        if 1 not in pids and HIDDEN not in roster.unseen:
            roster.unseen.append(HIDDEN)
        # Held are only those that belong: of all there may be thousands.
        others: dict[int, list[Identity]] = {}
        for pid in pids:
            if pid not in roster.seats and not deadline.has_passed:
                who = _who(pid, roster)
                if who is not None:
                    others.setdefault(who.parent, []).append(who)
        found = False
        waiting = list(roster.seats.values())
        while waiting:
            parent = waiting.pop()
            children = others.pop(parent.pid, [])
            # If the parent has ended, another process may have its number.
            if not children or not _is_there(parent):
                continue
            for who in children:
                child = self._again(who, roster)
                if child is not None:
                    roster.add(child)
                    waiting.append(child)
                    found = True
        return found

    def _again(self, who: Identity, roster: Roster) -> Seat | None:
        try:
            seat = roster.candidate(who.pid)
        except ProcmemError:
            return None
        same = seat.identity.start_time == who.start_time
        if same and self._belongs(seat, roster):
            return seat
        seat.close()
        return None


def lists_children(source: Source, pid: int) -> bool:
    """
    Whether the kernel lists the children of a process.
    """
    # Through the process it would read as empty: files of a thread that has
    # ended do.
    return source.read(f"{pid}/task/{pid}/children") is not None


def _root(root: int | PinnedProcess | None, roster: Roster) -> Seat:
    if root is None:
        with roster.source.pin(None) as process:
            root = process.pid
    Named([root]).look(roster, Deadline())
    for error in roster.refused.values():
        raise error
    for seat in roster.seats.values():
        return seat
    raise ProcessGoneError(root if isinstance(root, int) else root.pid)


def _children(parent: Seat) -> list[int]:
    try:
        with parent.held() as process:
            threads: abc.Sequence[int] = (process.pid,)
            if parent.identity.threads > 1:
                threads = process.threads()
            return [
                int(pid)
                for thread in threads
                for pid in process.read(f"task/{thread}/children").split()
            ]
    except ProcessGoneError:
        return []


def _child(pid: int, parent: Seat, moment: int | None, roster: Roster) -> Seat | None:
    """
    The child that was listed under a number, None if it has ended.
    """
    try:
        child = roster.candidate(pid)
    except ProcessGoneError:
        if pid in _children(parent):
            # Still listed, and yet not to be found.
            error = AccessDeniedError(pid, ".", _HIDEPID)
            roster.refused[pid] = error
        return None
    except ProcmemError as exc:
        roster.refused[pid] = exc
        return None
    who = child.identity
    if who.parent == parent.pid or (moment is not None and who.start_time < moment):
        return child
    # The child has ended, and its number was taken again.  (If the parent had
    # ended, the child would have another, but have been there before.)
    child.close()
    return None


def _now(source: Source) -> int | None:
    """
    The time in clock ticks since the machine started, or None if unknown;
    rather too early than too late.
    """
    words = (source.read("uptime") or b"").split()
    try:
        return int(float(words[0]) * _TICKS) - 1
    except (IndexError, ValueError):
        return None


def _who(pid: int, roster: Roster) -> Identity | None:
    try:
        seat = roster.candidate(pid)
    except ProcmemError:
        return None
    seat.close()
    return seat.identity


def _is_there(seat: Seat) -> bool:
    try:
        seat.refresh()
    except ProcmemError:
        return False
    return True
