"""
More than totals: what ``procmem.mappings(pid)`` and its like answer.

They stand apart because what they give is made of classes that a program
which asks for one number need not load.
"""

from __future__ import annotations

from procmem.model.mapping import Mappings
from procmem.model.status import Status
from procmem.reading.listing import read_mappings
from procmem.reading.status import read_peak, read_status
from procmem.shortcuts.totals import Pid, held
from procmem.sizes import Size
from procmem.snapshots import Snapshot, take
from procmem.sources.base import Source

__all__ = ["mappings", "peak_rss", "snapshot", "status"]


def peak_rss(pid: Pid = None, *, source: Source | None = None) -> int:
    """
    The largest RSS so far, in bytes: ``VmHWM`` of ``status``.

    The kernel keeps it approximately, without swap, and starts anew when the
    process becomes another program.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.

        UnsupportedError: If the kernel does not print it.
    """
    with held(pid, source) as process:
        return Size(read_peak(process))


def mappings(pid: Pid = None, *, source: Source | None = None) -> Mappings:
    """
    The mappings of the process with what each occupies, from ``smaps``.

    Where the kernel offers only ``maps``, their usage is None.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.

        UnsupportedError: If it offers neither file.
    """
    with held(pid, source) as process:
        return read_mappings(process)


def status(pid: Pid = None, *, source: Source | None = None) -> Status:
    """
    Identity, state and cheap counters of the process, from ``status``.

    If its first thread has ended while others live, the memory is read
    through one of those.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.
    """
    with held(pid, source) as process:
        return read_status(process)


def snapshot(pid: Pid = None, *, source: Source | None = None) -> Snapshot:
    """
    The process read once: status, totals and mappings.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.

        UnsupportedError: If the kernel lacks a file that this takes.
    """
    with held(pid, source) as process:
        return take(process)
