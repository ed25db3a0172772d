"""
The children of processes that stand still.

Source: :manpage:`proc_pid_task(5)`.
"""

from __future__ import annotations

from collections import abc

from procmem.errors import AccessDeniedError, ProcessGoneError
from procmem.sources.live import ELSEWHERE
from procmem.sources.procfs import ProcFS
from procmem.sources.stopping import Stoppable, taken

__all__ = ["children_by_parent", "children_listed", "lists_children"]


def lists_children(process: Stoppable) -> bool:
    """
    Whether the kernel lists the children of a process (Linux 3.5, with
    ``CONFIG_PROC_CHILDREN``).
    """
    file = f"{process.pid}/task/{process.pid}/children"
    return process.process.source.read(file) is not None


def children_listed(parents: abc.Iterable[Stoppable]) -> abc.Iterator[Stoppable]:
    """
    The children that some processes, which stand still, have now.

    Raises:
        AccessDeniedError: If one of them is hidden.
    """
    for parent in parents:
        for pid in _listed(parent):
            try:
                child = taken(pid, parent.process.source)
            except ProcessGoneError:
                # A process that stands still cannot have waited for it.
                if pid in _listed(parent):
                    raise AccessDeniedError(pid, ".", ELSEWHERE) from None
                continue
            # Else it ended and another one has got its number.
            if child.parent() == parent.pid:
                yield child
            else:
                child.close()


def _listed(parent: Stoppable) -> list[int]:
    try:
        return [
            int(pid)
            for thread in parent.process.threads()
            for pid in parent.process.read(f"task/{thread}/children").split()
        ]
    except ProcessGoneError:
        return []


def children_by_parent(
    parents: abc.Iterable[Stoppable], source: ProcFS
) -> abc.Iterator[Stoppable]:
    """
    The same by looking at every process there is.
    """
    wanted = {parent.pid: parent for parent in parents}
    for pid in source.pids():
        try:
            candidate = taken(pid, source)
            parent = wanted.get(candidate.parent() or 0)
            # If the parent is gone, another process has its number.
            is_one = parent is not None and parent.parent() is not None
        except (ProcessGoneError, AccessDeniedError):
            # Those of other users may be hidden; ours are not.
            continue
        if is_one:
            yield candidate
        else:
            candidate.close()
