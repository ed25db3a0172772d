from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from procmem.sources.freezing import Frozen, frozen
from tests.children import descriptors, script
from tests.freezable import (
    FAMILY,
    THREADS,
    all_still,
    descendants,
    runs,
    watchers,
)
from tests.live.control import all_stats, stands_still


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """
    No test leaves a descriptor or a watcher behind.
    """
    before = descriptors()
    yield
    assert before == descriptors()
    assert [] == watchers(os.getpid())


class TestNesting:
    def test_inner_does_not_continue(self) -> None:
        """
        The end of the inner block continues nothing that the outer one holds.
        """
        with script(FAMILY) as pid:
            with frozen(pid) as outer:
                child = outer.pids[1]
                with frozen(child) as inner:
                    assert child in inner.pids
                    assert () == inner.already_stopped
                assert all_still(outer.pids)
            assert all(map(runs, outer.pids))

    def test_inner_holds_more(self) -> None:
        """
        The end of the inner block continues what only that one holds.
        """
        with script(FAMILY) as pid:
            child = next(
                child for child, stat in all_stats().items() if stat.parent == pid
            )
            with frozen(child) as inner:
                with frozen(pid) as outer:
                    assert set(inner.pids) < set(outer.pids)
                assert all_still(inner.pids)
                assert runs(pid)
            assert all(map(runs, outer.pids))

    def test_first_ends_first(self) -> None:
        """
        Blocks of two threads may end in any order.
        """
        with script(THREADS) as pid:
            first, second = frozen(pid), frozen(pid)
            first.__enter__()
            assert (pid,) == second.__enter__().pids
            first.__exit__(None, None, None)
            assert stands_still(pid)
            second.__exit__(None, None, None)
            assert runs(pid)

    def test_continued_by_somebody(self) -> None:
        """
        A block stops again what was continued from outside.
        """
        with script(THREADS) as pid, frozen(pid):
            os.kill(pid, signal.SIGCONT)
            with frozen(pid) as found:
                assert (pid,) == found.pids
                assert stands_still(pid)

    def test_threads(self) -> None:
        """
        Threads may hold the same processes at the same time.
        """
        wrong: list[Frozen] = []

        def hold(pid: int) -> None:
            for _ in range(5):
                with frozen(pid) as found:
                    if not all_still(found.pids):
                        wrong.append(found)

        with script(FAMILY) as pid:
            threads = [threading.Thread(target=hold, args=[pid]) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            assert [] == wrong
            assert all(map(runs, {pid, *descendants(pid)}))
