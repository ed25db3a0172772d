"""
A process of a capture, and its text files.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import attrs

import procmem
from procmem.sources.base import PinnedProcess
from procmem.sources.handles import Unheld
from procmem.sources.users import effective_user
from tests.captures.binary import CapturePagemap

if TYPE_CHECKING:
    from tests.captures.source import CaptureSource

_WORLD_READABLE = frozenset({"stat", "statm", "status"})


@attrs.define(kw_only=True, eq=False, slots=False)
class CaptureProcess(Unheld):
    """
    A process of a capture.
    """

    source: CaptureSource
    pid: int

    def open(self, file: str) -> CaptureFile:
        """
        A text file.
        """
        return CaptureFile(self.read(file))

    def read(self, file: str) -> bytes:
        """
        The content of a text file.
        """
        if file == "mountinfo" and self.source.telling:
            return self.source.mountinfo
        return self._content(file, file)

    def pagemap(self, prefix: str = "") -> CapturePagemap:
        """
        The page table, of the process or of a thread.
        """
        entries = self._content(f"{prefix}pagemap", f"{prefix}pagemap.bin")
        ranges = self._content(f"{prefix}pagemap", f"{prefix}pagemap.ranges")
        return CapturePagemap(self, ranges, entries)

    def _content(self, file: str, path: str) -> bytes:
        capture, view = self.source.capture, self.source.view
        folders = {
            "root": [""],
            "unpriv": ["unpriv/"],
            # What was not recorded apart is what root reads.
            "nosysadmin": ["nosysadmin/", ""],
        }[view]
        for folder in folders:
            found = capture.files.get(f"{folder}{self.pid}/{path}")
            if found is not None:
                return found
        if view == "unpriv" and file.startswith("task/"):
            # Not recorded; what may be read does not depend on who reads.
            if file.rpartition("/")[2] not in _WORLD_READABLE:
                raise self._denied(file)
            found = capture.files.get(f"{self.pid}/{path}")
            if found is not None:
                return found
        return self._refused(file)

    def _refused(self, file: str) -> bytes:
        """
        What a file is that the kernel did not show.
        """
        who = "unprivileged" if self.source.view == "unpriv" else "root"
        errors = self.source.capture.errors[who]
        told = errors.get(f"{self.pid}/{file}", {})
        if told.get("errno") == "EACCES":
            raise self._denied(file)
        if told.get("errno") == "ESRCH" or told.get("stage") == "no mappings":
            return b""
        raise procmem.UnsupportedError(file, "a capture that has it")

    def _denied(self, file: str) -> procmem.AccessDeniedError:
        return procmem.AccessDeniedError(self.pid, file, "to be the same user")

    @functools.cached_property
    def mappings(self) -> tuple[procmem.Mapping, ...]:
        """
        As smaps lists them.
        """
        return procmem.parse_smaps(self.read("smaps"))

    def mapping_at(self, address: int) -> procmem.Mapping | None:
        """
        The mapping that holds an address.
        """
        for mapping in self.mappings:
            if mapping.start <= address < mapping.end:
                return mapping
        return None

    def page_size_at(self, address: int) -> int | None:
        """
        What PROCMAP_QUERY tells, on kernels that have it.
        """
        if not self.source.tells_page_size:
            return None
        found = self.mapping_at(address)
        if found is None or found.name == "[vsyscall]":
            return None
        return found.kernel_page_size

    def swapped_of_file(
        self, start: int, end: int, offset: int, size: int
    ) -> int | None:
        """
        What cachestat tells, if the kernel has it.
        """
        if not self.source.telling:
            return None
        found = self.mapping_at(start)
        assert found is not None
        assert (start, end) == (found.start, found.end)
        swapped = self.source.swapped.get((found.device, found.inode), frozenset())
        pages = sum(offset <= place < offset + size for place in swapped)
        return pages * self.source.page_size

    def owner(self) -> int | None:
        """
        Whose it is.
        """
        return effective_user(self.read("status"))

    def shares_memory_with(self, other: PinnedProcess) -> bool | None:
        """
        What kcmp tells, if the kernel has it.
        """
        if not self.source.telling:
            return None
        twins = {self.source.capture.role(role) for role in ("V", "VC")}
        return self.pid == other.pid or {self.pid, other.pid} == twins

    def threads(self) -> tuple[int, ...]:
        """
        Those that were recorded, or the only one.
        """
        start = f"{self.pid}/task/"
        names = (
            path.removeprefix(start).partition("/")[0]
            for path in self.source.capture.files
            if path.startswith(start)
        )
        return tuple(sorted({int(name) for name in names} | {self.pid}))


@attrs.define
class CaptureFile(Unheld):
    """
    A text file of a process.
    """

    _content: bytes

    def read(self) -> bytes:
        """
        All of it.
        """
        return self._content

    def is_bound(self) -> bool:
        """
        Whether there is something to read.
        """
        return self._content != b""
