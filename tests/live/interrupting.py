"""
Make the worst moment happen: something that takes place in the middle of a read.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import procmem
from tests.live.control import read_stat, wait_until
from tests.live.processes import Execer


@contextlib.contextmanager
def after_reads(
    count: int, action: Callable[[], None], *, again: bool = False
) -> Iterator[None]:
    """
    Something happens after *count* reads of files by procmem, or each time.
    """
    real, done = os.read, itertools.count(1)

    def read(descriptor: int, size: int) -> bytes:
        data = real(descriptor, size)
        number = next(done)
        if number == count or (again and number % count == 0):
            action()
        return data

    with mock.patch("procmem.sources.procfs.os.read", read):
        yield


@contextlib.contextmanager
def without_rollup() -> Iterator[None]:
    """
    For procmem it is as on a kernel that has no smaps_rollup.
    """
    real = os.open

    def open_(path: str, flags: int, *, dir_fd: int | None = None) -> int:
        if path.endswith("smaps_rollup"):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return real(path, flags, dir_fd=dir_fd)

    with mock.patch("procmem.sources.procfs.os.open", open_):
        yield


def exec_after(reads: int, it: Execer, *, again: bool) -> procmem.Mappings:
    """
    Ask for the mappings of a process that is another program after some reads
    of its files, or each time after so many.
    """

    def wait() -> None:
        before = it.execs()
        # The next may have been on its way.
        wait_until(lambda: it.execs() > before + 1, seconds=10, what="execs")

    with after_reads(reads, wait, again=again):
        return procmem.mappings(it.pid)


def kill(pid: int) -> None:
    """
    Kill a process, and wait until it is a zombie or gone.
    """
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not lives(pid), seconds=10, what=f"end of {pid}")


def lives(pid: int) -> bool:
    """
    Whether a process is there and not a zombie.
    """
    stat = read_stat(pid)
    return stat is not None and not stat.has_ended


def sleeps(pid: int) -> bool:
    """
    Whether a process waits for something.
    """
    stat = read_stat(pid)
    return stat is not None and stat.state == "S"


def take_pid(pid: int, attempts: int = 2000) -> int | None:
    """
    Fork a process that gets a number which is free; the number, or None if
    others were faster each time. Whoever gets it has to kill it.

    Raises:
        OSError: If the user may not choose.
    """
    for _ in range(attempts):
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
        child = os.fork()
        if child == 0:
            while True:
                signal.pause()
        if child == pid:
            return child
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return None
