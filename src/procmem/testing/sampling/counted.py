"""
The cheap counters of one process that is looked at many times a second.

Its files are kept open, because opening one costs more than reading it.  The
kernel ties them to the process: once it is gone they can't be read, even if
another one got its number.
"""

from __future__ import annotations

import contextlib
import errno
import os

from procmem.errors import ProcessGoneError, ProcmemError
from procmem.sources.live import LiveProcess
from procmem.testing.sampling.counters import (
    Cheap,
    Faults,
    cheap_of,
    fields_of,
    ignores_children,
    threads_of,
)

__all__ = ["Counted"]

_ENOUGH = 4096

# How often, in seconds, the page faults of one that shares memory are looked
# at: to write to a page that is shared changes no other counter.
_CLOSELY = 0.025


class Counted:
    """
    A process, its open files, and what was last read from them.

    Args:
        process: The process; closed with this.

        now: When it was first seen.

    Raises:
        ProcessGoneError: If it is gone.
    """

    __slots__ = (
        "_looked",
        "_prefix",
        "_stat",
        "_stat_text",
        "_statm",
        "_statm_text",
        "_status",
        "_status_text",
        "cheap",
        "copied",
        "denied",
        "ended",
        "faults",
        "first_seen",
        "ignores_children",
        "last_seen",
        "name",
        "page",
        "parent",
        "pid",
        "process",
        "programs",
        "seen_faults",
        "shares",
        "stack",
        "start_time",
        "threads",
    )

    def __init__(self, process: LiveProcess, now: float) -> None:
        self.process = process
        self.pid = process.pid
        self.page = process.source.page_size
        self.first_seen = self.last_seen = now
        self.name = b""
        self.parent = 0
        self.start_time = 0
        self.stack = b"0"
        self.programs = 0
        self.threads = 1
        self.faults = Faults(0, 0)
        self.cheap: Cheap | None = None
        # Whether it shares much, and since it was last known how much: its
        # page faults, as bytes, that no counter explains.
        self.shares = False
        self.copied = 0
        # Its page faults before it was last seen with memory.
        self.seen_faults = 0
        self.denied = False
        self.ended = False
        self.ignores_children = False
        self._looked = now
        self._statm_text: bytes = b""
        self._status_text: bytes = b""
        self._stat_text: bytes = b""
        self._statm = self._status = self._stat = -1
        self._prefix = ""
        try:
            self._open("")
            self.refresh(now)
        except BaseException:
            self.close()
            raise
        if self.ended:
            self.close()
            raise ProcessGoneError(self.pid)

    def tick(self, now: float) -> bool:
        """
        Look whether anything is different; True if so.
        """
        if self.ended:
            return False
        try:
            text = os.pread(self._statm, _ENOUGH, 0)
        except OSError as exc:
            self._failed(exc)
            return True
        if text == self._statm_text and text[:2] != b"0 ":
            self.last_seen = now
            if self.shares and now - self._looked >= _CLOSELY:
                return self._has_faulted(now) and self.refresh(now)
            return False
        return self.refresh(now)

    def _has_faulted(self, now: float) -> bool:
        self._looked = now
        try:
            stat = os.pread(self._stat, _ENOUGH, 0)
        except OSError:
            # The next to read it will see to that.
            return True
        return stat != self._stat_text and fields_of(stat).faults != self.faults

    def refresh(self, now: float) -> bool:
        """
        Read all cheap counters; True if they changed, or if memory that was
        shared may have become its own.
        """
        if self.ended:
            return False
        before, faults = self.cheap, self.faults.own
        programs, copied = self.programs, self.copied
        try:
            self._statm_text = os.pread(self._statm, _ENOUGH, 0)
            # Faults first: those that come in between are not counted as
            # seen, though what they brought may be.
            stat = os.pread(self._stat, _ENOUGH, 0)
            status = os.pread(self._status, _ENOUGH, 0)
        except OSError as exc:
            self._failed(exc)
            return True
        self.last_seen = self._looked = now
        # Of one that sleeps, both are what they were, and taking them apart
        # costs more than reading them.
        if stat != self._stat_text:
            self._stat_text = stat
            self._take_stat(stat)
        if status != self._status_text:
            self._status_text = status
            self._take_status(status)
        if self.cheap is not None:
            self.seen_faults = self.faults.own
            if self.programs == programs and before is not None:
                brought = (self.faults.own - faults) * self.page
                self.copied += max(0, brought - _growth(before, self.cheap))
        return self.cheap != before or (self.shares and self.copied > copied)

    def _take_stat(self, text: bytes) -> None:
        fields = fields_of(text)
        self.name, self.parent, self.faults, self.start_time, stack = fields
        if stack != self.stack:
            # Another program, with other memory.
            self.stack = stack
            self.programs += 1
            self.begin_anew()

    def begin_anew(self) -> None:
        """
        It is another program now: nothing that was known of its memory is so.
        """
        self.shares = False
        self.copied = 0

    def _take_status(self, text: bytes) -> None:
        self.threads = threads_of(text)
        self.ignores_children = ignores_children(text)
        self.cheap = cheap_of(text)
        if self.cheap is None and self.threads > 1:
            # The first thread has ended, and others have its memory.
            self._switch_thread()

    def _switch_thread(self) -> None:
        try:
            threads = self.process.threads()
        except (OSError, ProcmemError):
            return
        for thread in threads:
            prefix = f"task/{thread}/"
            if prefix == self._prefix:
                continue
            try:
                self.cheap = cheap_of(self.process.read(f"{prefix}status"))
                if self.cheap is not None:
                    self._open(prefix)
                    return
            except (OSError, ProcmemError):
                continue

    def _failed(self, exc: OSError) -> None:
        if self._prefix:
            # That thread has ended; the process perhaps not.
            with contextlib.suppress(OSError, ProcmemError):
                self._open("")
                return
        if exc.errno in {errno.ESRCH, errno.ENOENT}:
            self.ended = True
        else:
            self.denied = True
        self.cheap = None

    def _open(self, prefix: str) -> None:
        self._close_files()
        self._prefix = prefix
        self._statm = self.process.open_descriptor(f"{prefix}statm")
        self._status = self.process.open_descriptor(f"{prefix}status")
        # Its counters are those of the whole process, whatever its threads.
        self._stat = self.process.open_descriptor("stat")

    # Letting go

    def close(self) -> None:
        """
        Close all that is open.
        """
        self._close_files()
        self.process.close()

    def _close_files(self) -> None:
        for descriptor in (self._statm, self._status, self._stat):
            if descriptor >= 0:
                os.close(descriptor)
        self._statm = self._status = self._stat = -1


def _growth(before: Cheap, after: Cheap) -> int:
    """
    What page faults have brought, as far as counters show it.  One brings
    many pages of a file; and one that copies a page of a file adds nothing
    to the RSS.
    """
    footprint = after.of("footprint") - before.of("footprint")
    rss = after.rss + after.swap - before.rss - before.swap
    return max(0, min(footprint, rss))
