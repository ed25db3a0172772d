"""
Who becomes the parent of processes whose own parent ends: normally the first
process of the system, or the nearest ancestor that has asked for it.

Source: :manpage:`PR_SET_CHILD_SUBREAPER(2const)`, ``find_new_reaper()`` in
``kernel/exit.c``; since Linux 3.4.
"""

from __future__ import annotations

import ctypes
import threading
from collections import abc
from contextlib import contextmanager

__all__ = ["adopt_orphans", "adopting_orphans", "adopts_orphans", "release_orphans"]

_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37


def adopts_orphans() -> bool:
    """
    Whether this process becomes the parent of descendants that lose theirs.
    """
    answer = ctypes.c_int()
    return _prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(answer)) and bool(answer.value)


class _Users:
    """
    Those in this process that want its orphans: it has only one mark.
    """

    lock = threading.Lock()
    count = 0
    was_marked = False


def adopt_orphans() -> bool:
    """
    Have descendants of this process that lose their parent become its
    children, until :func:`release_orphans` was called as often.

    It has to wait for them, as for all its children.  Those that are left at
    the end stay its children.  Gives whether the kernel does it.
    """
    with _Users.lock:
        if not _Users.count:
            _Users.was_marked = adopts_orphans()
        # A fork has the users of its parent, but not the mark.
        if not (adopts_orphans() or _mark(is_reaper=True)):
            return False
        _Users.count += 1
        return True


def release_orphans() -> None:
    """
    Be what this process was before, if nobody else needs it.
    """
    with _Users.lock:
        _Users.count -= 1
        if not _Users.count and not _Users.was_marked:
            _mark(is_reaper=False)


@contextmanager
def adopting_orphans() -> abc.Generator[bool, None, None]:
    """
    :func:`adopt_orphans` for the time of a ``with`` statement; yields what it
    gives.
    """
    done = adopt_orphans()
    try:
        yield done
    finally:
        if done:
            release_orphans()


def _mark(*, is_reaper: bool) -> bool:
    return _prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(is_reaper))


def _prctl(option: int, argument: object) -> bool:
    zero = ctypes.c_ulong(0)
    libc = ctypes.CDLL(None)
    answer: int = libc.prctl(option, argument, zero, zero, zero)
    return answer == 0
