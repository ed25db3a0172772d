"""
The holder's side of the watcher: start it, tell it, end it.
"""

from __future__ import annotations

import errno
import inspect
import os
import signal
import socket
import sys
from collections import abc
from contextlib import suppress

from procmem.errors import UnsupportedError
from procmem.sources import watcher
from procmem.sources.stopping import Stoppable, unable
from procmem.sources.watcher import AT_ONCE, FORGET, HOLD, NUMBER, READY

__all__ = ["Watcher"]

# For who has given up the right to read the file since.
_PROGRAM = inspect.getsource(watcher)

# A Python starts in some 20 ms, and answers in less than one.
_PATIENCE = 30.0


class Watcher:
    """
    A process that continues what it has been told of when this one ends.

    Raises:
        UnsupportedError: If it can't be started.
    """

    __slots__ = ("_channel", "_pid", "_pidfd")

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._pid = self._pidfd = None
        try:
            with theirs:
                self._pid = _start(theirs.fileno())
            self._pidfd = os.pidfd_open(self._pid)
            self._channel.settimeout(_PATIENCE)
            if self._channel.recv(len(READY)) == READY:
                return
        except OSError as exc:
            self.end()
            raise _not_here(exc) from None
        except BaseException:
            self.end()
            raise
        self.end()
        raise _not_here(None)

    _pid: int | None
    _pidfd: int | None

    def hold(self, processes: abc.Sequence[Stoppable]) -> None:
        """
        Have *processes* continued from now on.  All, or none if it fails.

        Raises:
            ConnectionError: If the watcher does not answer.

            StopDeniedError: If it is not permitted to continue one of them.
        """
        try:
            for start in range(0, len(processes), AT_ONCE):
                self._hold(processes[start : start + AT_ONCE])
        except BaseException:
            self.forget(processes)
            raise

    def _hold(self, processes: abc.Sequence[Stoppable]) -> None:
        descriptors = [process.descriptor for process in processes]
        try:
            socket.send_fds(self._channel, [HOLD + _numbers(descriptors)], descriptors)
            answer = self._channel.recv(AT_ONCE)
        except TimeoutError:
            answer = b""
        if not answer:
            raise ConnectionResetError(errno.ECONNRESET, "the watcher is gone")
        if len(answer) != len(processes):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        for process, number in zip(processes, answer, strict=True):
            # Who is gone needs not be continued.
            if number not in {0, errno.ESRCH}:
                raise unable(process.pid, number)

    def forget(self, processes: abc.Sequence[Stoppable]) -> None:
        """
        Have *processes* left alone: they are not stopped (any more).
        """
        numbers = [process.descriptor for process in processes]
        try:
            for start in range(0, len(numbers), AT_ONCE):
                self._channel.send(FORGET + _numbers(numbers[start : start + AT_ONCE]))
        except OSError:
            # Then it does nothing anyway.
            return

    def end(self) -> None:
        """
        End it: there is nothing to be continued.
        """
        if self._pidfd is not None:
            # It could do so itself, but not if somebody has stopped it.  And
            # somebody may have ended it and waited for it.
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        self.close()
        if self._pid is not None:
            try:
                os.waitpid(self._pid, 0)
            except ChildProcessError:
                # This program waits for all of its children, or for none.
                pass
            self._pid = None

    def close(self) -> None:
        """
        Let go of it without ending it.
        """
        self._channel.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None


def _start(descriptor: int) -> int:
    """
    Start the program with *descriptor* as its standard input; its pid.
    """
    # That of a virtual environment needs some more files.  Either may be
    # missing where Python is a part of another program.
    python = getattr(sys, "_base_executable", None) or sys.executable or ""
    readable = os.access(watcher.__file__, os.R_OK)
    program = [watcher.__file__] if readable else ["-c", _PROGRAM]
    # Not a fork: what this process has in memory would become shared.  With
    # its signals blocked from the start, nothing but SIGKILL reaches it.
    return os.posix_spawn(
        python,
        [python, "-I", "-S", *program],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, descriptor, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
        setsigmask=signal.valid_signals(),
    )


def _not_here(exc: OSError | None) -> UnsupportedError:
    if exc is not None and exc.errno in {errno.EMFILE, errno.ENFILE}:
        raise exc
    needs = "Linux 5.3, and a Python at sys.executable that this user may run"
    return UnsupportedError("freezing", needs)


def _numbers(descriptors: abc.Iterable[int]) -> bytes:
    return b"".join(
        descriptor.to_bytes(NUMBER, sys.byteorder) for descriptor in descriptors
    )
