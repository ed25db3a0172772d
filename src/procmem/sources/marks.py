"""
The high-water mark of the RSS of a process, and how to set it back.

Writing 5 to ``clear_refs`` sets ``VmHWM`` to what is resident now.  It is one
counter for the whole process: whoever resets it, resets it for everybody.

Source: :manpage:`proc_pid_clear_refs(5)`, ``clear_refs_write()`` in
``fs/proc/task_mmu.c``, ``percpu_counter_batch`` in ``lib/percpu_counter.c``.
"""

from __future__ import annotations

import os

from procmem.errors import ProcmemError
from procmem.sources.base import PinnedProcess
from procmem.sources.live import LiveProcess, NoAddressSpaceError

__all__ = ["mark_error", "reset_mark"]

_RESET = b"5"

# VmHWM is compared with the sum of three: anonymous, file, shared memory.
_COUNTERS = 3

_LEAST_BATCH = 32

# Before Linux 6.2 each thread kept up to so many changes to itself.
_KEPT_BY_THREAD = 64


def reset_mark(process: PinnedProcess) -> bool:
    """
    Set the mark of a process to what is resident now.

    Returns:
        False if that is not possible: not permitted (it takes the same user
        or ``CAP_DAC_OVERRIDE``), unknown to the kernel (before Linux 4.0, or
        without ``CONFIG_PROC_PAGE_MONITOR``), a read-only ``/proc``, or a
        process that is gone.  Of a zombie, which has no mark, it is true.
    """
    if not isinstance(process, LiveProcess):
        return False
    try:
        descriptor = process.open_descriptor("clear_refs", os.O_WRONLY)
    except (OSError, ProcmemError, NoAddressSpaceError):
        return False
    try:
        return os.write(descriptor, _RESET) == len(_RESET)
    except OSError:
        # EINVAL before Linux 4.0; ESRCH of a process that has ended.
        return False
    finally:
        os.close(descriptor)


def mark_error(page_size: int, threads: int = 1) -> int:
    """
    How far a mark can be from the truth, in bytes.

    The counters behind it are spread over the processors, and each keeps a
    batch of changes to itself.  *Since Linux kernel commit* ``f1a7941243c1``
    ("mm: convert mm's rss stats into percpu_counter") (in v6.2), it is the
    number of processors that counts; before that, the number of threads.  The
    larger of both is right everywhere.

    Args:
        page_size: Size of a page, in bytes.

        threads: How many threads the process has.
    """
    processors = os.sysconf("SC_NPROCESSORS_CONF")
    batch = max(_LEAST_BATCH, 2 * processors)
    pages = max(_COUNTERS * processors * (batch - 1), _KEPT_BY_THREAD * threads)
    return pages * page_size
