"""
Walks that are ended before their end, and what only one process maps.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

import procmem
from tests.live import kernel_text, page_asking
from tests.live.kernel_text import PAGE, despite_others
from tests.live.page_asking import CALLS, unsound
from tests.live.processes import Known, known, require_root, stopped
from tests.live.zoo import Group, Zoo, zoo

pytestmark = pytest.mark.live

_SURE = ("rss", "pss", "uss", "shared", "anonymous")


class StopError(Exception):
    """
    Enough.
    """


@pytest.fixture(scope="module", name="it")
def family() -> Iterator[Zoo]:
    """
    Processes with much memory.
    """
    require_root()
    with zoo(Group.PLAIN) as it:
        yield it


@pytest.fixture(scope="module", name="still")
def known_at_rest() -> Iterator[Known]:
    """
    Processes with known memory.
    """
    require_root()
    with known() as it, stopped([it.pid, it.child]):
        yield it


def partial_sums(pid: int, **options: object) -> procmem.Usage:
    """
    What a walk that does not reach its end tells; all of it is sound.
    """
    truth = kernel_text.rollup(kernel_text.text_of(pid, "smaps_rollup"))
    usage = page_asking.usage(pid, **options)
    assert {} == unsound(truth, usage)
    assert any("not looked at" in missing for missing in usage.evidence.missing)
    return usage


class TestLimits:
    @pytest.mark.parametrize("limit", [1, 100, 1000, 3000])
    @despite_others
    def test_pages(self, it: Zoo, limit: int) -> None:
        """
        A walk that ends after some pages has figures missing, and bounds that
        contain what is true.
        """
        smaps = kernel_text.mappings(kernel_text.text_of(it.pids[0], "smaps"))
        usage = partial_sums(it.pids[0], page_limit=limit)
        listed = page_asking.mappings(it.pids[0], page_limit=limit)

        assert [None] * len(_SURE) == [usage.get(name) for name in _SURE]
        for printed, mapping in zip(smaps, listed, strict=True):
            assert mapping.usage is not None
            assert {} == unsound(printed, mapping.usage)
        whole = [m for m in listed if m.usage and m.usage.get("rss") is not None]
        assert 0 < len(whole) < len(listed)
        pages = procmem.pages(it.pids[0], page_limit=limit)
        assert any("not looked at" in missing for missing in pages.evidence.missing)
        assert 0 < len(pages) < len(procmem.pages(it.pids[0]))

    def test_time(self, it: Zoo) -> None:
        """
        One that takes too long ends soon.
        """
        started = time.monotonic()
        partial_sums(it.pids[0], time_limit=0.02, progress=lambda _: time.sleep(0.005))

        assert time.monotonic() - started < 5
        assert 0 == len(procmem.pages(it.pids[0], time_limit=0))

    def test_cancelled(self, it: Zoo) -> None:
        """
        So does one that is cancelled, before it begins or meanwhile.
        """
        event = threading.Event()
        partial_sums(it.pids[0], cancel=event, progress=lambda _: event.set())
        usage = partial_sums(it.pids[0], cancel=event)

        assert 0 == usage.evidence.bounds["rss"][0]

    @despite_others
    def test_none(self, it: Zoo) -> None:
        """
        A limit that is not reached changes nothing.
        """
        for pid in it.pids:
            usual = page_asking.usage(pid)
            limited = page_asking.usage(
                pid, page_limit=1 << 40, time_limit=3600, cancel=threading.Event()
            )

            assert usual == limited
            assert () == limited.evidence.missing

    def test_true_uss(self, it: Zoo) -> None:
        """
        What would be wrong is not told at all.
        """
        with pytest.raises(procmem.UnsupportedError, match="limit"):
            procmem.true_uss(it.pids[0], page_limit=100)


@pytest.mark.parametrize("name", CALLS)
class TestProgress:
    def test_sum(self, it: Zoo, name: str) -> None:
        """
        All that is told of the progress adds up to the pages that are looked
        at.
        """
        told: list[int] = []
        CALLS[name](it.pids[0], progress=told.append)

        assert all(pages >= 0 for pages in told)
        assert sum(told) >= procmem.rss(it.pids[0]) // PAGE

    def test_raises(self, it: Zoo, name: str) -> None:
        """
        What is raised in it is raised, and no file is left open.
        """

        def stop(_: int) -> None:
            raise StopError

        CALLS[name](it.pids[0])
        before = sorted(os.listdir("/proc/self/fd"))
        for _ in range(20):
            with pytest.raises(StopError):
                CALLS[name](it.pids[0], progress=stop)

        assert before == sorted(os.listdir("/proc/self/fd"))

    def test_leaves_nothing_open(self, it: Zoo, name: str) -> None:
        """
        Nor is one after an answer, or after an error.
        """
        CALLS[name](it.pids[0])
        before = sorted(os.listdir("/proc/self/fd"))
        CALLS[name](it.pids[0])
        with pytest.raises(procmem.ProcessGoneError):
            CALLS[name](1 << 22)

        assert before == sorted(os.listdir("/proc/self/fd"))


class TestTrueUss:
    @despite_others
    def test_twice(self, still: Known) -> None:
        """
        What a process maps twice, and nobody else, is its own.
        """
        first, second = still.memfd
        true, usage = procmem.true_uss(still.pid), procmem.usage(still.pid)
        listed = procmem.mappings(still.pid)

        assert first.size == second.size
        for area in still.memfd:
            mapping = listed.at(area.start)
            assert mapping is not None
            assert mapping.usage is not None
            assert (0, area.size) == (mapping.usage.uss, mapping.usage.shared)
        # Once, though it is mapped twice.
        assert usage.uss + first.size == true

    @despite_others
    def test_by_frames(self, it: Zoo) -> None:
        """
        It is all the frames that are mapped as often as this process does.
        """
        for pid in it.pids:
            pages = [page for page in procmem.pages(pid) if page.present]
            mine = Counter(page.pfn for page in pages)
            counts = {page.pfn: page.sharers for page in pages}
            frames = [n for n, count in counts.items() if count and mine[n] == count]

            assert len(frames) * PAGE == procmem.true_uss(pid)

    @despite_others
    def test_alone(self, still: Known) -> None:
        """
        Where nothing is mapped twice it is the kernel's.
        """
        assert procmem.uss(still.child) == procmem.true_uss(still.child)
