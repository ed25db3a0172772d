"""
How high the RSS of one process rose during a stretch of time.

The kernel keeps the highest RSS of each process, ``VmHWM``, and can be told to
begin anew.  That is one mark for the whole process, so that whoever begins
anew erases it for all who wait for their own answer.  Here nobody is robbed:
each reading that comes before a reset is folded into all windows that are
open, whatever thread they are of and however they are nested.

The mark misses nothing, however short.  It is not exact either: the kernel
adds up counters that each processor keeps for itself, and does not ask them.
It has no swap, no share of what is shared, and no tree.
"""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import Self

import attrs

from procmem.errors import ProcmemError
from procmem.formats.stat import parse_stat
from procmem.formats.status import parse_status
from procmem.sources.base import PinnedProcess
from procmem.sources.marks import mark_error, reset_mark
from procmem.sources.procfs import ProcFS

__all__ = ["PeakWindow", "RssPeak"]


@attrs.frozen(kw_only=True)
class RssPeak:
    """
    How high the RSS of a process rose while a window was open.

    Attributes:
        hwm: The highest ``VmHWM``, in bytes; None if it is not known: the
            process had no memory, or its status could not be read.

        was_reset: Whether the mark began anew when the window was opened.

        rose: Whether the mark was reached while the window was open.  Always
            so after a reset.  Otherwise it may be older, and is an upper
            bound for the window and nothing more.

        error: How far *hwm* can be from the truth, in bytes.

        ended: Whether the process ended before the window was closed, or
            became another program; *hwm* is what was last read, and a lower
            bound only.
    """

    hwm: int | None
    was_reset: bool
    rose: bool
    error: int
    ended: bool = False


class PeakWindow:
    """
    A stretch of time, from when this is made until it is closed.

    Args:
        process: Whose RSS; None means the calling process.  It stays the
            caller's to close, after the window.

        reset: Whether to begin with a new mark.  None means: for the calling
            process.  That of another is reset only when asked for, because
            others may be watching it.

    Raises:
        ProcessGoneError: If there is no such process any more.

        AccessDeniedError: If its status may not be read.
    """

    __slots__ = (
        "_answer",
        "_first",
        "_folded",
        "_is_own",
        "_key",
        "_process",
        "_program",
        "_threads",
        "_was_reset",
    )

    def __init__(
        self, process: PinnedProcess | None = None, *, reset: bool | None = None
    ) -> None:
        self._is_own = process is None
        self._process = ProcFS().pin() if process is None else process
        self._answer: RssPeak | None = None
        # The highest mark that belongs to this window, as far as it was read
        # before somebody reset it.
        self._folded: int | None = None
        self._threads = 1
        try:
            stat = self._process.read("stat")
            page_size = self._process.source.page_size
            start_time = parse_stat(stat, page_size=page_size).start_time
            self._key = (self._process.pid, start_time)
            self._program = _program(stat)
            with _OPEN.lock:
                # What this mark means to those that are open already.
                self._first = self._mark()
                self._was_reset = False
                if self._is_own if reset is None else reset:
                    for window in _OPEN.windows.get(self._key, []):
                        window.fold(self._first)
                    self._was_reset = reset_mark(self._process)
                    if self._was_reset:
                        self._first = self._mark()
                        # The kernel resets a zombie, which has no mark.
                        self._was_reset = self._first is not None
                _OPEN.windows.setdefault(self._key, []).append(self)
        except BaseException:
            self._let_go()
            raise

    def read(self) -> RssPeak:
        """
        How high it has been so far.
        """
        if self._answer is not None:
            return self._answer
        with _OPEN.lock:
            return self._look()

    def close(self) -> RssPeak:
        """
        End it; to do so again gives the same answer.
        """
        if self._answer is None:
            with _OPEN.lock:
                try:
                    self._answer = self._look()
                finally:
                    windows = _OPEN.windows.get(self._key, [])
                    if self in windows:
                        windows.remove(self)
                    if not windows:
                        _OPEN.windows.pop(self._key, None)
                    self._let_go()
        return self._answer

    def fold(self, mark: int | None) -> None:
        """
        Take in a mark that is about to be reset.
        """
        if mark is not None:
            self._folded = max(mark, self._folded or 0)

    def _look(self) -> RssPeak:
        ended = False
        mark: int | None = None
        try:
            mark = self._mark()
            # A new program has new memory, and a mark that begins with it.
            ended = mark is None or _program(self._process.read("stat")) != (
                self._program
            )
        except ProcmemError:
            ended = True
        marks = [one for one in (mark, self._folded) if one is not None]
        if ended and self._first is not None:
            marks.append(self._first)
        hwm = max(marks, default=None)
        page_size = self._process.source.page_size
        return RssPeak(
            hwm=hwm,
            was_reset=self._was_reset,
            rose=self._was_reset
            or (hwm is not None and self._first is not None and hwm > self._first),
            error=mark_error(page_size, self._threads),
            ended=ended,
        )

    def _mark(self) -> int | None:
        """
        What the kernel says; None if there is no memory.
        """
        status = parse_status(self._process.read("status"))
        self._threads = max(self._threads, status.threads or 1)
        return status.vm_hwm

    def _let_go(self) -> None:
        if self._is_own:
            self._process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Registry:
    """
    The open windows of each process, which has a number and a start time.
    """

    __slots__ = ("lock", "windows")

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """
        Forget all: in a fork, whose memory is another one, and its mark too.
        """
        # A thread that is not there may hold the old one.
        self.lock = threading.Lock()
        self.windows: dict[tuple[int, int], list[PeakWindow]] = {}


_OPEN = _Registry()

os.register_at_fork(after_in_child=_OPEN.begin_anew)


def _program(stat: bytes) -> tuple[bytes, ...]:
    """
    Where the code and the stack of a program are: another one has others.

    The kernel shows zeros to those who may not know, and then nobody can
    tell.
    """
    fields = stat.rpartition(b")")[2].split()
    # The first of these is the third of proc_pid_stat(5): startcode, endcode
    # and startstack are the 26th to 28th.
    return tuple(fields[23:26])
