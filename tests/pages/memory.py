"""
Memory of this process with pages where a test wants them.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
from collections.abc import Iterable, Iterator

import pytest

import procmem
from procmem.sources.base import Pagemap, PinnedProcess, Region

PAGE = mmap.PAGESIZE

PRESENT = 1 << 63

# pagemap bits 62 and 63.
_IN_USE = 62


class Memory:
    """
    Private anonymous memory.

    Args:
        pages: How many.

        huge: Whether the kernel may use huge pages.
    """

    def __init__(self, pages: int, *, huge: bool = False) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        self._map = mmap.mmap(-1, pages * PAGE, flags=flags)
        with contextlib.suppress(OSError):
            # A kernel without huge pages does not know the advice.
            self._map.madvise(mmap.MADV_HUGEPAGE if huge else mmap.MADV_NOHUGEPAGE)
        self._view = ctypes.c_char.from_buffer(self._map)
        self.start = ctypes.addressof(self._view)
        self.end = self.start + pages * PAGE

    def write(self, pages: Iterable[int]) -> None:
        """
        Write to some pages, so that they get a frame each.
        """
        for page in pages:
            self._map[page * PAGE] = 1

    def look(self, pages: Iterable[int]) -> None:
        """
        Read some pages, so that those without a frame get the zero page.
        """
        for page in pages:
            self._map[page * PAGE]

    def close(self) -> None:
        """
        Give it back.
        """
        del self._view
        self._map.close()


@contextlib.contextmanager
def memory(pages: int, *, huge: bool = False) -> Iterator[Memory]:
    """
    Memory for as long as a test takes.
    """
    made = Memory(pages, huge=huge)
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def own() -> Iterator[tuple[PinnedProcess, Pagemap]]:
    """
    This process and its page table.
    """
    with procmem.pinned() as process, process.pagemap() as pagemap:
        yield process, pagemap


def words(pagemap: Pagemap, start: int, end: int) -> list[int]:
    """
    The entries between two addresses, as the kernel tells them.
    """
    data = pagemap.read(start, (end - start) // PAGE)
    return memoryview(data).cast("Q").tolist()


def in_use(pagemap: Pagemap, start: int, end: int) -> list[tuple[int, int]]:
    """
    Where the entries between two addresses say that something is.
    """
    found: list[tuple[int, int]] = []
    for index, word in enumerate(words(pagemap, start, end)):
        if word >> _IN_USE:
            address = start + index * PAGE
            if found and found[-1][1] == address:
                found[-1] = found[-1][0], address + PAGE
            else:
                found.append((address, address + PAGE))
    return found


def ends(regions: list[Region] | None) -> list[tuple[int, int]]:
    """
    Where regions begin and end; skips on a kernel that does not tell.
    """
    if regions is None:
        pytest.skip("PAGEMAP_SCAN came with Linux 6.7")
    return [(region.start, region.end) for region in regions]


def frame(pagemap: Pagemap, address: int) -> int:
    """
    The frame at an address; skips where the kernel hides it.
    """
    found = words(pagemap, address, address + PAGE)[0] & (1 << 55) - 1
    if not found:
        pytest.skip("only CAP_SYS_ADMIN sees page frames")
    return found
