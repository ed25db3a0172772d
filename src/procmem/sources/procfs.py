"""
``ProcFS``: processes in a live ``/proc``, wherever it is mounted.

A process is held by a descriptor of its directory, and every file is opened
through it.  The kernel ties that directory to the process and not to its
number, so that a pid which is taken again cannot be mistaken.
"""

from __future__ import annotations

import os
import sys

from procmem.errors import (
    AccessDeniedError,
    ProcessGoneError,
    ProcmemError,
    UnsupportedError,
)
from procmem.sources.base import ByteOrder, Frames, PinnedProcess
from procmem.sources.live import DENIED, ELSEWHERE, GONE, LiveProcess

__all__ = ["ProcFS", "checked_pid"]


# It is the kernel that merges pages, whatever proc file system shows them.
_KSM = "/sys/kernel/mm/ksm"


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

    def frames(self, file: str) -> Frames | None:
        """
        Open ``"kpagecount"``, ``"kpageflags"`` or ``"kpagecgroup"``; None if
        that is missing, masked or not permitted.
        """
        from procmem.sources.pagefiles import open_frames

        return open_frames(f"{self.root}/{file}")

    def read(self, file: str) -> bytes | None:
        """
        The whole content of a file of the machine (``"meminfo"``); None if
        it is missing or not permitted.
        """
        return _content(f"{self.root}/{file}")

    def has_merged_pages(self) -> bool | None:
        """
        Whether KSM has merged any page on this machine; None if unknown.
        """
        shared = _content(f"{_KSM}/pages_shared")
        return None if shared is None else shared.strip() != b"0"

    def pids(self) -> list[int]:
        """
        The processes that can be seen, ascending.

        Under ``hidepid=2`` those of other users are not among them.
        """
        try:
            names = os.listdir(self.root)
        except (FileNotFoundError, NotADirectoryError):
            raise self._no_proc() from None
        return sorted(int(name) for name in names if name.isdecimal())

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
            except (FileNotFoundError, NotADirectoryError):
                raise self._no_process(os.getpid()) from None
        pid = checked_pid(pid)
        try:
            descriptor = os.open(f"{self.root}/{pid}", os.O_RDONLY | os.O_DIRECTORY)
        except OSError as exc:
            if exc.errno in GONE:
                raise self._no_process(pid) from None
            if exc.errno in DENIED:
                raise AccessDeniedError(pid, ".", ELSEWHERE) from None
            raise
        return LiveProcess(self, pid, descriptor)

    def _no_process(self, pid: int) -> ProcmemError:
        if os.path.isdir(self.root):
            return ProcessGoneError(pid)
        return self._no_proc()

    def _no_proc(self) -> UnsupportedError:
        return UnsupportedError(self.root, "a proc file system mounted there")

    def __repr__(self) -> str:
        return f"ProcFS({self.root!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProcFS) and self.root == other.root

    def __hash__(self) -> int:
        return hash(self.root)


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


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
