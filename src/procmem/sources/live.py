"""
A process of the live kernel, held by a descriptor of its directory.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from procmem.errors import (
    AccessDeniedError,
    ProcessGoneError,
    ProcmemError,
    UnsupportedError,
)
from procmem.sources.handles import Handle

if TYPE_CHECKING:
    from procmem.sources.base import Pagemap, PinnedProcess
    from procmem.sources.procfs import ProcFS

__all__ = ["DENIED", "ELSEWHERE", "GONE", "LiveProcess", "NoAddressSpaceError"]

# seq_file hands out about one page of text a call whatever the size asked
# for; more than this buys nothing.
_CHUNK = 65536

# ENOTDIR: something else stands where /proc should be.
GONE = frozenset({errno.ENOENT, errno.ESRCH, errno.ENOTDIR})
DENIED = frozenset({errno.EACCES, errno.EPERM})

_SAME_USER = (
    "the same user and a process that may be dumped, or CAP_SYS_PTRACE "
    "(since Linux 6.15 CAP_PERFMON suffices)"
)
_NEEDS = {
    "maps": _SAME_USER,
    "smaps": _SAME_USER,
    "smaps_rollup": _SAME_USER,
    "pagemap": (
        "the same user and a process that may be dumped, or CAP_SYS_PTRACE "
        "and CAP_DAC_READ_SEARCH"
    ),
}
ELSEWHERE = "a /proc mounted without hidepid, or the group that it exempts"


_UNMASKED = "a file that nothing is mounted over"


class NoAddressSpaceError(ProcmemError):
    """
    The process has ended or given up the address space that a file shows.
    """


class LiveProcess(Handle):
    """
    A process, held by a descriptor of its directory.
    """

    __slots__ = ("pid", "source")

    def __init__(self, source: ProcFS, pid: int, descriptor: int) -> None:
        super().__init__(descriptor)
        self.source = source
        self.pid = pid

    def open(self, file: str) -> LiveFile:
        try:
            return LiveFile(self, file, self.open_descriptor(file))
        except NoAddressSpaceError:
            return LiveFile(self, file, None)

    def read(self, file: str) -> bytes:
        # The same as open() and read(), without an object for the file: it is
        # most of what is slow about a small one.
        try:
            descriptor = os.open(file, os.O_RDONLY, dir_fd=self.descriptor)
        except OSError as exc:
            return self.no_content(exc, file)
        try:
            return self.content_of(descriptor, file)
        finally:
            os.close(descriptor)

    def content_of(self, descriptor: int, file: str) -> bytes:
        """
        The rest of an open file; empty where there is no address space.
        """
        chunks: list[bytes] = []
        try:
            while chunk := os.read(descriptor, _CHUNK):
                chunks.append(chunk)
        except OSError as exc:
            return self.no_content(exc, file)
        if not chunks and is_masked(descriptor):
            raise UnsupportedError(file, _UNMASKED)
        return b"".join(chunks)

    def no_content(self, exc: OSError, file: str) -> bytes:
        """
        What is read where there is no address space; else *exc* by its
        meaning is raised.
        """
        meaning = self.meaning_of(exc, file)
        try:
            if isinstance(meaning, NoAddressSpaceError):
                return b""
            raise meaning from None
        finally:
            # They have this frame, and this frame the process: all would live
            # until garbage is collected.
            del exc, meaning

    def pagemap(self, prefix: str = "") -> Pagemap:
        # Few programs look at single pages, and those can wait for this.
        from procmem.sources.pagefiles import LivePagemap

        file = f"{prefix}pagemap"
        try:
            descriptor = self.open_descriptor(file)
        except NoAddressSpaceError:
            return LivePagemap(self, file, None)
        pagemap = LivePagemap(self, file, descriptor)
        if is_masked(descriptor):
            pagemap.close()
            raise UnsupportedError(file, _UNMASKED)
        return pagemap

    def page_size_at(self, address: int) -> int | None:
        from procmem.sources.pagefiles import page_size_at

        try:
            descriptor = self.open_descriptor("maps")
        except ProcmemError:
            return None
        try:
            return page_size_at(descriptor, address)
        finally:
            os.close(descriptor)

    def swapped_of_file(
        self, start: int, end: int, offset: int, size: int
    ) -> int | None:
        from procmem.sources.cachestat import evicted

        try:
            descriptor = self.open_descriptor(f"map_files/{start:x}-{end:x}")
        except (OSError, ProcmemError):
            return None
        try:
            pages = evicted(descriptor, offset, size)
        finally:
            os.close(descriptor)
        return None if pages is None else pages * self.source.page_size

    def owner(self) -> int:
        # Of a directory that all may read, such as this one, the kernel shows
        # the effective user even where other files belong to root since the
        # process may not be dumped: task_dump_owner() in fs/proc/base.c.
        # Printing "status" takes it thirty times as long.
        try:
            return os.stat(".", dir_fd=self.descriptor).st_uid
        except OSError as exc:
            raise self.meaning_of(exc, ".") from None

    def shares_memory_with(self, other: PinnedProcess) -> bool | None:
        from procmem.sources.kcmp import same_memory

        # A number might have been taken by another process, but only once
        # the process has gone, and then no question about it matters.
        return same_memory(self.pid, other.pid)

    def threads(self) -> tuple[int, ...]:
        try:
            descriptor = self.open_descriptor("task", os.O_DIRECTORY)
            try:
                return tuple(map(int, os.listdir(descriptor)))
            finally:
                os.close(descriptor)
        except OSError as exc:
            raise self.meaning_of(exc, "task") from None

    def open_descriptor(self, file: str, flags: int = 0) -> int:
        try:
            return os.open(file, os.O_RDONLY | flags, dir_fd=self.descriptor)
        except OSError as exc:
            raise self.meaning_of(exc, file) from None

    def meaning_of(self, exc: OSError, file: str) -> OSError | ProcmemError:
        """
        What *exc*, met when *file* was opened or read, says about the
        process.
        """
        if exc.errno in DENIED:
            needs = _NEEDS.get(file.rpartition("/")[2], ELSEWHERE)
            return AccessDeniedError(self.pid, file, needs)
        if exc.errno not in GONE:
            return exc
        if not self._exists():
            return ProcessGoneError(self.pid)
        # ESRCH of a process that is there says that it has no address space
        # (any more); ENOENT of a file of a thread that the thread has ended.
        if exc.errno == errno.ESRCH or "/" in file:
            return NoAddressSpaceError()
        return UnsupportedError(file, "a kernel that offers this file")

    def _exists(self) -> bool:
        """
        Whether the process is still listed, as a zombie perhaps.
        """
        try:
            os.stat("stat", dir_fd=self.descriptor)
        except OSError as exc:
            return exc.errno not in GONE
        return True

    def __repr__(self) -> str:
        return f"<process {self.pid} pinned in {self.source.root}>"


class LiveFile(Handle):
    """
    A file of a process; without a descriptor if there was nothing to open.
    """

    __slots__ = ("_name", "_process")

    def __init__(self, process: LiveProcess, name: str, descriptor: int | None) -> None:
        super().__init__(descriptor)
        self._process = process
        self._name = name

    def read(self) -> bytes:
        if (descriptor := self.descriptor) is None:
            return b""
        os.lseek(descriptor, 0, os.SEEK_SET)
        return self._process.content_of(descriptor, self._name)

    def is_bound(self) -> bool:
        if (descriptor := self.descriptor) is None:
            return False
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            # One byte makes the kernel print one record.
            return bool(os.read(descriptor, 1))
        except OSError:
            return False

    def __repr__(self) -> str:
        return f"<{self._name} of {self._process!r}>"


def is_masked(descriptor: int) -> bool:
    """
    Whether something else is mounted over a file of proc: containers hide
    files by mounting ``/dev/null`` over them.
    """
    return not stat.S_ISREG(os.fstat(descriptor).st_mode)
