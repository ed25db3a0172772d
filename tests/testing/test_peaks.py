"""
How high the RSS of one process rose.
"""

from __future__ import annotations

import mmap
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

import procmem
from procmem.sources import marks
from procmem.testing import peaks
from procmem.testing.peaks import PeakWindow
from tests.children import as_nobody, descriptors
from tests.testing.sampling_targets import MIB, obedient

pytestmark = pytest.mark.live


def spike(size: int) -> None:
    """
    Touch so many bytes, and give them back.
    """
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        for page in range(0, size, mmap.PAGESIZE):
            memory[page] = 1


@pytest.fixture(autouse=True)
def _resettable() -> None:
    with procmem.pinned() as process:
        if not marks.reset_mark(process):
            pytest.skip("VmHWM can't be reset here")


def rose_by(before: int, peak: peaks.RssPeak) -> int:
    """
    By how many MiB, of what is left after the error of the mark.
    """
    assert peak.hwm is not None
    return round((peak.hwm - before) / MIB / 8) * 8


def test_a_spike_that_is_over_is_seen() -> None:
    """
    What was mapped, touched and given back is in the mark.
    """
    before = procmem.rss()
    with PeakWindow() as window:
        spike(64 * MIB)
    peak = window.close()
    assert 64 == rose_by(before, peak)
    assert (True, True, False) == (peak.was_reset, peak.rose, peak.ended)


def test_what_was_before_is_not_seen() -> None:
    """
    A spike that ended before the window was opened is none of it.
    """
    spike(64 * MIB)
    before = procmem.rss()
    with PeakWindow() as window:
        spike(8 * MIB)
    assert 8 == rose_by(before, window.close())


def test_an_inner_window_does_not_rob_the_outer() -> None:
    """
    A reset by an inner window leaves the outer with what it had seen.
    """
    before = procmem.rss()
    with PeakWindow() as outer:
        spike(64 * MIB)
        with PeakWindow() as inner:
            spike(16 * MIB)
        with PeakWindow() as later:
            pass
    rose = [rose_by(before, one.close()) for one in (outer, inner, later)]
    assert [64, 16, 0] == rose


def test_a_later_spike_is_of_all_windows() -> None:
    """
    What an inner window sees, the outer sees too.
    """
    before = procmem.rss()
    with PeakWindow() as outer:
        spike(16 * MIB)
        with PeakWindow() as inner:
            spike(64 * MIB)
    assert [64, 64] == [rose_by(before, one.close()) for one in (outer, inner)]


def test_windows_need_not_be_nested() -> None:
    """
    Two that overlap each know what happened while they were open.
    """
    before = procmem.rss()
    first = PeakWindow()
    spike(64 * MIB)
    second = PeakWindow()
    spike(16 * MIB)
    first_peak = first.close()
    spike(32 * MIB)
    assert [64, 32] == [rose_by(before, one) for one in (first_peak, second.close())]


def test_windows_of_many_threads_do_not_rob_each_other() -> None:
    """
    Whatever other threads open and close, each window has its own spike.
    """
    begun, ready = threading.Barrier(8), threading.Barrier(8)

    def measure(_: int) -> int:
        begun.wait()
        for _ in range(10):
            PeakWindow().close()
        before = procmem.rss()
        with PeakWindow() as window:
            ready.wait()
            spike(8 * MIB)
            for _ in range(10):
                PeakWindow().close()
        peak = window.close().hwm
        assert peak is not None
        return peak - before

    with ThreadPoolExecutor(8) as pool:
        rose = list(pool.map(measure, range(8)))
    # The spikes of others come on top.
    assert all(one > 7 * MIB for one in rose), rose


def test_a_window_can_be_looked_through_while_it_is_open() -> None:
    """
    A reading in between changes nothing.
    """
    before = procmem.rss()
    with PeakWindow() as window:
        spike(32 * MIB)
        between = window.read()
        spike(16 * MIB)
    assert [32, 32] == [rose_by(before, one) for one in (between, window.close())]
    assert window.read() is window.close()


def test_another_process_is_left_alone_unless_asked() -> None:
    """
    Only who says so resets the mark of another process.
    """
    with obedient() as child, procmem.pinned(child.pid) as process:
        child.tell("touch(64 * MIB).close()")
        with PeakWindow(process) as cautious:
            pass
        first = cautious.close()
        before = procmem.rss(child.pid)
        with PeakWindow(process, reset=True) as bold:
            child.tell("touch(16 * MIB).close()")
        second = bold.close()
    assert (False, False) == (first.was_reset, first.rose)
    assert 64 == rose_by(before, first)
    assert (True, 16) == (second.was_reset, rose_by(before, second))


def test_without_a_reset_a_new_mark_is_known_to_be_new() -> None:
    """
    A mark that rose meanwhile was reached meanwhile.
    """
    with obedient() as child, procmem.pinned(child.pid) as process:
        before = procmem.rss(child.pid)
        with PeakWindow(process) as window:
            child.tell("touch(64 * MIB).close()")
        peak = window.close()
    assert (False, True, 64) == (peak.was_reset, peak.rose, rose_by(before, peak))


def test_a_reset_that_is_refused_leaves_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    Without a right to reset, the mark may be older than the window.
    """
    before = procmem.rss()
    with PeakWindow():
        spike(64 * MIB)
        monkeypatch.setattr(peaks, "reset_mark", lambda _: False)
        with PeakWindow() as window:
            pass
    peak = window.close()
    assert (False, False, 64) == (peak.was_reset, peak.rose, rose_by(before, peak))


def test_of_a_process_that_ended_the_last_reading_is_left() -> None:
    """
    A mark goes with its process; what was known when the window was opened
    is a lower bound.
    """
    with obedient() as child:
        rss = procmem.rss(child.pid)
        with procmem.pinned(child.pid) as process:
            window = PeakWindow(process)
            child.end()
            peak = window.close()
    assert peak.ended
    assert peak.hwm is not None
    assert peak.hwm + peak.error >= rss


def test_a_new_program_has_a_new_mark() -> None:
    """
    A window that a process leaves by exec says so.
    """
    with obedient() as child, procmem.pinned(child.pid) as process:
        window = PeakWindow(process)
        child.say("os.execv('/bin/sh', ['sh', '-c', 'echo ready && read x'])")
        assert "ready" == child.hear()
        assert window.close().ended


def test_a_process_that_is_gone_has_no_window() -> None:
    """
    Nothing can be learnt of who ended before.
    """
    with obedient() as child, procmem.pinned(child.pid) as process:
        child.end()
        with pytest.raises(procmem.ProcessGoneError):
            PeakWindow(process)


def test_a_fork_begins_with_no_windows() -> None:
    """
    What the parent had open is not folded into in a child, nor waited for.
    """
    with PeakWindow():
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                with PeakWindow() as window:
                    spike(32 * MIB)
                own = window.close().hwm
                is_good = own is not None and own > 32 * MIB and not peaks._OPEN.windows
                status = 0 if is_good else 2
            finally:
                os._exit(status)
        assert (pid, 0) == os.waitpid(pid, 0)
        assert 1 == len(peaks._OPEN.windows)
    assert {} == peaks._OPEN.windows


def test_nothing_is_left_open() -> None:
    """
    Windows give their descriptors back, also those that could not be opened.
    """
    before = descriptors()
    for _ in range(3):
        with PeakWindow():
            PeakWindow().close()
    assert before == descriptors()


def test_one_who_may_not_reset_is_told() -> None:
    """
    The mark of somebody else's process stays as it is.
    """

    def reset() -> str:
        with procmem.pinned(1) as process:
            return str(marks.reset_mark(process))

    assert "False" == as_nobody(reset)


def test_a_process_without_memory_has_no_mark() -> None:
    """
    A zombie has none, and one that is gone cannot be reset.
    """
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    with procmem.pinned(pid) as process:
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        with PeakWindow(process, reset=True) as window:
            pass
        peak = window.close()
        assert (None, False, True) == (peak.hwm, peak.was_reset, peak.ended)
        os.waitpid(pid, 0)
        assert not marks.reset_mark(process)


def test_a_recorded_process_cannot_be_reset() -> None:
    """
    What is no live process is left as it is.
    """
    source = procmem.InMemory(processes={1: {"status": b"Name:\tx\n"}})
    with source.pin(1) as process:
        assert not marks.reset_mark(process)


def test_the_error_grows_with_processors_and_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    Two processors with three counters keep 31 pages each to themselves.
    """
    monkeypatch.setattr(os, "sysconf", lambda _: 2)
    assert 744 * 1024 == marks.mark_error(4096)
    assert 64 * 100 * 4096 == marks.mark_error(4096, threads=100)
    monkeypatch.setattr(os, "sysconf", lambda _: 64)
    assert 3 * 64 * 127 * 4096 == marks.mark_error(4096)


def test_peaks_are_values() -> None:
    """
    They can be compared and changed by making another.
    """
    peak = peaks.RssPeak(hwm=1, was_reset=True, rose=True, error=0)
    assert peak != attrs.evolve(peak, hwm=2)
