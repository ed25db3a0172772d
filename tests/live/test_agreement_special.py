"""
Memory of kinds that few processes have: huge, swapped, merged, locked, free.

Each test makes it, so that the number is known, and leaves the machine as it
was.
"""

from __future__ import annotations

import mmap
import os
import time

import pytest

import procmem
from procmem import MappingKind, accounting
from tests.live import comparing, peers
from tests.live.children import libc
from tests.live.control import wait_until
from tests.live.kernel_text import amount, mappings, text_of
from tests.live.machine import huge_page_size, huge_pages, merging, swap
from tests.live.processes import stopped
from tests.live.specials import Special, Unusual, special

pytestmark = pytest.mark.live

_KIB = 1 << 10
_MIB = 1 << 20
_SIZE = 4 * _MIB


def at(pid: int, it: Unusual) -> procmem.Mapping:
    """
    The mapping of the special memory.
    """
    found = procmem.mappings(pid).at(it.area.start)
    assert found is not None
    assert (it.area.start, it.area.end) == (found.start, found.end)
    return found


def usage_at(pid: int, it: Unusual) -> procmem.Usage:
    """
    What it occupies.
    """
    usage = at(pid, it).usage
    assert usage is not None
    return usage


def check(*pids: int) -> None:
    """
    All that procmem says of the processes is what the kernel and psutil say.
    """
    for pid in pids:
        assert {} == comparing.every_field(pid)
        assert {} == peers.unlike_totals(pid)
        assert [] == peers.unlike_mappings(pid)


class TestHugetlb:
    def test_private(self) -> None:
        """
        It is of its own kind, beside RSS, PSS, USS and the footprint.
        """
        with (
            huge_pages() as size,
            special(Special.HUGETLB, size) as it,
            stopped([it.pid]),
        ):
            mapping, usage = at(it.pid, it), usage_at(it.pid, it)
            assert (MappingKind.HUGETLB, size) == (
                mapping.kind,
                mapping.kernel_page_size,
            )
            assert (size, 0) == (usage.private_hugetlb, usage.shared_hugetlb)
            assert (0, 0, 0, 0) == (usage.rss, usage.pss, usage.uss, usage.shared)
            assert 0 == accounting.footprint([mapping])
            assert size == procmem.usage(it.pid).private_hugetlb
            assert size == procmem.status(it.pid).hugetlb_pages
            check(it.pid)

    def test_shared(self) -> None:
        """
        Mapped by two, each has the whole of it as shared.
        """
        with (
            huge_pages() as size,
            special(Special.SHARED_HUGETLB, size) as it,
            stopped([it.pid, it.child]),
        ):
            for pid in (it.pid, it.child):
                usage = usage_at(pid, it)
                assert (0, size) == (usage.private_hugetlb, usage.shared_hugetlb)
                assert (0, 0) == (usage.rss, usage.shared)
                assert MappingKind.HUGETLB == at(pid, it).kind
            check(it.pid, it.child)


class TestSwap:
    def test_private(self) -> None:
        """
        What one process has swapped is its swap and its share of swap alike.
        """
        with (
            swap(),
            special(Special.SWAPPED, _SIZE) as it,
            stopped([it.pid]),
        ):
            usage = usage_at(it.pid, it)
            # Some pages may have been on their way in that moment.
            assert usage.swap > _SIZE // 2
            assert usage.swap == usage.swap_pss == _SIZE - usage.rss
            assert _SIZE == accounting.footprint([at(it.pid, it)])
            assert procmem.swap(it.pid) == procmem.status(it.pid).vm_swap
            assert procmem.swap(it.pid) >= usage.swap
            assert procmem.footprint(it.pid) >= _SIZE
            check(it.pid)

    def test_of_two(self) -> None:
        """
        Shared by two, each has it all as swap and half of it as its share.
        """
        with (
            swap(),
            special(Special.SWAPPED_BY_TWO, _SIZE) as it,
            stopped([it.pid, it.child]),
        ):
            for pid in (it.pid, it.child):
                usage = usage_at(pid, it)
                assert usage.swap > _SIZE // 2
                assert usage.swap // 2 == usage.swap_pss
                assert _SIZE == usage.swap + usage.rss
                assert _SIZE // 2 == accounting.footprint([at(pid, it)])
                assert procmem.swap(pid) == procmem.status(pid).vm_swap
            check(it.pid, it.child)

    def test_shared_memory(self) -> None:
        """
        Swapped shared memory is in the swap of the mapping and of the process,
        but not in its share of swap, and not in VmSwap.
        """
        with (
            swap(),
            special(Special.SWAPPED_SHARED, _SIZE) as it,
            stopped([it.pid]),
        ):
            usage = usage_at(it.pid, it)
            rest = sum(
                mapping.usage.swap
                for mapping in procmem.mappings(it.pid)
                if mapping.usage and mapping.start != it.area.start
            )
            assert usage.swap > _SIZE // 2
            assert 0 == usage.swap_pss
            assert usage.swap + rest == procmem.swap(it.pid)
            assert rest == procmem.status(it.pid).vm_swap
            assert MappingKind.SHARED_MEMORY == at(it.pid, it).kind
            assert usage.rss == accounting.footprint([at(it.pid, it)])
            check(it.pid)


def test_merged() -> None:
    """
    Pages that were merged are still resident, and shared among themselves.
    """

    def merged(it: Unusual) -> int:
        return sum(
            amount(mapping, "KSM")
            for mapping in mappings(text_of(it.pid, "smaps"))
            if mapping["start"] == it.area.start
        )

    with merging(), special(Special.MERGEABLE, _SIZE) as it:
        wait_until(lambda: merged(it) == _SIZE, seconds=60, what="all pages merged")
        with stopped([it.pid]):
            usage = usage_at(it.pid, it)
            assert (_SIZE, _SIZE, 0) == (usage.ksm, usage.rss, usage.uss)
            assert usage.shared == usage.anonymous == _SIZE
            # At most 256 pages become one, and one page is not divided.
            assert 0 < usage.pss <= _SIZE // 128
            assert usage.pss == accounting.footprint([at(it.pid, it)])
            check(it.pid)


def test_huge() -> None:
    """
    A transparent huge page is resident like others, and named beside it.
    """
    size = huge_page_size()
    with special(Special.HUGE, 4 * size) as it, stopped([it.pid]):
        usage = accounting.total(
            mapping
            for mapping in procmem.mappings(it.pid)
            if it.area.start <= mapping.start < it.area.end
        )
        assert usage.anon_huge_pages
        assert 0 == usage.anon_huge_pages % size
        assert 4 * size == usage.rss == usage.pss == usage.uss
        assert procmem.usage(it.pid).anon_huge_pages == usage.anon_huge_pages
        check(it.pid)


def test_locked() -> None:
    """
    Locked memory is counted as locked, for the mapping and the process.
    """
    with special(Special.LOCKED, _MIB) as it, stopped([it.pid]):
        assert _MIB == usage_at(it.pid, it).locked
        assert _MIB == procmem.usage(it.pid).locked
        assert _MIB == procmem.status(it.pid).vm_lck
        assert procmem.VmFlag.LOCKED in (at(it.pid, it).vm_flags or ())
        check(it.pid)


def test_free() -> None:
    """
    What was given back and not yet taken is resident, and named beside it.
    """
    with special(Special.FREE, _MIB) as it, stopped([it.pid]):
        usage = usage_at(it.pid, it)
        assert usage.lazy_free
        # Each processor does it in batches, so a few pages may be left.
        assert _MIB - 64 * libc.PAGE < usage.lazy_free <= _MIB
        assert _MIB == usage.rss == usage.uss == usage.anonymous
        check(it.pid)


@pytest.mark.parametrize("name", ["a\\b\nc) R 1 :", " blanks ", "Rss:  4 kB"])
def test_odd_names(name: str) -> None:
    """
    A program may call itself what it likes.
    """
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        with open("/proc/self/comm", "w", encoding="ascii") as stream:
            stream.write(name)
        os.write(writable, b"x")
        time.sleep(600)
        os._exit(0)
    try:
        os.read(readable, 1)
        with stopped([pid]):
            stat = procmem.parse_stat(text_of(pid, "stat"), page_size=libc.PAGE)

            assert name == procmem.status(pid).name == stat.name
            assert {} == comparing.every_field(pid)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(readable)
        os.close(writable)


def test_page_size() -> None:
    """
    A source has the page size of its kernel.
    """
    assert mmap.PAGESIZE == procmem.ProcFS().page_size
