"""
The seams between bytes and everything else.
"""

from __future__ import annotations

from collections import abc
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from procmem.formats.words import ByteOrder

__all__ = [
    "ByteOrder",
    "Frames",
    "Held",
    "OpenFile",
    "Pagemap",
    "PinnedProcess",
    "Region",
    "Source",
    "Span",
]


class Held(Protocol):
    """
    What is held open, by a ``with`` statement or until it is closed.
    """

    def close(self) -> None:
        """
        Let it go.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...


class OpenFile(Held, Protocol):
    """
    A file of one process, opened and not yet read.
    """

    def read(self) -> bytes:
        """
        The whole content, from the beginning.

        Empty where the kernel has nothing to print: because there is no
        address space, or because the one that the file was opened for was
        given up since (``exec``, ``exit``).

        Raises:
            ProcessGoneError: If the process is gone.

            AccessDeniedError: If the kernel refuses.
        """
        ...

    def is_bound(self) -> bool:
        """
        Whether the address space that the file was opened for still exists.

        If it does after the end of the text was reached, then nothing of the
        text was cut off.
        """
        ...


class Region(NamedTuple):
    """
    A stretch of addresses in which something is mapped or swapped out.

    Attributes:
        start: First address.

        end: First address past it.

        huge: Whether huge page table entries map it: transparent huge pages,
            or hugetlb.
    """

    start: int
    end: int
    huge: bool


class Pagemap(Held, Protocol):
    """
    The page table of a process: ``/proc/PID/pagemap``, opened.
    """

    def read(self, address: int, pages: int) -> bytes:
        """
        The entries of *pages* pages from *address* on, 8 bytes each, in the
        byte order of the source.

        Fewer at the end of what the kernel shows (``[vsyscall]``), and none
        once the address space has been given up.

        Raises:
            ProcessGoneError: If the process is gone.
        """
        ...

    def regions(
        self, start: int, end: int, *, only_huge: bool = False
    ) -> list[Region] | None:
        """
        Where between two addresses pages are present or swapped out, or None
        if the kernel cannot tell without the entries (before Linux 6.7).

        Args:
            start: First address.

            end: First address past them.  Where there are very many, several
                may be given as one, with what is between them.

            only_huge: Give only what huge page table entries map, which is
                found out ten times as fast.
        """
        ...

    def zero_pages(self, start: int, end: int) -> list[Region] | None:
        """
        Where the shared zero page is mapped; None as for :meth:`regions`.
        """
        ...

    def is_bound(self) -> bool:
        """
        Whether the address space that the file was opened for still exists.
        """
        ...


Span = tuple[int, int]
"""Page frames in a row: the first, and the one past the last."""


class Frames(Held, Protocol):
    """
    A file with 8 bytes for every page frame of the machine, opened:
    ``/proc/kpagecount``, ``kpageflags`` or ``kpagecgroup``.
    """

    def read(self, spans: abc.Sequence[Span]) -> bytes:
        """
        The values of the frames of each span, one span after the other, in
        the byte order of the source; 0 for what is not memory.
        """
        ...


class PinnedProcess(Held, Protocol):
    """
    One process that cannot be mistaken for another.

    When it ends, reading raises :exc:`~procmem.ProcessGoneError`, even if
    another process got its number since.  It is a context manager that
    closes what it holds.
    """

    @property
    def pid(self) -> int:
        """
        Its number.
        """
        ...

    @property
    def source(self) -> Source:
        """
        Where it was found.
        """
        ...

    def open(self, file: str) -> OpenFile:
        """
        Open a file of the process, for example ``"smaps"`` or
        ``"task/12/smaps"``.

        Raises:
            ProcessGoneError: If the process is gone.

            AccessDeniedError: If the kernel refuses.

            UnsupportedError: If this system has no such file.
        """
        ...

    def read(self, file: str) -> bytes:
        """
        The whole content of a file of the process; raises as :meth:`open`.
        """
        ...

    def pagemap(self, prefix: str = "") -> Pagemap:
        """
        Open the page table of the process.

        Args:
            prefix: ``"task/12/"`` for that of one of its threads.

        Raises:
            ProcessGoneError: If the process is gone.

            AccessDeniedError: If the kernel refuses.

            UnsupportedError: If this system has no such file.
        """
        ...

    def page_size_at(self, address: int) -> int | None:
        """
        Size of the pages that the mapping at *address* is made of, in bytes:
        tells hugetlb.  None if the kernel does not answer (before Linux
        6.11).
        """
        ...

    def swapped_of_file(
        self, start: int, end: int, offset: int, size: int
    ) -> int | None:
        """
        How many bytes are swapped out of a piece of the shared memory behind
        a mapping.

        Only for mappings of shared memory and tmpfs: it opens what is mapped.

        Args:
            start: First address of the mapping.

            end: First address past it.

            offset: Where in the file the piece begins.

            size: Its length.

        Returns:
            Bytes, or None if this kernel (before Linux 6.5) or a missing
            right does not let us know.
        """
        ...

    def owner(self) -> int | None:
        """
        Its effective user, if that is known.

        Of a process that has ended meanwhile it is no more than a number.

        Raises:
            ProcessGoneError: If the process is gone, and that is noticed.
        """
        ...

    def shares_memory_with(self, other: PinnedProcess) -> bool | None:
        """
        Whether both processes have one address space (``vfork``,
        ``CLONE_VM``); None if the kernel does not tell.
        """
        ...

    def threads(self) -> tuple[int, ...]:
        """
        The numbers of its threads.

        Raises:
            ProcessGoneError: If the process is gone.
        """
        ...

    def close(self) -> None:
        """
        Let the process go.  Reading afterwards is a :exc:`ValueError`.
        """
        ...


class Source(Protocol):
    """
    A place with the files of processes: a live ``/proc``, or a record of one.
    """

    @property
    def page_size(self) -> int:
        """
        Size of one page on the machine the bytes are from, in bytes.
        """
        ...

    @property
    def byteorder(self) -> ByteOrder:
        """
        Order of the bytes in binary files of that machine.
        """
        ...

    def frames(self, file: str) -> Frames | None:
        """
        Open ``"kpagecount"``, ``"kpageflags"`` or ``"kpagecgroup"``; None if
        that is missing, masked or not permitted.
        """
        ...

    def read(self, file: str) -> bytes | None:
        """
        The whole content of a file of the machine (``"meminfo"``); None if
        it is missing or not permitted.
        """
        ...

    def has_merged_pages(self) -> bool | None:
        """
        Whether KSM has merged any page on this machine; None if unknown.
        """
        ...

    def pids(self) -> abc.Sequence[int]:
        """
        The processes that can be seen, ascending.
        """
        ...

    def pin(self, pid: int | None) -> PinnedProcess:
        """
        Take hold of a process; None means the calling one.

        Raises:
            ProcessGoneError: If there is no such process.

            ValueError: If *pid* is not a positive number.
        """
        ...
