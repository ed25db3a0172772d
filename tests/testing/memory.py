"""
Memory of a known size, here and in children.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

MIB = 1024**2

_HOLDER = """
import mmap, sys
size = max(int(sys.argv[1]), mmap.PAGESIZE)
block = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
block[::mmap.PAGESIZE] = b"x" * (size // mmap.PAGESIZE)
print(flush=True)
sys.stdin.read()
"""


def touched(size: int, flags: int = mmap.MAP_PRIVATE) -> mmap.mmap:
    """
    New memory, every page of which is there.
    """
    block = mmap.mmap(-1, size, flags | mmap.MAP_ANONYMOUS)
    touch(block)
    return block


def touch(block: mmap.mmap, size: int | None = None) -> None:
    """
    Write to every page of a block, or of the first *size* bytes of it.
    """
    size = len(block) if size is None else size
    block[: size : mmap.PAGESIZE] = b"x" * (size // mmap.PAGESIZE)


@contextlib.contextmanager
def holder(size: int) -> Iterator[subprocess.Popen[bytes]]:
    """
    Another program that has so many bytes, until it is ended.
    """
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _HOLDER, str(size)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        try:
            assert child.stdout is not None
            child.stdout.readline()
            yield child
        finally:
            child.kill()


@contextlib.contextmanager
def forked(work: Callable[[], object] = lambda: None) -> Iterator[int]:
    """
    A fork of this process that has done *work* and waits to be ended.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            kept = work()
            os.write(writer, b"x")
            signal.pause()
            del kept
        finally:
            os._exit(0)
    os.close(writer)
    try:
        # Empty if it failed.
        assert os.read(reader, 1) == b"x"
        yield pid
    finally:
        os.close(reader)
        end(pid)


def end(pid: int) -> None:
    """
    End a child and wait for it, if that has not been done.
    """
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def page(size: int) -> int:
    """
    So many bytes in whole pages.
    """
    return size // mmap.PAGESIZE * mmap.PAGESIZE
