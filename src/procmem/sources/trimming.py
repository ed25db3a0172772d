"""
The allocator of the C library: what it has handed out, and free memory
returned to the system.

Source: :manpage:`mallinfo(3)`, :manpage:`malloc_trim(3)`.
"""

from __future__ import annotations

import ctypes

__all__ = ["in_use", "trim"]


class _Info(ctypes.Structure):
    """
    ``struct mallinfo2``: ten sizes.
    """

    # A tuple, as the class is not to be changed.
    _fields_ = (("sizes", ctypes.c_size_t * 10),)  # type: ignore[mutable-override]


# What is allocated, by mmap (hblkhd) and otherwise (uordblks).
_MAPPED, _ALLOCATED = 4, 7


def in_use() -> int:
    """
    Bytes that are allocated in this process; 0 if its C library does not tell
    (musl, glibc before 2.33).
    """
    try:
        mallinfo2 = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return 0
    mallinfo2.restype = _Info
    sizes: list[int] = list(mallinfo2().sizes)
    return sizes[_MAPPED] + sizes[_ALLOCATED]


def trim() -> bool | None:
    """
    Return what this process has free; whether there was any, or None if its
    C library cannot (musl).
    """
    try:
        malloc_trim = ctypes.CDLL(None).malloc_trim
    except AttributeError:
        return None
    return bool(malloc_trim(ctypes.c_size_t(0)))
