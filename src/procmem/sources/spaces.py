"""
Which of many processes have one address space.

``kcmp(2)`` says of two processes whether they do, and if not, which address
space comes first in an order that holds until the machine is started again.
Asked about each pair, a hundred forked processes would take five thousand
calls; put in their order they take a few hundred.

Source: :manpage:`kcmp(2)`, ``kernel/kcmp.c``.
"""

from __future__ import annotations

import os
import re
from collections import abc

from procmem.errors import ProcmemError
from procmem.sources.base import PinnedProcess, Source
from procmem.sources.kcmp import GREATER, LESS, SAME, order_of_memory
from procmem.sources.live import LiveProcess

__all__ = ["Spaces", "numbers_are_ours", "spaces_of"]

_NSPID = re.compile(rb"\nNSpid:\t([0-9\t]+)\n")

Spaces = tuple[list[list[int]], list[int]]
"""Processes by address space, and those of which it is not known."""


def spaces_of(processes: abc.Iterable[PinnedProcess]) -> Spaces:
    """
    Which of some processes have one address space.

    Args:
        processes: The processes, all of one source.

    Returns:
        A list of pids for each address space, and the pids of those of which
        the kernel does not tell (CONFIG_KCMP, a missing right, an unknown
        processor), or whose numbers mean something else to it, as those in a
        proc file system of another pid namespace do.
    """
    spaces: list[list[int]] = []
    unknown: list[int] = []
    processes = list(processes)
    is_live = all(isinstance(process, LiveProcess) for process in processes)
    if is_live and not (processes and numbers_are_ours(processes[0].source)):
        return [], [process.pid for process in processes]
    place = _ordered if is_live else _one_by_one
    # One of each address space, in the same order.
    firsts: list[PinnedProcess] = []
    for process in processes:
        index, is_known = place(process, firsts)
        if not is_known:
            unknown.append(process.pid)
        elif index < 0:
            spaces[~index].append(process.pid)
        else:
            firsts.insert(index, process)
            spaces.insert(index, [process.pid])
    return spaces, unknown


def _ordered(
    process: PinnedProcess, others: abc.Sequence[PinnedProcess]
) -> tuple[int, bool]:
    """
    Where a process belongs among others, whose address spaces are in order:
    ``~index`` of the one that has its own, or the index to insert it at; and
    whether that is known.
    """
    if not others:
        return 0, order_of_memory(process.pid, process.pid) == SAME
    low, high = 0, len(others)
    while low < high:
        middle = (low + high) // 2
        order = order_of_memory(process.pid, others[middle].pid)
        if order == SAME:
            return ~middle, True
        if order < 0:
            return _among_some(process, others)
        if order == LESS:
            high = middle
        else:
            low = middle + 1
    return low, True


def _among_some(
    process: PinnedProcess, others: abc.Sequence[PinnedProcess]
) -> tuple[int, bool]:
    """
    The same where some of the others have ended since they were put in order.
    """
    place = 0
    for index, other in enumerate(others):
        order = order_of_memory(process.pid, other.pid)
        if order == SAME:
            return ~index, True
        if order == GREATER:
            place = index + 1
        elif order < 0 and order_of_memory(other.pid, other.pid) == SAME:
            return 0, False
    return place, True


def _one_by_one(
    process: PinnedProcess, others: abc.Sequence[PinnedProcess]
) -> tuple[int, bool]:
    """
    The same where no order is known.
    """
    for index, other in enumerate(others):
        same = process.shares_memory_with(other)
        if same is None:
            return 0, False
        if same:
            return ~index, True
    # The first would be known without having asked anything.
    return len(others), bool(others) or process.shares_memory_with(process) is not None


def numbers_are_ours(source: Source) -> bool:
    """
    Whether the pids of a proc file system are those of our own pid namespace.
    """
    try:
        with source.pin(None) as process:
            found = _NSPID.search(process.read("status"))
            # From the namespace of the file system down to our own.  The line
            # is missing before Linux 4.1.
            if found is not None:
                return len(found[1].split()) == 1
            return process.pid == os.getpid()
    except ProcmemError:
        # We have no number there.
        return False
