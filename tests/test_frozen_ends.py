from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import pytest

import procmem
from procmem.sources import holds
from procmem.sources.freezing import StillRunningError, frozen
from procmem.sources.stopping import Stoppable
from tests.children import descriptors, script, state, wait_for
from tests.freezable import (
    FAMILY,
    THREADS,
    all_still,
    descendants,
    holder,
    runs,
    watchers,
)
from tests.live.control import read_stat, stands_still
from tests.live.processes import kernel_thread


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """
    No test leaves a descriptor or a watcher behind.
    """
    before = descriptors()
    yield
    assert before == descriptors()
    assert [] == watchers(os.getpid())


class TestKilled:
    def test_caller(self) -> None:
        """
        If the caller is killed, everything runs again within a second.
        """
        with script(FAMILY) as pid:
            family = {pid, *descendants(pid)}
            with holder(pid) as caller:
                assert all(map(stands_still, family))
                [watcher] = watchers(caller)
                killed = time.monotonic()
                os.kill(caller, signal.SIGKILL)
                wait_for(lambda: all(map(runs, family)))
                assert time.monotonic() - killed < 1
            # Perhaps nobody waits for it.
            wait_for(lambda: (stat := read_stat(watcher)) is None or stat.has_ended)

    @pytest.mark.parametrize(
        "then",
        [
            "if os.fork() == 0: time.sleep(5); os._exit(0)",
            "os._exit(1)",
            "os.execvp('sleep', ['sleep', '600'])",
            "os.kill(os.getpid(), 11)",
        ],
        ids=["forked", "exit", "exec", "crash"],
    )
    def test_other_ends(self, then: str) -> None:
        """
        However the caller ends, and whether or not it has children that
        inherited all it had, everything runs again.
        """
        with script(THREADS) as pid, holder(pid, then) as caller:
            if "fork" in then:
                assert stands_still(pid)
                os.kill(caller, signal.SIGKILL)
            wait_for(lambda: runs(pid))

    def test_interrupted(self) -> None:
        """
        An interrupt at the terminal ends the block as any exception does.
        """
        with script(THREADS) as pid, holder(pid) as caller:
            os.kill(caller, signal.SIGINT)
            wait_for(lambda: runs(pid))

    def test_watcher(self) -> None:
        """
        If the watcher is killed, the end of the block continues everything,
        and the next block has another watcher that knows of all.
        """
        with script(FAMILY) as pid, script(THREADS) as other:
            with frozen(pid) as outer:
                [watcher] = watchers(os.getpid())
                os.kill(watcher, signal.SIGKILL)
                with frozen(other):
                    assert watchers(os.getpid())
                assert all_still(outer.pids)
            assert all(map(runs, [*outer.pids, other]))

    def test_forked_child(self) -> None:
        """
        A child that was forked in the block does not end it.
        """
        with script(THREADS) as pid:
            with frozen(pid):
                child = 0
                try:
                    child = os.fork()
                finally:
                    if child == 0:
                        holds.HOLDS.release(holds.Block())
                        os._exit(0)
                os.waitpid(child, 0)
                assert stands_still(pid)
            assert runs(pid)

    def test_interrupted_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        An interrupt while everything is being continued leaves nothing
        behind.
        """
        send = Stoppable.send
        interrupts = [KeyboardInterrupt]

        def interrupted(self: Stoppable, number: signal.Signals) -> None:
            if number == signal.SIGCONT and interrupts:
                raise interrupts.pop()
            send(self, number)

        monkeypatch.setattr(Stoppable, "send", interrupted)
        with script(FAMILY) as pid:
            with pytest.raises(KeyboardInterrupt), frozen(pid) as found:
                pass
            assert all(map(runs, found.pids))


# A process that waits, in state D, for a child that it shares its memory with.
_WAITING = """
from tests.live.children import libc
print(flush=True)
libc.sleep_in_same_memory(600, libc.CLONE_VM | 0x4000)
"""


class TestErrors:
    def test_self(self) -> None:
        """
        Nobody can stop itself, or who has to run for it.
        """
        for pid in (os.getpid(), os.getppid(), threading.get_native_id()):
            with pytest.raises(ValueError, match=f"process {pid} is this one or"):
                frozen(pid).__enter__()

    def test_gone(self) -> None:
        """
        A process that is gone cannot be stopped.
        """
        with script(THREADS) as pid:
            process = procmem.pinned(pid)
        for gone in (pid, process):
            with pytest.raises(procmem.ProcessGoneError) as caught:
                frozen(gone).__enter__()
            assert pid == caught.value.pid
        process.close()

    def test_kernel_thread(self) -> None:
        """
        A part of the kernel cannot be stopped.
        """
        with pytest.raises(ValueError, match="part of the kernel"):
            frozen(kernel_thread()).__enter__()

    def test_recorded(self) -> None:
        """
        Nor can a process that is made of bytes.
        """
        source = procmem.InMemory(processes={1: {}})
        with pytest.raises(ValueError, match="live /proc"):
            frozen(1, source=source).__enter__()
        with pytest.raises(ValueError, match="live /proc"):
            frozen(source.pin(1)).__enter__()

    def test_another_source(self) -> None:
        """
        A pinned process is where it was pinned.
        """
        with (
            procmem.pinned(os.getppid()) as process,
            pytest.raises(ValueError, match="is pinned in"),
        ):
            frozen(process, source=procmem.ProcFS("/elsewhere")).__enter__()

    def test_too_late(self) -> None:
        """
        Who does not stop in time is named, and goes on as before.
        """
        with script(_WAITING) as pid:
            wait_for(lambda: state(pid) == "D")
            [child] = descendants(pid)
            try:
                with pytest.raises(StillRunningError) as caught:
                    frozen(pid, time_limit=0.1).__enter__()
                assert (pid,) == caught.value.pids
                assert f"0.1 s after being stopped: {pid}" in str(caught.value)
                assert "S" == state(child)
            finally:
                os.kill(child, signal.SIGKILL)

    def test_no_python(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Without an interpreter for the watcher nothing is stopped.
        """
        with script(THREADS) as pid:
            for nothing in ("/nowhere/python", "/bin/false"):
                monkeypatch.setattr(sys, "_base_executable", nothing)
                with pytest.raises(procmem.UnsupportedError, match="a Python"):
                    frozen(pid).__enter__()
                assert runs(pid)
