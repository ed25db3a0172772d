"""
Where psutil's numbers differ from ours, and why: each difference by name.

That all others are equal is shown in `tests.live.test_agreement`.
"""

from __future__ import annotations

import psutil
import pytest

import procmem
from tests.live import peers
from tests.live.machine import huge_pages, swap
from tests.live.processes import kernel_thread, known, stopped, zombie
from tests.live.specials import Special, odd_files, special

pytestmark = pytest.mark.live

_MIB = 1 << 20


def test_equal_on_known() -> None:
    """
    Of memory that is known to be shared in all ways, everything is equal.
    """
    with known() as it, stopped([it.pid, it.child]):
        for pid in (it.pid, it.child):
            assert {} == peers.unlike_totals(pid)
            assert [] == peers.unlike_mappings(pid)


def test_uss_without_hugetlb() -> None:
    """
    Private pages of hugetlbfs are in psutil's USS, though in nobody's RSS.
    """
    with (
        huge_pages() as size,
        special(Special.HUGETLB, size) as it,
        stopped([it.pid]),
    ):
        theirs = psutil.Process(it.pid).memory_full_info()
        ours = procmem.usage(it.pid)

        assert size == ours.private_hugetlb
        assert theirs.uss == ours.uss + size
        assert ours.uss <= ours.rss
        assert {} == peers.unlike_totals(it.pid)
        assert [] == peers.unlike_mappings(it.pid)


def test_swap() -> None:
    """
    Swap is equal in total and for each mapping; psutil lacks its division.
    """
    with (
        swap(),
        special(Special.SWAPPED, 4 * _MIB) as it,
        stopped([it.pid]),
    ):
        assert procmem.swap(it.pid) > 0
        assert {} == peers.unlike_totals(it.pid)
        assert [] == peers.unlike_mappings(it.pid)
        assert "swap_pss" not in psutil.Process(it.pid).memory_full_info()._fields


def test_names() -> None:
    """
    Memory without a name is "[anon]" to psutil, which the kernel never says;
    blanks at the end of a name are cut off; and " (deleted)" is taken off, which
    makes one of two files. We say what the kernel says.
    """
    with odd_files() as it, stopped([it.pid]):
        ours = {mapping.start: mapping for mapping in procmem.mappings(it.pid)}
        theirs = {
            int(mapping.addr.partition("-")[0], 16): mapping.path
            for mapping in psutil.Process(it.pid).memory_maps(grouped=False)
        }
        anonymous = next(m for m in ours.values() if m.name is None)

        assert "[anon]" == theirs[anonymous.start]

        blank = ours[it.blank]
        assert blank.name == blank.path == f"{it.folder}/blank "
        assert f"{it.folder}/blank" == theirs[it.blank]

        old, new = ours[it.old], ours[it.new]
        assert (f"{it.folder}/library (deleted)", True) == (old.name, old.deleted)
        assert (f"{it.folder}/library", False) == (new.name, new.deleted)
        assert old.path == new.path == theirs[it.old] == theirs[it.new]
        assert old.inode != new.inode
        assert [] == peers.unlike_mappings(it.pid)


def test_nothing() -> None:
    """
    Of a zombie and of a kernel thread, psutil's totals are 0 as ours are, but
    to ask for mappings is an error only with psutil.
    """
    with zombie() as pid:
        assert (0, 0, 0) == psutil.Process(pid).memory_full_info()[-3:]
        with pytest.raises(psutil.ZombieProcess):
            psutil.Process(pid).memory_maps()
        assert procmem.Mappings(()) == procmem.mappings(pid)
        assert 0 == procmem.uss(pid)

    pid = kernel_thread()
    assert (0, 0, 0) == psutil.Process(pid).memory_full_info()[-3:]
    assert [] == psutil.Process(pid).memory_maps()
    assert procmem.Mappings(()) == procmem.mappings(pid)
