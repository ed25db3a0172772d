"""
What it means that a file is empty.

A file of ``/proc`` shows one address space: that which the process had when
the file was opened.  If the process replaces it (``exec``) or gives it up
(``exit``), the kernel reports no error: the text just ends, at once or in the
middle.  So nothing is believed that is empty or short before ``status`` has
confirmed it:

* ``status`` says that there is no address space (a kernel thread, a zombie):
  there is nothing to count.
* ``status`` tells of memory: the process became another program in between.
  Open the file again.
* The first thread is a zombie and others live: they share the address space.
  Read it through one of them.
* The process is gone: an error.
"""

from __future__ import annotations

import time
from collections import abc
from typing import TYPE_CHECKING, TypeVar

from procmem.errors import ProcessChangedError, ProcessGoneError
from procmem.evidence import Evidence
from procmem.sources.base import PinnedProcess

if TYPE_CHECKING:
    from procmem.model.status import Status

__all__ = ["first_sound", "may_live_on", "nothing", "threads_with_memory"]

_T = TypeVar("_T")

_TRIES = 20

# A process that has given up its address space and is not yet a zombie is
# about to become one.  All pauses together are less than half a second.
_SHORTEST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.03


def first_sound(
    process: PinnedProcess,
    file: str,
    read: abc.Callable[[PinnedProcess, str], _T | None],
) -> _T | None:
    """
    The first answer of *read* that is one, or None if the process has no
    address space.

    Args:
        process: What to read.

        file: Name of the file, for errors.

        read: Called with the process and a prefix for names of files
            (``""``, or ``"task/TID/"``).  Gives None if what it read was
            empty or cut short.

    Raises:
        ProcessGoneError: If the process is gone, or has given up its address
            space and is going.

        ProcessChangedError: If every try met another program.
    """
    prefix = ""
    pause = _SHORTEST_PAUSE
    ending = False
    for _ in range(_TRIES):
        answer = read(process, prefix)
        if answer is not None:
            return answer
        status = _status(process.read("status"))
        if status.has_address_space:
            prefix, ending = "", False
        elif _is_kernel_thread(process, status) or _is_all_dead(status):
            return None
        elif alive := next(threads_with_memory(process), None):
            prefix, ending = alive[0], False
        else:
            # It, or the last of its threads, is about to end.
            ending = True
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
    if ending:
        raise ProcessGoneError(process.pid)
    raise ProcessChangedError(process.pid, file)


def threads_with_memory(
    process: PinnedProcess,
) -> abc.Iterator[tuple[str, Status]]:
    """
    For each thread that still has the address space, the prefix of its files
    and its status.
    """
    for thread in process.threads():
        prefix = f"task/{thread}/"
        data = process.read(f"{prefix}status")
        # Empty if the thread has ended since it was listed.
        if data:
            status = _status(data)
            if status.has_address_space:
                yield prefix, status


def may_live_on(status: Status) -> bool:
    """
    Whether the first thread has ended and others may not have.
    """
    return _is_dead(status) and (status.threads or 0) > 1


def nothing(started: float) -> Evidence:
    """
    The evidence for an answer of 0.
    """
    return Evidence(
        method="kernel",
        files=("status",),
        seconds=time.perf_counter() - started,
        notes=("No address space: a kernel thread or a zombie.",),
    )


def _status(data: bytes) -> Status:
    # Most processes have memory, and never need this module.
    from procmem.formats.status import parse_status

    return parse_status(data)


def _is_dead(status: Status) -> bool:
    return status.state in {"Z", "X"}


def _is_all_dead(status: Status) -> bool:
    return _is_dead(status) and not may_live_on(status)


def _is_kernel_thread(process: PinnedProcess, status: Status) -> bool:
    if status.kthread is not None:
        return status.kthread
    # Older kernels do not print Kthread in status; the flag in stat is on
    # every kernel.
    from procmem.formats.stat import parse_stat

    stat = parse_stat(process.read("stat"), page_size=1)
    return stat.is_kernel_thread
