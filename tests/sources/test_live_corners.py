"""
What the running kernel answers where there is hardly anything to ask about.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import procmem
from procmem.model.mapping import Mapping
from procmem.sources.cachestat import evicted
from procmem.sources.live import LiveProcess
from procmem.sources.pagefiles import (
    LivePagemap,
    open_frames,
    read_at,
    read_long_at,
)
from tests import children
from tests.sources.live import end, live

PAGE = mmap.PAGESIZE


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """
    No test leaves a descriptor behind.
    """
    before = children.descriptors()
    yield
    assert before == children.descriptors()


@contextlib.contextmanager
def opened(path: str, flags: int = os.O_RDONLY) -> Iterator[int]:
    """
    A descriptor of a file.
    """
    descriptor = os.open(path, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def shared(process: LiveProcess) -> Mapping:
    """
    The shared memory that :func:`tests.children.stopped` has made.
    """
    made = [m for m in procmem.mappings(process) if m.size == 2 << 20]
    return next(m for m in made if m.is_shared_mapping)


class TestPageSize:
    def test_gone(self) -> None:
        """
        Of a process that is gone nobody knows it, and that is no error.
        """
        with children.forked() as pid, live(pid) as process:
            start = procmem.mappings(process)[0].start
            here = process.page_size_at(start)
            end(pid)

            assert here in {PAGE, None}
            assert process.page_size_at(start) is None

    def test_nothing_there(self) -> None:
        """
        Nor where nothing is mapped, or where something else stands for maps.
        """
        with live() as process:
            assert process.page_size_at(0) is None

    def test_no_proc(self, root: Path) -> None:
        """
        A file that is none of the kernel's answers no questions.
        """
        with live(None, root) as process:
            assert process.page_size_at(0x1000) is None


class TestSwappedOfFile:
    def test_in_memory(self) -> None:
        """
        Of shared memory that has been touched, or never was, nothing is
        swapped out: what is in memory does not count.
        """
        with children.stopped() as pid, live(pid) as process:
            made = shared(process)
            found = process.swapped_of_file(made.start, made.end, 0, made.size)
            if found is None:
                pytest.skip("cachestat came with Linux 6.5, map_files take rights")
            assert made.usage is not None
            assert 1 << 20 == made.usage.rss + made.usage.swap
            assert made.usage.swap == found

    def test_not_mapped(self) -> None:
        """
        It is not known of what is no mapping, nor of a process that is gone.
        """
        with children.forked() as pid, live(pid) as process:
            assert process.swapped_of_file(PAGE, 2 * PAGE, 0, PAGE) is None
            first = procmem.mappings(process)[0]
            end(pid)

            assert process.swapped_of_file(first.start, first.end, 0, PAGE) is None

    def test_refused(self) -> None:
        """
        What is no file has no pages that the kernel would count.
        """
        with opened("/", os.O_PATH) as descriptor:
            assert evicted(descriptor, 0, PAGE) is None


class TestPagemap:
    def test_zombie(self) -> None:
        """
        A zombie has a page table in which nothing is, whether it was opened
        before it ended or after.
        """
        with children.forked() as pid, live(pid) as process:
            start = procmem.mappings(process)[0].start
            with process.pagemap() as before:
                assert before.is_bound()
                children.kill(pid)
                with process.pagemap() as after:
                    for pagemap in (before, after):
                        assert b"" == pagemap.read(start, 1)
                        assert not pagemap.regions(start, start + PAGE)
                        assert not pagemap.is_bound()
            assert 0 == len(procmem.pages(process))
            children.reap(pid)
            with pytest.raises(procmem.ProcessGoneError):
                process.pagemap()

    def test_stands_for_another(self, root: Path) -> None:
        """
        A file that is none of the kernel's has entries, and knows no regions.
        """
        (root / "1").mkdir(exist_ok=True)
        pid = int(os.readlink(root / "self"))
        entries = bytes(range(64))
        (root / str(pid) / "pagemap").write_bytes(entries)
        with live(pid, root) as process, process.pagemap() as pagemap:
            assert entries[8:24] == pagemap.read(PAGE, 2)
            assert pagemap.regions(0, 8 * PAGE) is None
            assert pagemap.zero_pages(0, 8 * PAGE) is None

    def test_unexpected(self) -> None:
        """
        An error that says nothing about the process stays what it is.
        """
        with live() as process:
            own = LivePagemap(process, "pagemap", os.open("/", os.O_PATH))
            with own:
                with pytest.raises(OSError, match="Bad file") as caught:
                    own.regions(0, PAGE)
                assert errno.EBADF == caught.value.errno
                with pytest.raises(OSError, match="Bad file"):
                    own.read(0, 1)

    def test_read_of_the_gone(self) -> None:
        """
        That a process has gone, a kernel may also say by an error in reading.
        """
        with children.forked() as pid, live(pid) as process:
            stand_in = process.open_descriptor("status")
            with LivePagemap(process, "pagemap", stand_in) as pagemap:
                end(pid)
                with pytest.raises(procmem.ProcessGoneError) as caught:
                    pagemap.read(0, 1)
                assert pid == caught.value.pid

    def test_read_of_an_ended_thread(self) -> None:
        """
        Of a thread alone that means that there is nothing to be read.
        """
        go = threading.Event()
        thread = threading.Thread(target=go.wait)
        thread.start()
        with live() as process:
            file = f"task/{thread.native_id}/pagemap"
            stand_in = process.open_descriptor(f"task/{thread.native_id}/status")
            with LivePagemap(process, file, stand_in) as pagemap:
                go.set()
                thread.join()
                folder = Path(f"/proc/self/task/{thread.native_id}")
                children.wait_for(lambda: not folder.exists())
                assert b"" == pagemap.read(0, 1)


class TestReading:
    def test_in_pieces(self) -> None:
        """
        A file that is handed out in pieces is read to its end, or as far as
        was asked for.
        """
        with children.stopped() as pid, opened(f"/proc/{pid}/smaps") as smaps:
            whole = Path(f"/proc/{pid}/smaps").read_bytes()
            assert len(os.pread(smaps, 1 << 20, 0)) < len(whole)

            assert whole == read_at(smaps, 1 << 20, 0)
            assert whole[100:9100] == read_at(smaps, 9000, 100)

    def test_first_half_fails(self) -> None:
        """
        Where two read a half each, the error of either is that of both.
        """
        size = 1 << 20
        with opened("/proc/self/pagemap") as pagemap:
            with pytest.raises(OSError, match="Invalid argument") as caught:
                read_long_at(pagemap, size, -size // 2)
            assert errno.EINVAL == caught.value.errno

    def test_frames_that_cannot_be_read(self) -> None:
        """
        A file of frames that opens, and then gives an error, is none.
        """
        with (
            pytest.raises(OSError, match="Input/output"),
            opened("/proc/self/mem") as f,
        ):
            os.pread(f, 8, 0)

        assert open_frames("/proc/self/mem") is None
