"""
A command that runs as a child of this process, as if this process were not
there: it gets the same input, output, terminal, environment, and signals.

Signals are not caught but waited for: between two looks at its memory this
process does nothing else.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections import abc
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["NOT_EXECUTABLE", "NOT_FOUND", "CannotStartError", "Command", "children"]

NOT_EXECUTABLE = 126
NOT_FOUND = 127
"""What shells report for a command that can't be run, and for one that is not
there."""

_FATAL = 128

# What somebody might send to this process in place of the command.
_FORWARDED = frozenset(
    {
        signal.SIGALRM,
        signal.SIGCONT,
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGTERM,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGWINCH,
    }
)
# What Python ignores, and other programs rely on.
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)

# Sent by the kernel (SI_KERNEL in asm-generic/siginfo.h): by a terminal, and
# then to all processes in the foreground, the command among them.
_BY_KERNEL = 0x80

_SHELL = "/bin/sh"

# Seconds after which one looks whether the command has ended, also if nothing
# was heard of it.
_LONG = 0.5


class CannotStartError(Exception):
    """
    The command could not be started.

    Attributes:
        code: The exit code that says so.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Command:
    """
    A command, started; a context manager that waits for its end, and then
    puts the signals back.

    Args:
        arguments: Its name, and its arguments.

    Attributes:
        pid: Its number.

        status: What a shell would report, or None while it runs.

        signal: The number of the signal that ended it, or None.

        seconds: How long it has run, once it has ended.

    Raises:
        CannotStartError: If it can't be started.
    """

    def __init__(self, arguments: abc.Sequence[str]) -> None:
        self.status: int | None = None
        self.signal: int | None = None
        self.seconds = 0.0
        # Of a program that has had children before, they are not ours.
        self._others = frozenset(children())
        ignored = {
            number
            for number in _FORWARDED
            if signal.getsignal(number) == signal.SIG_IGN
        }
        self._forwarded = _FORWARDED - ignored
        awaited = {*self._forwarded, signal.SIGCHLD}
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
        # Without a handler of any kind, there is nothing to wait for.
        self._handler = signal.signal(signal.SIGCHLD, _do_nothing)
        self._awaited = awaited
        self._started = time.monotonic()
        try:
            self.pid = _spawned(arguments, self._mask)
        except BaseException:
            self._put_back()
            raise

    def wait(self, seconds: float) -> None:
        """
        Wait, at most so long, until something happens, and see to it: pass
        signals on, and take note of children that have ended.
        """
        end = time.monotonic() + min(seconds, _LONG)
        while True:
            rest = max(0.0, end - time.monotonic())
            received = signal.sigtimedwait(self._awaited, rest)
            # Where there are other threads, one of them may have been given
            # the signal that a child has ended: so it is asked anyway.
            if received is None or received.si_signo == signal.SIGCHLD:
                self.reap()
                return
            if received.si_code != _BY_KERNEL:
                self._send(received.si_signo)

    def reap(self) -> None:
        """
        Wait for all children that have ended, those among them that lost
        their parents and came to this process.
        """
        for pid in children():
            if pid in self._others:
                continue
            try:
                ended, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue
            if ended == self.pid:
                self.seconds = time.monotonic() - self._started
                code = os.waitstatus_to_exitcode(status)
                self.status = code if code >= 0 else _FATAL - code
                self.signal = -code if code < 0 else None

    def orphans(self) -> list[int]:
        """
        The children of this process that run, other than the command: they
        lost their parents.
        """
        return [
            pid for pid in children() if pid != self.pid and pid not in self._others
        ]

    def _send(self, number: int) -> None:
        if self.status is not None:
            return
        try:
            # It has not been waited for, so the number is still its own.
            os.kill(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def _put_back(self) -> None:
        signal.signal(signal.SIGCHLD, self._handler)
        # What is still pending was meant for the command.
        while signal.sigtimedwait(self._awaited, 0) is not None:
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            # Whatever went wrong here is not the command's fault.
            while self.status is None:
                self.wait(_LONG)
        finally:
            self._put_back()


def _do_nothing(*_: object) -> None:
    """
    Not even this happens: the signal is blocked.
    """


def children() -> list[int]:
    """
    The children of this process, those that have ended among them.
    """
    found: list[int] = []
    for thread in os.listdir("/proc/self/task"):  # noqa: PTH208
        try:
            with open(f"/proc/self/task/{thread}/children", "rb") as file:  # noqa: PTH123
                found += map(int, file.read().split())
        except FileNotFoundError:
            # The thread is gone.
            continue
    return found


def _spawned(arguments: abc.Sequence[str], mask: abc.Iterable[int]) -> int:
    """
    Start a command; its pid.
    """
    name = arguments[0]
    try:
        return _spawn(name, arguments, mask)
    except OSError as exc:
        if exc.errno == errno.ENOEXEC and (path := _found(name)):
            # A script without a first line that says what runs it.
            return _spawn(_SHELL, [_SHELL, path, *arguments[1:]], mask)
        missing = exc.errno in {errno.ENOENT, errno.ENOTDIR}
        code = NOT_FOUND if missing else NOT_EXECUTABLE
        raise CannotStartError(f"{name}: {exc.strerror}", code) from None
    except ValueError as exc:
        # A NUL, or nothing at all.
        raise CannotStartError(f"{name}: {exc}", NOT_FOUND) from None


def _spawn(name: str, arguments: abc.Sequence[str], mask: abc.Iterable[int]) -> int:
    # Not a fork: what this process has in memory would become shared.
    return os.posix_spawnp(
        name,
        list(arguments),
        os.environ,
        setsigmask=mask,
        setsigdef=_RESTORED,
    )


def _found(name: str) -> str | None:
    import shutil

    return shutil.which(name)
