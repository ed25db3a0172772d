"""
Who a process is, by its ``stat``: the cheapest file that tells, and one that
anybody may read.

Source: :manpage:`proc_pid_stat(5)`, ``do_task_stat()`` in
``fs/proc/array.c``.
"""

from __future__ import annotations

from typing import NamedTuple

from procmem.errors import ParseError
from procmem.formats.stat import parse_stat

__all__ = ["Identity", "Layout", "identity_of"]

Layout = tuple[int, int, int]
"""Where code begins and ends, and where the stack began, as ``execve`` has
laid it out.  Only processes that were forked from one have that in common."""

# include/linux/sched.h
_PF_KTHREAD = 0x00200000

# Fields 26 to 28 of the manual page: where code begins and ends, and the stack
# began.  The third is the first after the name.
_CODE = 26 - 3
# What a parent is told when it ends, which for threads is nobody.
_EXIT_SIGNAL = 38 - 3


class Identity(NamedTuple):
    """
    A process as its ``stat`` shows it.

    Attributes:
        pid: Its number, in the pid namespace of the proc file system.

        name: Of its program, at most 15 bytes.

        state: One letter; ``"Z"`` is a zombie, or a process whose first
            thread has ended.

        parent: Its parent, 0 if that is outside of the namespace.

        session: Its session.

        threads: How many there are.

        start_time: When it started, in clock ticks since the machine did.

        resident: About how much is resident, in bytes.

        is_kernel_thread: Whether it is a part of the kernel.

        is_thread: Whether the number is that of a thread and not of a
            process.

        layout: How its address space is laid out; None where that is not
            shown to this user, as to everybody who may not read its memory.
    """

    pid: int
    name: str
    state: str
    parent: int
    session: int
    threads: int
    start_time: int
    resident: int
    is_kernel_thread: bool
    is_thread: bool
    layout: Layout | None


def identity_of(data: bytes, *, page_size: int) -> Identity:
    """
    Parse as much of ``stat`` as tells who it is.

    It takes a fifth of the time of :func:`~procmem.parse_stat`, which has the
    last word on whatever looks unusual.

    Raises:
        ParseError: If it is not what the kernel prints.
    """
    head, _, tail = data.rpartition(b") ")
    number, _, name = head.partition(b" (")
    fields = tail.split(b" ", _EXIT_SIGNAL + 1)
    try:
        layout = (int(fields[_CODE]), int(fields[_CODE + 1]), int(fields[_CODE + 2]))
        # By their places: naming them takes longer than all the rest.
        return Identity(
            int(number),
            name.decode("utf-8", "surrogateescape"),
            fields[0].decode("ascii"),
            int(fields[1]),
            int(fields[3]),
            int(fields[17]),
            int(fields[19]),
            max(0, int(fields[21])) * page_size,
            bool(int(fields[6]) & _PF_KTHREAD),
            fields[_EXIT_SIGNAL] == b"-1",
            # A process that may not be looked into shows 1, 1 and 0.
            layout if layout[2] else None,
        )
    except (ValueError, IndexError):
        return _unusual(data, page_size)


def _unusual(data: bytes, page_size: int) -> Identity:
    if not data:
        raise ParseError("nothing in it", "stat", 1, b"")
    stat = parse_stat(data, page_size=page_size)
    return Identity(
        pid=stat.pid,
        name=stat.name,
        state=stat.state,
        parent=stat.ppid,
        session=stat.session,
        threads=stat.threads,
        start_time=stat.start_time,
        resident=max(0, stat.rss),
        is_kernel_thread=stat.is_kernel_thread,
        is_thread=False,
        layout=None,
    )
