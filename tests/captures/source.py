"""
``CaptureSource``: a capture as a source of procmem.
"""

from __future__ import annotations

import array
import functools
from typing import Literal

import attrs

import procmem
from procmem.sources.base import ByteOrder
from tests.captures.archive import Capture
from tests.captures.binary import CaptureFrames, swapped_of_shmem
from tests.captures.process import CaptureProcess

View = Literal["root", "unpriv", "nosysadmin"]

# PROCMAP_QUERY came with this release.
_TELLS_PAGE_SIZE = (6, 11)


@attrs.frozen(kw_only=True, eq=False, slots=False)
class CaptureSource:
    """
    The machine of a capture.

    Attributes:
        capture: What was recorded.

        view: Who looks: root, another user (only process U is the user's),
            or root without CAP_SYS_ADMIN (only W and U were recorded).

        telling: Whether it answers what is asked by other ways than reading,
            as a recent kernel does: where pages are (PAGEMAP_SCAN), what of
            shared memory is swapped out (cachestat), who shares an address
            space (kcmp), and which file systems are a tmpfs (mountinfo).
    """

    capture: Capture
    view: View = "root"
    telling: bool = False

    @property
    def page_size(self) -> int:
        """
        Of the machine, in bytes.
        """
        return self.capture.page_size

    @property
    def byteorder(self) -> ByteOrder:
        """
        Of the machine.
        """
        return self.capture.byteorder

    @property
    def tells_page_size(self) -> bool:
        """
        Whether it says how large the pages of a mapping are.
        """
        return self.capture.version >= _TELLS_PAGE_SIZE

    def frames(self, file: str) -> CaptureFrames | None:
        """
        Counts or flags of the frames; for others than root there are none.
        """
        if self.view == "unpriv" or file not in {"kpagecount", "kpageflags"}:
            return None
        return CaptureFrames(_words(self.capture, file))

    def read(self, file: str) -> bytes | None:
        """
        A file of the machine.
        """
        return self.capture.files.get(file)

    def has_merged_pages(self) -> bool | None:
        """
        Whether KSM had merged any.
        """
        return bool(self.capture.workload["ksm"]["pages_shared"] != "0")

    def pids(self) -> list[int]:
        """
        The processes that were recorded.
        """
        if self.view == "nosysadmin":
            return [self.capture.role("W"), self.capture.role("U")]
        return self.capture.pids

    def pin(self, pid: int | None = None) -> CaptureProcess:
        """
        One of them.
        """
        if pid is None or pid not in self.pids():
            raise procmem.ProcessGoneError(pid or 0)
        return CaptureProcess(source=self, pid=pid)

    @functools.cached_property
    def swapped(self) -> dict[tuple[tuple[int, int], int], frozenset[int]]:
        """
        For each file of shared memory the offsets of what is swapped out.
        """
        return swapped_of_shmem(self.capture)

    @functools.cached_property
    def mountinfo(self) -> bytes:
        """
        As much of it as tells the file systems that were a tmpfs.
        """
        mappings = CaptureSource(capture=self.capture).pin(self.capture.role("W"))
        devices = {
            mapping.device
            for mapping in mappings.mappings
            if (mapping.name or "").startswith(("/dev/shm/", "/tmp/hugetmp/"))
        }
        return b"".join(
            b"%d 1 %d:%d / /mnt rw shared:1 - tmpfs tmpfs rw\n" % (index, *device)
            for index, device in enumerate(sorted(devices), 20)
        )


@functools.lru_cache(maxsize=4)
def _words(capture: Capture, file: str) -> bytes:
    column = ("kpagecount", "kpageflags").index(file)
    frames = capture.frames
    words = array.array("Q", bytes(8 * (1 + max(frames))))
    for frame, values in frames.items():
        words[frame] = values[column]
    if capture.byteorder == "big":
        words.byteswap()
    return words.tobytes()
