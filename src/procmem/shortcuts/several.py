"""
Several processes at once: ``procmem.group(pids)`` and ``procmem.tree(pid)``.
"""

from __future__ import annotations

from collections import abc

from procmem.groups.group import Group
from procmem.groups.member import Member
from procmem.shortcuts.totals import Pid
from procmem.sources.base import PinnedProcess, Source

__all__ = ["group", "tree"]


def group(
    pids: abc.Iterable[int | PinnedProcess | Member],
    *,
    source: Source | None = None,
    mappings: bool = False,
    timeout: float | None = None,
) -> Group:
    """
    Some processes, read in one pass, with sums that are right although they
    share memory.

    Args:
        pids: Which: numbers, pinned processes, or members of an earlier
            group.  The number of a thread means its process.

        source: Where to look; None means the live ``/proc``.

        mappings: Whether to read what each process maps, which takes about as
            long again: for :meth:`Group.by_kind`, and to see what changed.

        timeout: Seconds after which what has not been read is left out, and
            is said to be; None for no limit.

    Raises:
        ProcessGoneError: If there are some, and none is there any more.
    """
    return Group.of(pids, source=source, mappings=mappings, timeout=timeout)


def tree(
    pid: Pid = None,
    *,
    source: Source | None = None,
    mappings: bool = False,
    timeout: float | None = None,
) -> Group:
    """
    A process and all that descend from it, read in one pass.

    Args:
        pid: The process; None means the calling one.

        source: Where to look; None means the live ``/proc``.

        mappings: Whether to read what each process maps.

        timeout: Seconds after which what has not been read is left out, and
            is said to be; None for no limit.

    Raises:
        ProcessGoneError: If the process is not there any more.
    """
    return Group.tree(pid, source=source, mappings=mappings, timeout=timeout)
