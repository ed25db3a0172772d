"""
Which address space an opened page table belongs to, and of which pages a
mapping is made.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import procmem
from tests.children import wait_for
from tests.pages.memory import PAGE, memory, own

_THEN_EXEC = """
import os, sys
print(flush=True)
sys.stdin.readline()
os.execv("/bin/sleep", ["sleep", "600"])
"""


@contextmanager
def _child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-S", "-c", _THEN_EXEC],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        try:
            assert child.stdout is not None
            child.stdout.readline()
            yield child
        finally:
            child.kill()


class TestBound:
    def test_exec(self) -> None:
        """
        A page table that was opened before exec shows nothing after it, and
        one that is opened anew shows the new program's.
        """
        with _child() as child, procmem.pinned(child.pid) as process:
            with process.pagemap() as pagemap:
                assert pagemap.is_bound()
                assert pagemap.read(0, 1)
                assert child.stdin is not None
                child.stdin.write(b"\n")
                child.stdin.flush()
                comm = Path(f"/proc/{child.pid}/comm")
                wait_for(lambda: comm.read_text() == "sleep\n")

                assert not pagemap.is_bound()
                assert b"" == pagemap.read(0, 1)
                assert not pagemap.regions(0, 1 << 40)
            with process.pagemap() as pagemap:
                assert pagemap.is_bound()

    def test_exit(self) -> None:
        """
        The page table of a process that ended shows nothing, before and after
        somebody has taken notice.
        """
        with _child() as child, procmem.pinned(child.pid) as process:
            with process.pagemap() as pagemap:
                child.send_signal(signal.SIGKILL)
                stat = Path(f"/proc/{child.pid}/stat")
                wait_for(lambda: ") Z " in stat.read_text())

                assert not pagemap.is_bound()
                with process.pagemap() as empty:
                    assert b"" == empty.read(0, 1)
                    assert [] == empty.regions(0, 1 << 40)
                    assert [] == empty.zero_pages(0, 1 << 40)
                    assert not empty.is_bound()
                child.wait()
                assert not pagemap.is_bound()
            with pytest.raises(procmem.ProcessGoneError):
                process.pagemap()


class TestPageSize:
    def test_base(self) -> None:
        """
        Memory is made of pages of the base size.
        """
        with memory(4) as made, own() as (process, _):
            size = process.page_size_at(made.start + PAGE)
            if size is None:
                pytest.skip("PROCMAP_QUERY came with Linux 6.11")

            assert PAGE == size

    def test_nowhere(self) -> None:
        """
        Where nothing is mapped there is no size.
        """
        with own() as (process, _):
            assert process.page_size_at(0) is None
            assert process.page_size_at((1 << 64) - PAGE) is None
