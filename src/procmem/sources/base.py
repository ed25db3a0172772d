"""
The seams between bytes and everything else.
"""

from __future__ import annotations

from collections import abc
from types import TracebackType
from typing import Literal, Protocol, Self

__all__ = ["ByteOrder", "OpenFile", "PinnedProcess", "Source"]

ByteOrder = Literal["little", "big"]


class OpenFile(Protocol):
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

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...


class PinnedProcess(Protocol):
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

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...


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
