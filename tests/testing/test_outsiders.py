"""
Memory that is shared with processes that are not measured.
"""

from __future__ import annotations

import contextlib
import mmap
import os

import pytest

import procmem
from procmem.testing import MemoryBudgetExceeded, budget

from .memory import MIB, forked, touch, touched

NOISE = 12 * MIB


def test_a_worker_of_a_parent_that_is_not_measured() -> None:
    """
    The memory of a worker that was forked from a large parent is divided with
    it: the figure is a lower bound, and the upper one has each page in full.
    """
    # What this process has besides is divided, too.
    block = touched(384 * MIB)
    with contextlib.ExitStack() as stack:
        first, *others = [stack.enter_context(forked()) for _ in range(4)]
        with budget("384 MiB", target=first) as measured:
            pass

        assert measured.lower < 384 * MIB
        # All that this process has, of which the worker wrote to next to none.
        status = procmem.status()
        whole = (status.rss_anon or 0) + (status.rss_shmem or 0)
        assert 384 * MIB <= measured.upper < whole + NOISE
        assert not measured.exact
        assert measured.outsiders is not None
        assert {os.getpid(), *others} == set(measured.outsiders.pids)
        assert (
            measured.lower,
            measured.upper,
        ) == measured.evidence.bounds["footprint"]
        assert "up to" in measured.report()
        with (
            pytest.raises(MemoryBudgetExceeded) as caught,
            budget("384 MiB", target=first, strict=True),
        ):
            pass
        assert "may be as much as" in str(caught.value).splitlines()[0]
        assert caught.value.value >= 384 * MIB
    block.close()


def test_a_tree_that_shares_with_itself() -> None:
    """
    Within the tree sharing is no gap: the figure is exact.
    """
    block = touched(32 * MIB)
    with forked(), forked(), budget(strict=True) as measured:
        pass

    assert measured.exact
    assert measured.outsiders is None
    block.close()


def test_shared_memory() -> None:
    """
    Shared memory that somebody outside maps as well is divided, and found.
    """
    block = touched(32 * MIB, mmap.MAP_SHARED)

    with forked(lambda: touch(block)) as child:
        with budget(tree=False) as measured:
            pass

        assert measured.outsiders is not None
        assert child in measured.outsiders.pids
        assert measured.upper - measured.lower >= 16 * MIB
    block.close()


def test_memory_that_is_mapped_twice() -> None:
    """
    What one process maps twice is shared with nobody else.
    """
    file = os.memfd_create("twice")
    os.truncate(file, 16 * MIB)
    views = [mmap.mmap(file, 16 * MIB) for _ in range(2)]
    for view in views:
        touch(view)

    with budget(tree=False) as measured:
        pass

    assert measured.outsiders is None
    assert measured.exact
    for view in views:
        view.close()
    os.close(file)


def test_a_program_of_its_own() -> None:
    """
    After an exec nothing is shared with whoever was forked from, so a
    subprocess is exact.
    """
    from .memory import holder

    block = touched(16 * MIB)
    with holder(16 * MIB) as child, budget(target=child) as measured:
        pass

    assert measured.exact
    block.close()


def test_other_metrics_have_no_bounds() -> None:
    """
    RSS and USS are what they are, whoever else maps a page.
    """
    block = touched(16 * MIB)
    with forked() as child, budget(target=child, metric="rss") as measured:
        pass

    assert measured.exact
    assert measured.outsiders is None
    block.close()
