"""
What takes swap or huge pages to be tried: pages that a file has lost, and
pages that are larger than others.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import procmem
from procmem.sources.base import Region
from tests.live.machine import huge_pages, swap
from tests.pages.memory import PAGE, own, words

pytestmark = pytest.mark.live

_PAGES = 64

_MAP_HUGETLB = 0x40000
_MADV_PAGEOUT = 21
_SWAPPED = 1 << 62


@contextmanager
def _mapped(memory: mmap.mmap) -> Iterator[int]:
    """
    The address of a mapping, for as long as that is of use.
    """
    view = ctypes.c_char.from_buffer(memory)
    try:
        yield ctypes.addressof(view)
    finally:
        del view
        memory.close()


def _page_out(start: int, pages: int) -> None:
    # mmap.madvise() knows MADV_PAGEOUT, but not on every Python.
    result = ctypes.CDLL(None).madvise(
        ctypes.c_void_p(start), ctypes.c_size_t(pages * PAGE), _MADV_PAGEOUT
    )
    if result:
        pytest.skip("MADV_PAGEOUT came with Linux 5.4")


def test_cachestat() -> None:
    """
    The kernel tells exactly how much of a memfd is swapped out, of all of it
    and of a piece, and the page table tells nothing of it.
    """
    descriptor = os.memfd_create("procmem-test")
    os.ftruncate(descriptor, _PAGES * PAGE)
    memory = mmap.mmap(descriptor, _PAGES * PAGE)
    os.close(descriptor)
    with swap(), _mapped(memory) as start, own() as (process, pagemap):
        memory.write(b"x" * _PAGES * PAGE)
        _page_out(start, _PAGES // 2)
        end = start + _PAGES * PAGE
        (kernel,) = (m.usage for m in procmem.mappings() if m.start == start)
        assert kernel is not None
        if kernel.swap != _PAGES // 2 * PAGE:
            pytest.skip(f"the kernel swapped out {kernel.swap} bytes only")
        swapped = process.swapped_of_file(start, end, 0, _PAGES * PAGE)
        if swapped is None:
            pytest.skip("cachestat came with Linux 6.5")

        assert kernel.swap == swapped
        piece = process.swapped_of_file(start, end, (_PAGES // 2 - 3) * PAGE, 8 * PAGE)
        assert 3 * PAGE == piece
        assert 0 == process.swapped_of_file(start, end, _PAGES // 2 * PAGE, PAGE)
        assert [0] * (_PAGES // 2) == words(pagemap, start, end)[: _PAGES // 2]
        (pages,) = (
            m.usage for m in procmem.mappings(method="pages") if m.start == start
        )
        assert pages is not None
        assert (kernel.swap, kernel.rss) == (pages.swap, pages.rss)


def test_swapped_entries() -> None:
    """
    Memory that is swapped out is a region, and says where it went.
    """
    memory = mmap.mmap(-1, _PAGES * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with swap(), _mapped(memory) as start, own() as (_, pagemap):
        memory.write(b"x" * _PAGES * PAGE)
        _page_out(start, _PAGES)
        end = start + _PAGES * PAGE
        found = words(pagemap, start, end)
        table = procmem.pages().between(start, end)
        swapped = sum(word >> 62 == 1 for word in found)
        if not swapped:
            pytest.skip("the kernel swapped nothing out")

        assert swapped * PAGE == table.swap
        assert swapped == len({p.swap_offset for p in table if p.swapped})
        regions = pagemap.regions(start, end)
        if regions is not None:
            assert [Region(start, end, huge=False)] == regions


def test_hugetlb() -> None:
    """
    A mapping of hugetlbfs says how large its pages are, is huge where it was
    touched, and is in no RSS.
    """
    with huge_pages() as size:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_HUGETLB
        memory = mmap.mmap(-1, 2 * size, flags=flags)
        with _mapped(memory) as start, own() as (process, pagemap):
            memory[0] = 1
            told = process.page_size_at(start + size)
            table = procmem.pages().between(start, start + 2 * size)
            (usage,) = (
                m.usage for m in procmem.mappings(method="pages") if m.start == start
            )
            regions = pagemap.regions(start, start + size, only_huge=True)

            assert told in {size, None}
            assert size == table.hugetlb
            assert usage is not None
            assert (0, 0, size) == (usage.rss, usage.pss, usage.private_hugetlb)
            assert regions in ([Region(start, start + size, huge=True)], None)
