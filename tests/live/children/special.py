"""
A process with memory of a kind that few have.

Arguments: which kind, as a number, and bytes.
"""

from __future__ import annotations

import ctypes
import enum
import os
import sys
from collections.abc import Callable

from tests.live.children import libc

MADV_FREE = 8
MADV_HUGEPAGE = 14
MADV_PAGEOUT = 21
MADV_MERGEABLE = 12
MAP_HUGETLB = 0x4_0000

_TRIES = 3

_PRIVATE = libc.MAP_PRIVATE | libc.MAP_ANONYMOUS
_SHARED = libc.MAP_SHARED | libc.MAP_ANONYMOUS


class Special(enum.IntEnum):
    """
    The kinds.
    """

    # A private page of hugetlbfs.
    HUGETLB = enum.auto()
    # Two shared pages of hugetlbfs, which a child maps as well.
    SHARED_HUGETLB = enum.auto()
    # Private memory that was written and swapped out.
    SWAPPED = enum.auto()
    # The same, before a child was forked.
    SWAPPED_BY_TWO = enum.auto()
    # Shared memory that was swapped out.
    SWAPPED_SHARED = enum.auto()
    # Pages with the same content, which the kernel may merge.
    MERGEABLE = enum.auto()
    # Aligned memory on transparent huge pages.
    HUGE = enum.auto()
    # Memory that stays.
    LOCKED = enum.auto()
    # Memory that was given back but not yet taken.
    FREE = enum.auto()


def main(kind: int, size: int) -> None:
    """
    Make the memory and wait.
    """
    address, forked = _KINDS[Special(kind)](size)
    child = os.fork() if forked else 0
    if not forked:
        libc.report(address=address, child=0)
    elif child == 0:
        # A shared mapping is in memory only where it was touched.
        if kind == Special.SHARED_HUGETLB:
            libc.write(address, size)
        libc.report(address=address, child=os.getpid())
    # Both learn of the end.
    libc.wait_for_end()
    if child:
        os.waitpid(child, 0)
    os._exit(0)


def _hugetlb(flags: int) -> Callable[[int], tuple[int, bool]]:
    def make(size: int) -> tuple[int, bool]:
        address = libc.map_memory(size, flags=flags | MAP_HUGETLB)
        libc.write(address, size)
        return address, bool(flags & libc.MAP_SHARED)

    return make


def _swapped(flags: int, *, forked: bool = False) -> Callable[[int], tuple[int, bool]]:
    def make(size: int) -> tuple[int, bool]:
        address = _alone(size, flags)
        # Neither page is like the other, which some kinds of swap make use of.
        for page in range(address, address + size, libc.PAGE):
            ctypes.memmove(page, os.urandom(16), 16)
        # The kernel passes over a page that it has not yet put on its lists.
        for _ in range(_TRIES):
            libc.advise(address, size, MADV_PAGEOUT)
        return address, forked

    return make


def _alone(size: int, flags: int = _PRIVATE) -> int:
    """
    Memory that does not become one mapping with its neighbours.
    """
    reserved = libc.map_memory(size + 2 * libc.PAGE, protection=libc.PROT_NONE)
    address = libc.map_memory(size, address=reserved + libc.PAGE, flags=flags)
    libc.use_small_pages(address, size)
    return address


def _mergeable(size: int) -> tuple[int, bool]:
    address = _alone(size)
    libc.write(address, size)
    libc.advise(address, size, MADV_MERGEABLE)
    return address, False


def _huge(size: int) -> tuple[int, bool]:
    # A multiple of any huge page's size.
    start = libc.map_memory(2 * size, protection=libc.PROT_NONE)
    address = -(-start // size) * size
    libc.protect(address, size, libc.PROT_READ | libc.PROT_WRITE)
    libc.advise(address, size, MADV_HUGEPAGE)
    libc.write(address, size)
    return address, False


def _locked(size: int) -> tuple[int, bool]:
    address = _alone(size)
    if ctypes.CDLL(None).mlock(ctypes.c_void_p(address), ctypes.c_size_t(size)):
        sys.exit("mlock failed")
    return address, False


def _free(size: int) -> tuple[int, bool]:
    address = libc.hold(size)
    libc.advise(address, size, MADV_FREE)
    return address, False


_KINDS: dict[Special, Callable[[int], tuple[int, bool]]] = {
    Special.HUGETLB: _hugetlb(_PRIVATE),
    Special.SHARED_HUGETLB: _hugetlb(_SHARED),
    Special.SWAPPED: _swapped(_PRIVATE),
    Special.SWAPPED_BY_TWO: _swapped(_PRIVATE, forked=True),
    Special.SWAPPED_SHARED: _swapped(_SHARED),
    Special.MERGEABLE: _mergeable,
    Special.HUGE: _huge,
    Special.LOCKED: _locked,
    Special.FREE: _free,
}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
