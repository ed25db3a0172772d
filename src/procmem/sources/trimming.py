"""
Free memory of the C library's allocator, returned to the system:
``malloc_trim(3)``.
"""

from __future__ import annotations

import ctypes

__all__ = ["trim"]


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
