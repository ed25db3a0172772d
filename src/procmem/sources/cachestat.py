"""
How much of a file of shared memory is swapped out: ``cachestat(2)``.

Source: :manpage:`cachestat(2)`, ``mm/filemap.c``.
"""

from __future__ import annotations

import ctypes
import struct

__all__ = ["evicted"]

# The same on every architecture.
_CACHESTAT = 451

# Cached, dirty, under write-back, evicted, recently evicted: in pages.
_RESULT = struct.Struct("=5Q")


def evicted(descriptor: int, offset: int, size: int) -> int | None:
    """
    How many pages of a piece of the file are not in memory any more; of
    shared memory that is what is swapped out.

    Returns:
        Pages, or None if the kernel does not know the call (before Linux
        6.5) or refuses it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    window = (ctypes.c_uint64 * 2)(offset, size)
    result = ctypes.create_string_buffer(_RESULT.size)
    failed = libc.syscall(_CACHESTAT, descriptor, window, result, 0)
    if failed:
        return None
    pages: int = _RESULT.unpack(result.raw)[3]
    return pages
