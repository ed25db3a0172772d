"""
``ProcFS``: processes in a live ``/proc``, wherever it is mounted.

A process is held by a descriptor of its directory, and every file is opened
through it.  The kernel ties that directory to the process and not to its
number, so that a pid which is taken again cannot be mistaken.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from types import TracebackType
from typing import Self

from procmem.errors import (
    AccessDeniedError,
    ProcessGoneError,
    ProcmemError,
    UnsupportedError,
)
from procmem.sources.base import ByteOrder, PinnedProcess

__all__ = ["ProcFS", "checked_pid"]

# seq_file hands out about one page of text a call whatever the size asked
# for; more than this buys nothing.
_CHUNK = 65536

_GONE = frozenset({errno.ENOENT, errno.ESRCH})
_DENIED = frozenset({errno.EACCES, errno.EPERM})

_SAME_USER = (
    "the same user and a process that may be dumped, or CAP_SYS_PTRACE "
    "(since Linux 6.15 CAP_PERFMON suffices)"
)
_NEEDS = {
    "maps": _SAME_USER,
    "smaps": _SAME_USER,
    "smaps_rollup": _SAME_USER,
}
_NEEDS_ELSE = "a /proc mounted without hidepid, or the group that it exempts"


class ProcFS:
    """
    The processes of a proc file system.

    Args:
        root: Where it is mounted.  In a container, ``/host/proc`` or the
            like may be the host's.
    """

    __slots__ = ("page_size", "root")

    root: str
    page_size: int

    def __init__(self, root: str | os.PathLike[str] = "/proc") -> None:
        self.root = os.fspath(root)
        # A live proc file system is this kernel's, wherever it is mounted.
        self.page_size = os.sysconf("SC_PAGE_SIZE")

    @property
    def byteorder(self) -> ByteOrder:
        """
        Order of the bytes in binary files: this machine's.
        """
        return sys.byteorder

    def pids(self) -> list[int]:
        """
        The processes that can be seen, ascending.

        Under ``hidepid=2`` those of other users are not among them.
        """
        return sorted(int(name) for name in os.listdir(self.root) if name.isdecimal())

    def pin(self, pid: int | None = None) -> PinnedProcess:
        """
        Take hold of a process; None means the calling one.

        Raises:
            ProcessGoneError: If there is no such process.

            ValueError: If *pid* is not a positive number.
        """
        if pid is None:
            # Not getpid(): in a proc file system of another pid namespace
            # this process has another number.
            try:
                pid = int(os.readlink(f"{self.root}/self"))
            except FileNotFoundError:
                raise self._no_process(os.getpid()) from None
        pid = checked_pid(pid)
        try:
            descriptor = os.open(f"{self.root}/{pid}", os.O_RDONLY | os.O_DIRECTORY)
        except OSError as exc:
            if exc.errno in _GONE:
                raise self._no_process(pid) from None
            if exc.errno in _DENIED:
                raise AccessDeniedError(pid, ".", _NEEDS_ELSE) from None
            raise
        return _Process(self, pid, descriptor)

    def _no_process(self, pid: int) -> ProcmemError:
        if os.path.isdir(self.root):
            return ProcessGoneError(pid)
        return UnsupportedError(self.root, "a proc file system mounted there")

    def __repr__(self) -> str:
        return f"ProcFS({self.root!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProcFS) and self.root == other.root

    def __hash__(self) -> int:
        return hash(self.root)


def checked_pid(pid: object) -> int:
    """
    *pid*, if it can be the number of a process.

    Raises:
        TypeError: If it is not an integer.

        ValueError: If it is not positive.
    """
    if isinstance(pid, bool) or not isinstance(pid, int):
        msg = f"a pid is an integer, not {type(pid).__name__}"
        raise TypeError(msg)
    if pid < 1:
        msg = f"a pid is a positive number, not {pid}"
        raise ValueError(msg)
    return pid


class _NoAddressSpaceError(ProcmemError):
    """
    The process has ended or given up the address space that a file shows.
    """


class _Process:
    """
    A process, held by a descriptor of its directory.
    """

    __slots__ = ("_descriptor", "pid", "source")

    def __init__(self, source: ProcFS, pid: int, descriptor: int) -> None:
        self.source = source
        self.pid = pid
        self._descriptor: int | None = descriptor

    def open(self, file: str) -> _File:
        try:
            return _File(self, file, self._open(file))
        except _NoAddressSpaceError:
            return _File(self, file, None)

    def read(self, file: str) -> bytes:
        with self.open(file) as opened:
            return opened.read()

    def threads(self) -> tuple[int, ...]:
        try:
            descriptor = self._open("task", os.O_DIRECTORY)
            try:
                return tuple(map(int, os.listdir(descriptor)))
            finally:
                os.close(descriptor)
        except OSError as exc:
            raise self.meaning_of(exc, "task") from None

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self, file: str, flags: int = 0) -> int:
        if self._descriptor is None:
            msg = f"process {self.pid} has been let go"
            raise ValueError(msg)
        try:
            return os.open(file, os.O_RDONLY | flags, dir_fd=self._descriptor)
        except OSError as exc:
            raise self.meaning_of(exc, file) from None

    def meaning_of(self, exc: OSError, file: str) -> OSError | ProcmemError:
        """
        What *exc*, met when *file* was opened or read, says about the
        process.
        """
        if exc.errno in _DENIED:
            needs = _NEEDS.get(file.rpartition("/")[2], _NEEDS_ELSE)
            return AccessDeniedError(self.pid, file, needs)
        if exc.errno not in _GONE:
            return exc
        if not self._exists():
            return ProcessGoneError(self.pid)
        # ESRCH of a process that is there says that it has no address space
        # (any more); ENOENT of a file of a thread that the thread has ended.
        if exc.errno == errno.ESRCH or "/" in file:
            return _NoAddressSpaceError()
        return UnsupportedError(file, "a kernel that offers this file")

    def _exists(self) -> bool:
        """
        Whether the process is still listed, as a zombie perhaps.
        """
        try:
            os.stat("stat", dir_fd=self._descriptor)
        except OSError as exc:
            return exc.errno not in _GONE
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "" if self._descriptor is not None else ", closed"
        return f"<process {self.pid} pinned in {self.source.root}{state}>"


class _File:
    """
    A file of a process; without a descriptor if there was nothing to open.
    """

    __slots__ = ("_descriptor", "_name", "_process")

    def __init__(self, process: _Process, name: str, descriptor: int | None) -> None:
        self._process = process
        self._name = name
        self._descriptor = descriptor

    def read(self) -> bytes:
        if self._descriptor is None:
            return b""
        chunks: list[bytes] = []
        try:
            while chunk := os.read(self._descriptor, _CHUNK):
                chunks.append(chunk)
        except OSError as exc:
            meaning = self._process.meaning_of(exc, self._name)
            if isinstance(meaning, _NoAddressSpaceError):
                return b""
            raise meaning from None
        if not chunks and not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            # Containers hide files by mounting /dev/null over them.
            needs = "a file that nothing is mounted over"
            raise UnsupportedError(self._name, needs)
        return b"".join(chunks)

    def is_bound(self) -> bool:
        if self._descriptor is None:
            return False
        try:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            # One byte makes the kernel print one record.
            return bool(os.read(self._descriptor, 1))
        except OSError:
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
