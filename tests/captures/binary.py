"""
The binary files of a capture: page tables and frames.
"""

from __future__ import annotations

import bisect
import re
from collections import abc
from typing import TYPE_CHECKING

import attrs

import procmem
from procmem.sources.base import Region
from procmem.sources.handles import Unheld

if TYPE_CHECKING:
    from tests.captures.archive import Capture
    from tests.captures.process import CaptureProcess

_WORD = 8
_ZERO_PAGE = 1 << 24

# Top bytes of entries: of pages that are present or swapped, and of any.
_IN_USE = re.compile(rb"[\x40-\xff]")
_ANY = re.compile(rb".", re.DOTALL)


class CapturePagemap(Unheld):
    """
    A page table of which some ranges were recorded; the rest is empty.
    """

    def __init__(self, process: CaptureProcess, ranges: bytes, entries: bytes) -> None:
        self._process = process
        self._entries = entries
        self._page_size = process.source.page_size
        self._ranges = [
            (int(start, 16), int(end, 16))
            for start, _, end in (
                line.partition("-") for line in ranges.decode().split()
            )
        ]
        self._starts = [start for start, _ in self._ranges]
        self._places = [0]
        for start, end in self._ranges:
            self._places.append(self._places[-1] + (end - start) // self._page_size)
        # Where the kernel's table ends: below the gates.
        narrow = process.source.capture.system["pointer_bits"] == 32
        self._end = 0xBF00_0000 if narrow else 1 << 52

    def read(self, address: int, pages: int) -> bytes:
        """
        The entries from an address on; 0 for what was not recorded.
        """
        if not self._entries:
            return b""
        assert address % self._page_size == 0
        end = min(address + pages * self._page_size, self._end)
        pieces = []
        while address < end:
            place = bisect.bisect_right(self._starts, address) - 1
            if place >= 0 and address < self._ranges[place][1]:
                start, stop = self._ranges[place]
                stop = min(stop, end)
                first = self._places[place] + (address - start) // self._page_size
                last = first + (stop - address) // self._page_size
                pieces.append(self._entries[_WORD * first : _WORD * last])
            else:
                following = self._starts[place + 1 : place + 2] or [end]
                stop = min(following[0], end)
                pieces.append(bytes((stop - address) // self._page_size * _WORD))
            address = stop
        return b"".join(pieces)

    def regions(
        self, start: int, end: int, *, only_huge: bool = False
    ) -> list[Region] | None:
        """
        Where pages are, if the kernel tells.
        """
        if not self._process.source.telling:
            return None
        return _joined(
            Region(address, address + self._page_size, huge)
            for address, raw, huge in self._words(start, end)
            if huge or (raw >> 62 and not only_huge)
        )

    def zero_pages(self, start: int, end: int) -> list[Region] | None:
        """
        Where the zero page is, if the kernel tells.
        """
        source = self._process.source
        if not source.telling:
            return None
        if source.view != "root":
            # The kernel knows them whether or not it shows the frames.
            as_root = attrs.evolve(source, view="root").pin(self._process.pid)
            return as_root.pagemap().zero_pages(start, end)
        frames = source.capture.frames
        return _joined(
            Region(address, address + self._page_size, huge)
            for address, raw, huge in self._words(start, end)
            if raw >> 63 and frames[raw & (1 << 55) - 1][1] & _ZERO_PAGE
        )

    def _words(self, start: int, end: int) -> abc.Iterator[tuple[int, int, bool]]:
        """
        The entries between two addresses that are present or swapped, or of
        huge pages, each with its address and whether a huge entry maps it.
        """
        order = self._process.source.byteorder
        tops = self._entries[7 if order == "little" else 0 :: _WORD]
        size = self._page_size
        for place, (first, last) in enumerate(self._ranges):
            low, high = max(start, first), min(end, last)
            if low >= high:
                continue
            huge = self._is_huge(first)
            shift = self._places[place] - first // size
            places = low // size + shift, high // size + shift
            for found in (_ANY if huge else _IN_USE).finditer(tops, *places):
                index = found.start()
                word = self._entries[_WORD * index : _WORD * (index + 1)]
                address = (index - shift) * size
                yield address, int.from_bytes(word, order), huge

    def _is_huge(self, address: int) -> bool:
        """
        Whether huge entries map a mapping: hugetlb, or one that has as much
        of them as it has memory.
        """
        mapping = self._process.mapping_at(address)
        if mapping is None or mapping.usage is None:
            return False
        usage = mapping.usage
        by_huge = (
            (usage.anon_huge_pages or 0)
            + (usage.shmem_pmd_mapped or 0)
            + (usage.file_pmd_mapped or 0)
        )
        hugetlb = mapping.kernel_page_size != self._page_size
        return hugetlb or (by_huge > 0 and by_huge == usage.rss)

    def is_bound(self) -> bool:
        """
        Whether there is something to read.
        """
        return self._entries != b""


def _joined(regions: abc.Iterable[Region]) -> list[Region]:
    found: list[Region] = []
    for region in regions:
        if found and (found[-1].end, found[-1].huge) == (region.start, region.huge):
            found[-1] = Region(found[-1].start, region.end, region.huge)
        else:
            found.append(region)
    return found


@attrs.define
class CaptureFrames(Unheld):
    """
    A file of frames.
    """

    _words: bytes

    def read(self, spans: abc.Sequence[tuple[int, int]]) -> bytes:
        """
        The words of some frames; 0 for those that nobody maps.
        """
        return b"".join(
            self._words[_WORD * first : _WORD * end].ljust(_WORD * (end - first), b"\0")
            for first, end in spans
        )


def swapped_of_shmem(
    capture: Capture,
) -> dict[tuple[tuple[int, int], int], frozenset[int]]:
    """
    For each file of shared memory, by device and inode, the offsets of the
    pages that are swapped out.

    They are those absent from a mapping of which smaps says that as much is
    swapped out as is absent.
    """
    from tests.captures.source import CaptureSource

    found: dict[tuple[tuple[int, int], int], frozenset[int]] = {}
    source = CaptureSource(capture=capture)
    for pid in source.pids():
        process = source.pin(pid)
        with process.pagemap() as pagemap:
            for mapping in process.mappings:
                swap = mapping.usage and mapping.usage.get("swap")
                if not swap or not mapping.is_shared_mapping:
                    continue
                absent = _absent(pagemap, mapping, capture)
                if len(absent) * capture.page_size == swap:
                    found[mapping.device, mapping.inode] = absent
    return found


def _absent(
    pagemap: CapturePagemap, mapping: procmem.Mapping, capture: Capture
) -> frozenset[int]:
    size = capture.page_size
    words = pagemap.read(mapping.start, mapping.size // size)
    return frozenset(
        mapping.offset + index * size
        for index in range(len(words) // _WORD)
        if not int.from_bytes(
            words[_WORD * index : _WORD * (index + 1)], capture.byteorder
        )
        >> 62
    )
