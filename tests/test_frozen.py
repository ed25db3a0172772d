from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

import procmem
from procmem.sources import freezing
from procmem.sources.freezing import Frozen, frozen
from tests.children import descriptors, leaderless, script, state, stopped, wait_for
from tests.freezable import (
    BRANCHING,
    FAMILY,
    SPAWNING,
    THREADS,
    all_still,
    descendants,
    holder,
    runs,
    watchers,
)
from tests.live.control import all_stats, stands_still
from tests.live.processes import forker, zombie


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """
    No test leaves a descriptor or a watcher behind.
    """
    before = descriptors()
    yield
    assert before == descriptors()
    assert [] == watchers(os.getpid())


class TestOne:
    def test_stops_and_continues(self) -> None:
        """
        A process stands still during the block, and runs again after it.
        """
        with script(THREADS) as pid:
            with frozen(pid) as found:
                assert Frozen(pids=(pid,)) == found
                assert stands_still(pid)
                time.sleep(0.02)
                assert stands_still(pid)
            assert not stands_still(pid)

    def test_can_be_measured(self) -> None:
        """
        What stands still can be measured, and does not change.
        """
        with script(THREADS) as pid, frozen(pid):
            assert procmem.usage(pid) == procmem.usage(pid)

    def test_pinned(self) -> None:
        """
        A pinned process is taken too, and remains the caller's.
        """
        with script(THREADS) as pid, procmem.pinned(pid) as process:
            with frozen(process) as found:
                assert (pid,) == found.pids
            assert procmem.rss(process)

    def test_pinned_let_go_meanwhile(self) -> None:
        """
        The block does not need the pinned process that it was given.
        """
        with script(THREADS) as pid:
            process = procmem.pinned(pid)
            with frozen(process):
                process.close()
            assert runs(pid)

    def test_by_a_thread(self) -> None:
        """
        The number of a thread means its process.
        """
        with script(THREADS) as pid:
            thread = max(map(int, os.listdir(f"/proc/{pid}/task")))
            with frozen(thread) as found:
                assert (pid,) == found.pids
                assert stands_still(pid)

    def test_without_first_thread(self) -> None:
        """
        A process whose first thread has ended is stopped as well.
        """
        with leaderless() as pid, frozen(pid) as found:
            assert (pid,) == found.pids
            assert stands_still(pid)

    def test_zombie(self) -> None:
        """
        What has ended stands still already.
        """
        with zombie() as pid, frozen(pid) as found:
            assert Frozen(pids=()) == found

    def test_ends_meanwhile(self) -> None:
        """
        A process may end while it is held.
        """
        with script(THREADS) as pid, frozen(pid):
            os.kill(pid, signal.SIGKILL)


class TestTree:
    @pytest.mark.parametrize("listed", [True, False])
    def test_descendants(self, listed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Children and their children are stopped after their parents, whether
        or not the kernel lists children.
        """
        if not listed:
            monkeypatch.setattr(freezing, "lists_children", lambda _: False)
        with script(FAMILY) as pid:
            with frozen(pid) as found:
                assert pid == found.pids[0]
                assert {pid, *descendants(pid)} == set(found.pids)
                assert 7 == len(found.pids)
                assert all_still(found.pids)
                parents = [all_stats()[member].parent for member in found.pids[1:]]
                assert all(
                    found.pids.index(parent) <= place
                    for place, parent in enumerate(parents)
                )
            assert all(map(runs, found.pids))

    def test_without_descendants(self) -> None:
        """
        If asked to, only the process itself is stopped.
        """
        with script(FAMILY) as pid, frozen(pid, tree=False) as found:
            assert (pid,) == found.pids
            assert all(map(runs, descendants(pid)))

    def test_forker(self) -> None:
        """
        A process that forks all the time is caught with all of its children.
        """
        with forker() as it:
            for _ in range(5):
                with frozen(it.pid) as found:
                    family = {it.pid, *descendants(it.pid)}
                    assert family == set(found.pids)
                    assert all_still(found.pids)
                    time.sleep(0.02)
                    assert family == {it.pid, *descendants(it.pid)}
                time.sleep(0.01)

    def test_branching(self) -> None:
        """
        So is one whose children fork all the time as well.
        """
        with script(BRANCHING) as pid:
            time.sleep(0.1)
            for _ in range(5):
                with frozen(pid) as found:
                    family = {pid, *descendants(pid)}
                    assert family == set(found.pids)
                    assert all_still(found.pids)
                time.sleep(0.02)
            assert runs(pid)

    def test_vfork(self) -> None:
        """
        A process that waits for its child to execute a program is not kept
        waiting for ever.
        """
        with script(SPAWNING) as pid:
            for _ in range(10):
                with frozen(pid) as found:
                    assert all_still(found.pids)
                time.sleep(0.002)


class TestAlreadyStopped:
    def test_stays_stopped(self) -> None:
        """
        What somebody else has stopped is not continued.
        """
        with stopped() as pid:
            with frozen(pid) as found:
                assert Frozen(pids=(), already_stopped=(pid,)) == found
            assert "T" == state(pid)

    def test_in_a_tree(self) -> None:
        """
        Its children are stopped and continued, and so are its parents.
        """
        with script(FAMILY) as pid:
            child = next(
                child for child, stat in all_stats().items() if stat.parent == pid
            )
            os.kill(child, signal.SIGSTOP)
            wait_for(lambda: stands_still(child))
            with frozen(pid) as found:
                assert (child,) == found.already_stopped
                assert 6 == len(found.pids)
                assert all_still(found.pids)
            assert "T" == state(child)
            assert all(map(runs, found.pids))
            os.kill(child, signal.SIGCONT)

    def test_continued_too_early(self) -> None:
        """
        Who was stopped and is continued before all stand still, is stopped.
        """
        with stopped() as pid:
            threading.Timer(0.0, os.kill, [pid, signal.SIGCONT]).start()
            with frozen(pid) as found:
                assert (pid,) in {found.pids, found.already_stopped}
            os.kill(pid, signal.SIGCONT)

    def test_by_another_interpreter(self) -> None:
        """
        What another interpreter holds is already stopped, and stays so.
        """
        with script(THREADS) as pid:
            with holder(pid):
                with frozen(pid) as found:
                    assert Frozen(pids=(), already_stopped=(pid,)) == found
                assert stands_still(pid)
            wait_for(lambda: runs(pid))
