"""
Who descends from the processes that are looked at.

The kernel lists the children of each thread.  To ask every thread of every
process at each tick costs more than all the rest, so first one question is
asked: what number was given to a process or a thread last?  If it is the same
as before, nobody was born.
"""

from __future__ import annotations

import os
from collections import abc

from procmem.errors import ProcmemError
from procmem.sources.live import LiveProcess
from procmem.sources.procfs import ProcFS
from procmem.testing.sampling.member import HELPER_NAME, Member

__all__ = ["Births", "children_of", "is_helper", "lists_children", "pinned"]

# The list of children may lack one while another one ends, so that who was
# not found at once is looked for again.
_AGAIN = 3

# More than this were not born one by one.
_MANY = 512

# Even if nobody seems to have been born, so many ticks later.
_ANYWAY = 64


class Births:
    """
    Whether processes were born since the last tick.

    Attributes:
        unknown: How many numbers were given to processes or threads, of
            whomever, that were gone at the next tick.

        strangers: Those that were still there when they were last counted,
            and nobody had found.
    """

    __slots__ = (
        "_ahead",
        "_last",
        "_loadavg",
        "_root",
        "_since",
        "strangers",
        "unknown",
    )

    def __init__(self, source: ProcFS) -> None:
        self.unknown = 0
        self.strangers: list[int] = []
        self._root = source.root
        self._since = self._ahead = 0
        try:
            # The number is one of this pid namespace, and says nothing if
            # /proc is that of another one.
            is_ours = os.readlink(f"{source.root}/self") == str(os.getpid())  # noqa: PTH115
            self._loadavg = (
                os.open(f"{source.root}/loadavg", os.O_RDONLY) if is_ours else -1
            )
        except OSError:
            self._loadavg = -1
        self._last = self._number()

    def look(self) -> bool:
        """
        Whether to look for children now.
        """
        number = self._number()
        self._since += 1
        if number is None:
            self.unknown += 1
            return True
        if number != self._last:
            self._ahead = _AGAIN
            self._since = 0
        self._ahead -= 1
        return self._ahead >= 0 or self._since % _ANYWAY == 0

    def count(self, known: abc.Container[int]) -> None:
        """
        Count who was born and ended since this was last called.

        Args:
            known: The numbers of members, those of newcomers among them.
        """
        self.strangers.clear()
        number, last = self._number(), self._last
        if number is None or last is None or number == last:
            return
        self._last = number
        if not 0 < number - last <= _MANY:
            # They began anew at the lowest, or were too many.
            self.unknown += 1
            return
        for born in range(last + 1, number + 1):
            # Threads are found like this too, though they are not listed.
            if born in known:
                continue
            if os.path.exists(f"{self._root}/{born}"):  # noqa: PTH110
                self.strangers.append(born)
            else:
                self.unknown += 1

    def _number(self) -> int | None:
        if self._loadavg < 0:
            return None
        try:
            return int(os.pread(self._loadavg, 128, 0).split()[-1])
        except (OSError, ValueError, IndexError):
            return None

    def close(self) -> None:
        """
        Close what is open.
        """
        if self._loadavg >= 0:
            os.close(self._loadavg)
            self._loadavg = -1


def pinned(source: ProcFS, pid: int) -> LiveProcess | None:
    """
    A process, held; None if it is gone or hidden.
    """
    try:
        process = source.pin(pid)
    except ProcmemError:
        return None
    if isinstance(process, LiveProcess):
        return process
    process.close()
    return None


def lists_children(source: ProcFS) -> bool:
    """
    Whether the kernel lists children (``CONFIG_PROC_CHILDREN``).
    """
    return source.read("thread-self/children") is not None


def children_of(member: Member, source: ProcFS, *, listed: bool) -> list[int]:
    """
    The numbers of its children.

    Args:
        member: Whose.

        source: Where it is.

        listed: Whether the kernel lists them.  Otherwise every process is
            asked for its parent.
    """
    if not listed:
        return _by_parent(member.pid, source)
    process = member.process
    found: list[int] = []
    try:
        threads = process.threads() if member.threads > 1 else (process.pid,)
        for thread in threads:
            # Empty if the thread has ended.
            found += map(int, process.read(f"task/{thread}/children").split())
    except (OSError, ProcmemError):
        # It has ended, and whoever it leaves behind is somebody else's child.
        pass
    return found


def _by_parent(parent: int, source: ProcFS) -> list[int]:
    found: list[int] = []
    for pid in source.pids():
        stat = source.read(f"{pid}/stat")
        if stat and int(stat.rpartition(b")")[2].split()[1]) == parent:
            found.append(pid)
    return found


def is_helper(member: Member) -> bool:
    """
    Whether it is one of those that look, or is about to become one.
    """
    if member.name == HELPER_NAME:
        return True
    try:
        return HELPER_NAME in member.process.read("cmdline").split(b"\0")
    except (OSError, ProcmemError):
        return False
