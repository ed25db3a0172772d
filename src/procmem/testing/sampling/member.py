"""
One process that is looked at many times a second.

Its files are kept open, because opening one costs more than reading it.  The
kernel ties them to the process: once it is gone they can't be read, even if
another one got its number.  Only ``smaps_rollup`` is opened anew each time: it
shows the memory that the process had when it was opened.
"""

from __future__ import annotations

import contextlib
import errno
import os

from procmem.errors import AccessDeniedError, ProcessGoneError, ProcmemError
from procmem.reading.totals import read_usage
from procmem.sources.live import LiveProcess
from procmem.testing.sampling.counters import (
    Cheap,
    Faults,
    Figures,
    cheap_of,
    fields_of,
    figures_of,
    ignores_children,
    threads_of,
)
from procmem.testing.sampling.sampled import Metric

__all__ = ["HELPER_NAME", "Member"]

HELPER_NAME = b"procmem-sampler"
"""What the helper is called: as long as a name can be."""

_ENOUGH = 4096

_ZERO = Figures(0, 0, 0, 0)


class Member:
    """
    A process, its open files, and what was last read from them.

    Args:
        process: The process; closed with the member.

        now: When it was first seen.

    Raises:
        ProcessGoneError: If it is gone.
    """

    __slots__ = (
        "_prefix",
        "_stat",
        "_stat_text",
        "_statm",
        "_statm_text",
        "_status",
        "_status_text",
        "cheap",
        "cheap_when_read",
        "denied",
        "ended",
        "faults",
        "faults_when_read",
        "figures",
        "first_seen",
        "ignores_children",
        "last_seen",
        "name",
        "parent",
        "pid",
        "process",
        "programs",
        "seen_faults",
        "stack",
        "start_time",
        "threads",
        "twin_of",
        "was_read",
    )

    def __init__(self, process: LiveProcess, now: float) -> None:
        self.process = process
        self.pid = process.pid
        self.first_seen = self.last_seen = now
        self.name = b""
        self.parent = 0
        self.start_time = 0
        self.stack = b"0"
        self.programs = 0
        self.threads = 1
        self.faults = Faults(0, 0)
        self.cheap: Cheap | None = None
        # What the rollup said, and what the cheap counters said then.
        self.figures: Figures | None = None
        self.cheap_when_read: Cheap | None = None
        self.faults_when_read = 0
        # Its page faults before it was last seen with memory.
        self.seen_faults = 0
        self.denied = False
        self.ended = False
        self.was_read = False
        self.ignores_children = False
        # Whose memory this is too (vfork), for as long as it is.
        self.twin_of: Member | None = None
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

    # Cheap

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
            return False
        return self.refresh(now)

    def refresh(self, now: float) -> bool:
        """
        Read all cheap counters; True if they changed.
        """
        if self.ended:
            return False
        before = self.cheap
        try:
            self._statm_text = os.pread(self._statm, _ENOUGH, 0)
            # Faults first: those that come in between are not counted as
            # seen, though what they brought may be.
            stat = os.pread(self._stat, _ENOUGH, 0)
            status = os.pread(self._status, _ENOUGH, 0)
        except OSError as exc:
            self._failed(exc)
            return True
        self.last_seen = now
        # Of one that sleeps, both are what they were, and taking them apart
        # costs more than reading them.
        if stat != self._stat_text:
            self._stat_text = stat
            self._take_stat(stat)
        if status == self._status_text:
            if self.cheap is not None:
                self.seen_faults = self.faults.own
            return False
        self._status_text = status
        self.threads = threads_of(status)
        self.ignores_children = ignores_children(status)
        self.cheap = cheap_of(status)
        if self.cheap is None and self.threads > 1:
            # The first thread has ended, and others have its memory.
            self._switch_thread()
        if self.cheap is not None:
            self.seen_faults = self.faults.own
        return self.cheap != before

    def _take_stat(self, text: bytes) -> None:
        fields = fields_of(text)
        self.name, self.parent, self.faults, self.start_time, stack = fields
        if stack != self.stack:
            # Another program, with other memory.
            self.stack = stack
            self.figures = self.cheap_when_read = None
            self.programs += 1

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

    # In full

    def read(self) -> Figures | None:
        """
        Read the rollup; None if the process ended or may not be read.
        """
        before, faults = self.cheap, self.faults.own
        try:
            figures = self._figures()
        except AccessDeniedError:
            self.denied = True
            return None
        except (OSError, ProcmemError):
            return None
        self.figures, self.cheap_when_read = figures, before
        self.faults_when_read = faults
        self.was_read = True
        return figures

    def begin_as_copy(self) -> None:
        """
        It was just forked: all that it has is its parent's so far.
        """
        self.figures, self.cheap_when_read = _ZERO, self.cheap

    def _figures(self) -> Figures:
        data = self.process.read(f"{self._prefix}smaps_rollup")
        if data and (figures := figures_of(data)) is not None:
            return figures
        if self.cheap is None:
            return _ZERO
        usage = read_usage(self.process)
        footprint = usage.get("footprint")
        return Figures(
            # Before Linux 5.4 the rollup has no such parts.
            footprint if isinstance(footprint, int) else usage.pss,
            usage.pss,
            usage.uss,
            usage.rss,
        )

    def expected(self, metric: Metric) -> int:
        """
        The figure as it should be now: as read, with what changed since.
        """
        if self.cheap is None or self.twin_of is not None:
            return 0
        cheap = self.cheap.of(metric)
        if self.figures is not None and self.cheap_when_read is not None:
            change = cheap - self.cheap_when_read.of(metric)
            # No figure is above its counters.
            return max(0, min(cheap, self.figures.of(metric) + change))
        return cheap

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
