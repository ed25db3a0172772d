from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

import pytest

import procmem
from procmem.sources.live import LiveProcess
from tests import children

HERE = os.getpid()


def live(pid: int | None = None, root: str | Path = "/proc") -> LiveProcess:
    """
    A live process, pinned.
    """
    process = procmem.ProcFS(root).pin(pid)
    assert isinstance(process, LiveProcess)
    return process


class TestProcFS:
    def test_self(self) -> None:
        """
        Without a pid it is the calling process.
        """
        with live() as process:
            assert HERE == process.pid
            assert procmem.ProcFS() == process.source
            assert b"Pid:\t%d\n" % HERE in process.read("status")

    def test_machine(self) -> None:
        """
        The page size and byte order are this machine's.
        """
        source = procmem.ProcFS()

        assert (os.sysconf("SC_PAGE_SIZE"), sys.byteorder) == (
            source.page_size,
            source.byteorder,
        )

    def test_pids(self) -> None:
        """
        The processes are listed in order, this one among them.
        """
        pids = list(procmem.ProcFS().pids())

        assert HERE in pids
        assert sorted(pids) == pids

    def test_value(self) -> None:
        """
        A source is its root: it compares, hashes, pickles and shows it.
        """
        source = procmem.ProcFS(Path("/proc"))

        assert "ProcFS('/proc')" == repr(source)
        assert source == procmem.ProcFS() == pickle.loads(pickle.dumps(source))
        assert hash(source) == hash(procmem.ProcFS())
        assert source != procmem.ProcFS("/host/proc")
        assert source != "/proc"

    @pytest.mark.parametrize(
        ("pid", "error"),
        [
            (0, ValueError),
            (-1, ValueError),
            (True, TypeError),
            ("1", TypeError),
            (1.0, TypeError),
            (b"7", TypeError),
        ],
    )
    def test_bad_pid(self, pid: object, error: type[Exception]) -> None:
        """
        What cannot be a pid is refused, wherever it is given.
        """
        for function in (procmem.ProcFS().pin, procmem.pinned, procmem.pss):
            with pytest.raises(error, match="a pid is"):
                function(pid)  # type: ignore[arg-type]

    @pytest.mark.parametrize("pid", [2**22 + 1, 2**31, 10**30])
    def test_no_process(self, pid: int) -> None:
        """
        A number that nobody has is gone.
        """
        with pytest.raises(procmem.ProcessGoneError) as caught:
            live(pid)
        assert pid == caught.value.pid

    def test_has_merged_pages(self) -> None:
        """
        Whether pages were merged is known, or not.
        """
        assert procmem.ProcFS().has_merged_pages() in {True, False, None}


class TestPinned:
    def test_files(self) -> None:
        """
        Files are read whole, in as many reads as it takes.
        """
        with children.stopped() as pid, live(pid) as process:
            maps = Path(f"/proc/{pid}/maps").read_bytes()

            assert len(maps) > 4096
            assert maps == process.read("maps")
            with process.open("smaps") as smaps:
                assert smaps.is_bound()
                assert smaps.read().count(b"VmFlags") <= maps.count(b"\n")

    def test_read_again(self) -> None:
        """
        Whatever was done with a file before, it is read from its beginning.
        """
        with children.stopped() as pid, live(pid) as process:
            maps = Path(f"/proc/{pid}/maps").read_bytes()
            with process.open("maps") as file:
                assert file.is_bound()
                assert [maps, maps] == [file.read(), file.read()]
                assert file.is_bound()

    def test_threads(self) -> None:
        """
        The threads are those that the kernel lists.
        """
        with children.leaderless() as pid, live(pid) as process:
            assert set(os.listdir(f"/proc/{pid}/task")) == set(
                map(str, process.threads())
            )
            assert 2 == len(process.threads())

    def test_leader_exited(self) -> None:
        """
        A process whose first thread has ended is read through another.
        """
        with children.leaderless() as pid, live(pid) as process:
            assert procmem.rss(process) > 0
            assert len(procmem.mappings(process)) > 10
            assert procmem.peak_rss(process) > 0
            status = procmem.status(process)

            assert ("Z", pid, 2) == (status.state, status.pid, status.threads)
            assert status.vm_rss

    def test_ended_thread(self) -> None:
        """
        A file of a thread that has ended is empty, and the process is not
        gone.
        """
        with live() as process:
            assert b"" == process.read("task/1/status")
            with process.open("task/1/smaps") as smaps:
                assert not smaps.is_bound()

    def test_reaped(self) -> None:
        """
        A pinned process that has ended is gone, whatever is asked and
        whoever has its number now.
        """
        with (
            children.forked() as pid,
            live(pid) as process,
            process.open("maps") as maps,
        ):
            children.kill(pid)
            children.reap(pid)

            for ask in (
                lambda: process.read("status"),
                lambda: process.read("smaps_rollup"),
                lambda: process.open("smaps"),
                lambda: process.read("task/1/status"),
                process.threads,
                maps.read,
                lambda: procmem.pss(process),
                lambda: procmem.mappings(process),
                lambda: procmem.status(process),
                lambda: procmem.snapshot(process),
                lambda: procmem.peak_rss(process),
            ):
                with pytest.raises(procmem.ProcessGoneError) as caught:
                    ask()
                assert pid == caught.value.pid
            assert not maps.is_bound()

    def test_zombie(self) -> None:
        """
        A zombie has no memory, and a listing begun before shows that.
        """
        with (
            children.forked() as pid,
            live(pid) as process,
            process.open("maps") as maps,
            process.open("smaps_rollup") as rollup,
        ):
            children.kill(pid)

            assert b"" == maps.read() == rollup.read()
            assert not maps.is_bound()
            assert 0 == procmem.pss(process) == procmem.footprint(process)
            assert () == tuple(procmem.mappings(process))
            assert "Z" == procmem.status(process).state

    def test_kernel_thread(self) -> None:
        """
        A kernel thread has no memory.
        """
        if b"(kthreadd)" not in Path("/proc/2/stat").read_bytes():
            pytest.skip("in this pid namespace there are no kernel threads")

        assert 0 == procmem.rss(2) == procmem.peak_rss(2)
        assert () == tuple(procmem.mappings(2))
        assert not procmem.status(2).has_address_space

    def test_repr(self) -> None:
        """
        The repr says which process, and of where.
        """
        with live() as process, process.open("smaps") as smaps:
            assert f"<process {HERE} pinned in /proc>" == repr(process)
            assert f"<smaps of <process {HERE} pinned in /proc>>" == repr(smaps)


class TestClose:
    def test_process(self) -> None:
        """
        A process that was let go answers nothing more.
        """
        process = live()
        process.close()
        process.close()

        for ask in (lambda: process.read("status"), process.threads):
            with pytest.raises(ValueError, match="has been let go"):
                ask()

    def test_file(self) -> None:
        """
        Nor does a file, which would be mistaken for an empty one.
        """
        with live() as process:
            with process.open("smaps") as smaps, process.open("task/1/smaps") as empty:
                assert b"" == empty.read()
            for file in (smaps, empty):
                for ask in (file.read, file.is_bound):
                    with pytest.raises(ValueError, match="has been let go"):
                        ask()
