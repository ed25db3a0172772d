"""
Mappings of shared memory: which they are, and what of them is swapped out.

Swapped pages of shared memory have no entries: the page table is as empty as
if they had never been touched, and only the file knows.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from procmem.errors import ProcmemError
from procmem.flags import MappingKind, PageFlag, PageState
from procmem.model.mapping import Mapping
from procmem.pagetable.columns import table_of
from procmem.pagetable.table import PageTable
from procmem.sources.base import Region
from procmem.walk.blocks import read_blocks

if TYPE_CHECKING:
    from procmem.walk.walker import Walker

__all__ = ["SharedMemory"]

_KINDS = frozenset({MappingKind.MEMFD, MappingKind.SHARED_MEMORY, MappingKind.SYSV})

# A line of mountinfo: the device is the third field, and behind a lone dash
# comes the type of the file system.
_MOUNT = re.compile(rb"^\S+ \S+ (\d+):(\d+) .* - (\S+) ", re.MULTILINE)
_OF_MEMORY = frozenset({b"tmpfs", b"devtmpfs", b"ramfs"})

_SWAP = re.compile(rb"^(SwapTotal|SwapFree): +(\d+) kB$", re.MULTILINE)

_IF_OF_FILE = table_of(lambda top: top & 0xA0 == 0xA0)


class SharedMemory:
    """
    What a walk has to know about shared memory.
    """

    def __init__(self, walker: Walker) -> None:
        self._walker = walker
        self.swap_in_use = _swap_in_use(walker.process.source.read("meminfo"))

    def is_shared(self, index: int) -> bool | None:
        """
        Whether a mapping's file is shared memory or on a tmpfs; None if that
        cannot be told.
        """
        mapping = self._walker.mappings[index]
        kind = mapping.kind
        if kind in _KINDS or kind is not MappingKind.FILE:
            return kind in _KINDS
        if mapping.device[0] != 0:
            return False
        devices = self._devices
        if mapping.device in (devices or ()):
            return True
        # On overlayfs the device is not that of the file system below.
        backed = self._is_swap_backed(index)
        return backed if backed is not None or devices is None else False

    def swapped(self, index: int) -> int | None:
        """
        How many bytes of a mapping of shared memory are swapped out; None if
        that is unknown.
        """
        if not self.swap_in_use:
            return 0
        mapping = self._walker.mappings[index]
        if mapping.is_shared_mapping or not mapping.permissions.writable:
            return self._of_file(mapping, mapping.start, mapping.end)
        # Of a private mapping the kernel counts where no page of its own is.
        found = 0
        for start, end in self._holes(mapping):
            part = self._of_file(mapping, start, end)
            if part is None:
                return None
            found += part
        return found

    @cached_property
    def _devices(self) -> frozenset[tuple[int, int]] | None:
        """
        The file systems that are memory; None if that is unknown.
        """
        walker = self._walker
        try:
            text = walker.process.read(f"{walker.prefix}mountinfo")
        except (OSError, ProcmemError):
            return None
        return frozenset(
            (int(major), int(minor))
            for major, minor, kind in _MOUNT.findall(text)
            if kind in _OF_MEMORY
        )

    def _of_file(self, mapping: Mapping, start: int, end: int) -> int | None:
        offset = mapping.offset + (start - mapping.start)
        return self._walker.process.swapped_of_file(
            mapping.start, mapping.end, offset, end - start
        )

    def _holes(self, mapping: Mapping) -> list[tuple[int, int]]:
        walker = self._walker
        blocks = read_blocks(
            walker.pagemap,
            [Region(mapping.start, mapping.end, huge=False)],
            page_size=walker.page_size,
            byteorder=walker.process.source.byteorder,
        )
        return [
            (run.start, run.end)
            for block in blocks
            for run in PageTable(
                entries=memoryview(block.raw).cast("Q"),
                extents=block.extents,
                page_size=walker.page_size,
            ).runs()
            if run.state is PageState.ABSENT
        ]

    def _is_swap_backed(self, index: int) -> bool | None:
        """
        Whether a page of the mapping's file says that swap backs it, which
        all of shared memory does and no other file; None if none says.
        """
        flags = self._walker.frame_file("kpageflags")
        if flags is None:
            return None
        for block in self._walker.read(self._walker.plan.pieces[index]):
            place = block.tops.translate(_IF_OF_FILE).find(1)
            if place < 0:
                continue
            frame = block.frames()[place]
            word = flags.word(frame)
            # Up to Linux 6.1 only the head of a large page has the flag.
            while word & PageFlag.COMPOUND_TAIL and frame > 0:
                frame -= 1
                word = flags.word(frame)
            return bool(word & PageFlag.SWAPBACKED)
        return None


def _swap_in_use(meminfo: bytes | None) -> bool:
    if meminfo is None:
        return True
    numbers = dict(_SWAP.findall(meminfo))
    return numbers.get(b"SwapTotal") != numbers.get(b"SwapFree")
