"""
A live process as something that can be stopped: its signals, and the states
of its threads.

The descriptor of a directory ``/proc/PID`` is as good as one of
``pidfd_open``: the kernel takes either for a signal, and both mean one process
and not whoever has its number.  Through the directory its files are read, too.

Source: :manpage:`pidfd_send_signal(2)`, :manpage:`proc_pid_stat(5)`.
"""

from __future__ import annotations

import enum
import errno
import os
import signal
from collections import abc

from procmem.errors import (
    AccessDeniedError,
    ProcessGoneError,
    ProcmemError,
    UnsupportedError,
)
from procmem.formats.stat import parse_stat
from procmem.formats.status import parse_status
from procmem.model.status import Stat
from procmem.sources.base import PinnedProcess
from procmem.sources.live import LiveProcess
from procmem.sources.procfs import ProcFS

__all__ = [
    "Identity",
    "Posture",
    "StopDeniedError",
    "Stoppable",
    "copy_of",
    "leader_of",
    "live",
    "taken",
    "unable",
]

Identity = tuple[int, int]
"""The device and inode of a directory ``/proc/PID``.  As long as somebody
holds it open, they mean one process."""


class Posture(enum.IntEnum):
    """
    What a process is doing; of several threads, the highest counts.
    """

    ENDED = 0
    STILL = 1
    MOVING = 2


# By the letters of proc_pid_stat(5).  In "t" a debugger has stopped it.
_ENDED = frozenset("ZXx")
_POSTURES = dict.fromkeys("Tt", Posture.STILL) | dict.fromkeys(_ENDED, Posture.ENDED)


class StopDeniedError(AccessDeniedError):
    """
    The kernel does not let this user stop that process.
    """

    def __str__(self) -> str:
        return f"not permitted to stop process {self.pid}: needs {self.needs}"


class Stoppable:
    """
    A process that is about to be stopped.

    Args:
        process: The process; from here on it belongs to this object.

    Raises:
        ValueError: If *process* has been let go.
    """

    __slots__ = ("_settled", "identity", "process")

    identity: Identity
    process: LiveProcess

    def __init__(self, process: LiveProcess) -> None:
        self.process = process
        found = os.fstat(self.descriptor)
        self.identity = (found.st_dev, found.st_ino)
        # Threads that have been seen to stand still.
        self._settled: dict[int, Posture] = {}

    @property
    def pid(self) -> int:
        """
        Its number.
        """
        return self.process.pid

    @property
    def descriptor(self) -> int:
        """
        The descriptor of its directory.
        """
        descriptor = self.process.descriptor
        assert descriptor is not None  # noqa: S101 (only of files that are missing)
        return descriptor

    def close(self) -> None:
        """
        Let it go.
        """
        self.process.close()

    def send(self, number: signal.Signals) -> None:
        """
        Send a signal.

        Raises:
            ProcessGoneError: If it is gone.

            StopDeniedError: If that is not permitted.

            UnsupportedError: If the kernel can't do it.
        """
        try:
            signal.pidfd_send_signal(self.descriptor, number)
        except OSError as exc:
            raise unable(self.pid, exc.errno) from None

    def runs(self) -> bool:
        """
        Whether it has neither ended, nor been stopped, nor begun to be.
        """
        try:
            states = set(self._states())
        except ProcessGoneError:
            return False
        return "T" not in states and not states <= _ENDED

    def posture(self) -> Posture:
        """
        Whether any of its threads still runs.

        Raises:
            ProcessGoneError: If it is gone.
        """
        first = self._stat()
        if first.threads <= 1:
            return _POSTURES.get(first.state, Posture.MOVING)
        # A thread may have been started while the others were looked at.
        while unseen := set(self.process.threads()) - self._settled.keys():
            for thread in unseen:
                posture = _POSTURES.get(self._state_of(thread), Posture.MOVING)
                if posture is Posture.MOVING:
                    # Perhaps it was continued: what was seen counts no more.
                    self._settled.clear()
                    return posture
                self._settled[thread] = posture
        return max(self._settled.values())

    def parent(self) -> int | None:
        """
        The number of its parent, or None if it is gone.
        """
        try:
            return self._stat().ppid
        except ProcessGoneError:
            return None

    def is_kernel_thread(self) -> bool:
        """
        Whether it is a part of the kernel, which no signal stops.
        """
        return self._stat().is_kernel_thread

    def _states(self) -> abc.Iterator[str]:
        first = self._stat()
        if first.threads <= 1:
            yield first.state
            return
        for thread in self.process.threads():
            yield self._state_of(thread)

    def _state_of(self, thread: int) -> str:
        data = self.process.read(f"task/{thread}/stat")
        # Empty if the thread has ended since it was listed.
        return parse_stat(data, page_size=1).state if data else "X"

    def _stat(self) -> Stat:
        return parse_stat(self.process.read("stat"), page_size=1)


def unable(pid: int, number: int | None) -> ProcmemError | OSError:
    """
    What it means that a signal to *pid* failed with an errno.
    """
    match number:
        case errno.ESRCH:
            return ProcessGoneError(pid)
        case errno.EPERM | errno.EACCES:
            return StopDeniedError(pid, "stat", "the same user, or CAP_KILL")
        case errno.EINVAL:
            return StopDeniedError(
                pid, "stat", "a caller in the pid namespace of the process, or above"
            )
        case errno.ENOSYS | errno.EBADF:
            return UnsupportedError("pidfd_send_signal", "Linux 5.3")
        case _:
            return OSError(number, os.strerror(number or 0), str(pid))


def taken(pid: int, source: ProcFS) -> Stoppable:
    """
    Take hold of a process.

    Raises:
        ProcessGoneError: If there is no such process.
    """
    return Stoppable(live(source.pin(pid)))


def live(process: PinnedProcess) -> LiveProcess:
    """
    The process as one of the running kernel.

    Raises:
        ValueError: If it is not: it was recorded, or is made of bytes.
    """
    if not isinstance(process, LiveProcess):
        msg = f"only a process of a live /proc can be stopped, not {process!r}"
        raise ValueError(msg)  # noqa: TRY004 (the place is wrong, not the type)
    return process


def copy_of(process: LiveProcess) -> LiveProcess:
    """
    The same process, with a descriptor of its own.

    Raises:
        ValueError: If *process* has been let go.
    """
    descriptor = process.descriptor
    assert descriptor is not None  # noqa: S101 (only of files that are missing)
    return LiveProcess(process.source, process.pid, os.dup(descriptor))


def leader_of(process: LiveProcess) -> int:
    """
    The process that this is a thread of: itself, unless the number was that
    of another thread.
    """
    return parse_status(process.read("status")).tgid or process.pid
