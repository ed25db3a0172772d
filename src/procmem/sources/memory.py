"""
``InMemory``: processes made of bytes, for tests and examples.
"""

from __future__ import annotations

from collections import abc
from contextlib import suppress

import attrs

from procmem.errors import ProcessGoneError, UnsupportedError
from procmem.sources.base import ByteOrder, Frames, Pagemap, PinnedProcess, Region, Span
from procmem.sources.handles import Unheld
from procmem.sources.procfs import checked_pid
from procmem.sources.users import effective_user

__all__ = ["InMemory"]

Content = bytes | Exception
"""What reading a file gives: its bytes, or an error that is raised."""


@attrs.frozen(kw_only=True)
class InMemory:
    """
    A source whose files are given as bytes.

    Attributes:
        processes: For each pid its files by name (``"smaps"``,
            ``"task/12/status"``).  Each is bytes, an exception to raise, or a
            list of those: what one read after the other gives, the last for
            ever.

        calling: The pid of the calling process, for calls without a pid.

        page_size: Size of one page, in bytes.

        byteorder: Order of the bytes in binary files.

        frame_files: For ``"kpagecount"`` and its like the value of each frame;
            a frame that is not there has 0.

        machine: Files of the machine by name (``"meminfo"``).

        merged: Whether KSM has merged pages.
    """

    processes: abc.Mapping[int, abc.Mapping[str, Content | abc.Sequence[Content]]]
    calling: int = 1
    page_size: int = 4096
    byteorder: ByteOrder = "little"

    frame_files: abc.Mapping[str, abc.Mapping[int, int]] = attrs.field(
        factory=dict[str, abc.Mapping[int, int]]
    )
    machine: abc.Mapping[str, bytes] = attrs.field(factory=dict[str, bytes])
    merged: bool | None = False

    def frames(self, file: str) -> Frames | None:
        """
        The values of the frames of a file; None if there are none.
        """
        values = self.frame_files.get(file)
        return None if values is None else _Frames(values, self.byteorder)

    def read(self, file: str) -> bytes | None:
        """
        The content of a file of the machine; None if it is not there.
        """
        return self.machine.get(file)

    def has_merged_pages(self) -> bool | None:
        """
        Whether KSM has merged any page, as it was said.
        """
        return self.merged

    def pids(self) -> list[int]:
        """
        The processes that there are, ascending.
        """
        return sorted(self.processes)

    def pin(self, pid: int | None = None) -> PinnedProcess:
        """
        Take hold of a process; None means the calling one.

        Raises:
            ProcessGoneError: If there is no such process.
        """
        pid = self.calling if pid is None else checked_pid(pid)
        if pid not in self.processes:
            raise ProcessGoneError(pid)
        return _Process(source=self, pid=pid)


@attrs.define(kw_only=True)
class _Process(Unheld):
    source: InMemory
    pid: int
    _reads: dict[str, int] = attrs.field(factory=dict[str, int])

    def open(self, file: str) -> _File:
        content = self.take(file)
        if isinstance(content, Exception):
            raise content
        return _File(self, file, content)

    def read(self, file: str) -> bytes:
        return self.open(file).read()

    def take(self, file: str) -> Content:
        """
        What the next read of *file* gives.
        """
        files = self.source.processes.get(self.pid)
        if files is None:
            raise ProcessGoneError(self.pid)
        if file not in files and file.startswith("task/"):
            # As if the thread had ended.
            return b""
        if file not in files:
            raise UnsupportedError(file, "bytes for it")
        contents = files[file]
        if isinstance(contents, (bytes, Exception)):
            return contents
        reads = self._reads.get(file, 0)
        self._reads[file] = reads + 1
        return contents[min(reads, len(contents) - 1)]

    def pagemap(self, prefix: str = "") -> Pagemap:
        content = self.take(f"{prefix}pagemap")
        if isinstance(content, Exception):
            raise content
        return _Pagemap(self, prefix, content)

    def page_size_at(self, address: int) -> int | None:
        del address
        return None

    def swapped_of_file(
        self, start: int, end: int, offset: int, size: int
    ) -> int | None:
        del start, end, offset, size
        return None

    def owner(self) -> int | None:
        with suppress(UnsupportedError):
            return effective_user(self.read("status"))
        return None

    def shares_memory_with(self, other: PinnedProcess) -> bool | None:
        del other
        return None

    def threads(self) -> tuple[int, ...]:
        files = self.source.processes.get(self.pid, {})
        threads = {
            int(file.split("/")[1]) for file in files if file.startswith("task/")
        }
        return tuple(sorted(threads | {self.pid}))


@attrs.define
class _File(Unheld):
    _process: _Process
    _name: str
    _content: bytes

    def read(self) -> bytes:
        return self._content

    def is_bound(self) -> bool:
        again = self._process.take(self._name)
        return isinstance(again, bytes) and again != b""


@attrs.define
class _Pagemap(Unheld):
    """
    A page table whose entries are the file's bytes: from address 0 on.
    """

    _process: _Process
    _prefix: str
    _content: bytes

    def read(self, address: int, pages: int) -> bytes:
        first = address // self._process.source.page_size
        return self._content[8 * first : 8 * (first + pages)]

    def regions(
        self, start: int, end: int, *, only_huge: bool = False
    ) -> list[Region] | None:
        del start, end, only_huge
        return None

    def zero_pages(self, start: int, end: int) -> list[Region] | None:
        del start, end
        return None

    def is_bound(self) -> bool:
        return self._process.take(f"{self._prefix}pagemap") != b""


@attrs.define
class _Frames(Unheld):
    _values: abc.Mapping[int, int]
    _byteorder: ByteOrder

    def read(self, spans: abc.Sequence[Span]) -> bytes:
        return b"".join(
            self._values.get(frame, 0).to_bytes(8, self._byteorder)
            for first, end in spans
            for frame in range(first, end)
        )
