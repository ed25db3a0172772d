"""
The status of a process, with its memory even if its first thread has ended.
"""

from __future__ import annotations

import attrs

from procmem.errors import UnsupportedError
from procmem.formats.status import parse_status
from procmem.model.status import Status
from procmem.reading.lifecycle import (
    first_sound,
    may_live_on,
    threads_with_memory,
)
from procmem.sources.base import PinnedProcess

__all__ = ["read_peak", "read_status"]


def read_status(process: PinnedProcess) -> Status:
    """
    The status, with the memory of the other threads if the first has ended.

    Raises:
        ProcessGoneError: If the process is gone.

        AccessDeniedError: If the kernel refuses, as under ``hidepid=1``.
    """
    status = parse_status(process.read("status"))
    if status.has_address_space or not may_live_on(status):
        return status
    for _, of_thread in threads_with_memory(process):
        # The memory of the thread, the identity and state of the process.
        return attrs.evolve(
            of_thread,
            name=status.name,
            state=status.state,
            pid=status.pid,
            threads=status.threads,
        )
    return status


def read_peak(process: PinnedProcess) -> int:
    """
    The largest RSS so far, in bytes: ``VmHWM``.

    Raises:
        ProcessGoneError: If the process is gone.

        AccessDeniedError: If the kernel refuses, as under ``hidepid=1``.

        UnsupportedError: If it does not print it.
    """
    status = first_sound(process, "status", _with_memory)
    if status is None:
        return 0
    if status.vm_hwm is None:
        raise UnsupportedError("status: vm_hwm", "a kernel that prints VmHWM")
    return status.vm_hwm


def _with_memory(process: PinnedProcess, prefix: str) -> Status | None:
    data = process.read(f"{prefix}status")
    status = parse_status(data) if data else None
    return status if status and status.has_address_space else None
