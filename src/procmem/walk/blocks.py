"""
The entries of a process, in blocks of pages that are treated alike.
"""

from __future__ import annotations

import array
from collections import abc
from itertools import compress

import attrs

from procmem.formats.words import WORD, ByteOrder, native
from procmem.pagetable.columns import LITTLE, TOP
from procmem.pagetable.table import Extent
from procmem.sources.base import Pagemap
from procmem.walk.plan import Piece

__all__ = ["PAGES", "Block", "Selected", "read_blocks"]

PAGES = 256 * 1024
"""So many pages are looked at at a time: memory does not grow with the process."""

# The byte of an entry below the top one holds bit 55 (soft-dirty) and the
# highest bits of the frame.
_SECOND = 6 if LITTLE else 1
_WITHOUT_BIT_55 = bytes(byte & 0x7F for byte in range(256))


def _top_bytes(block: Block) -> bytes:
    return block.raw[TOP::WORD]


@attrs.frozen(kw_only=True)
class Block:
    """
    Some pages of one mapping.

    Attributes:
        extents: Where they are.

        raw: Their entries, in the byte order of this machine.

        huge: Whether huge page table entries map them, or may do so.

        tops: The top byte of each entry, which tells all but the frame.
    """

    extents: tuple[Extent, ...]
    raw: bytes
    huge: bool
    tops: bytes = attrs.field(
        init=False, default=attrs.Factory(_top_bytes, takes_self=True)
    )

    @property
    def pages(self) -> int:
        """
        How many there are.
        """
        return len(self.raw) // WORD

    def frames(self) -> array.array[int]:
        """
        The frame of each entry, whatever else it holds.
        """
        numbers = bytearray(self.raw)
        numbers[TOP::WORD] = bytes(self.pages)
        second = numbers[_SECOND::WORD]
        if not second.isascii():
            numbers[_SECOND::WORD] = second.translate(_WITHOUT_BIT_55)
        # Of all buffers an array hands out its numbers fastest.
        frames = array.array("Q")
        frames.frombytes(numbers)
        return frames


@attrs.frozen
class Selected:
    """
    Some frames of a block: those whose byte in *chosen* is not 0, as a
    :class:`~procmem.walk.frames.FrameList`.
    """

    _frames: array.array[int]
    _chosen: bytes
    _count: int
    in_rows: bool

    def __call__(self) -> abc.Iterable[int]:
        """
        The frames, from the first again.
        """
        if self._count == len(self._frames):
            return self._frames
        return compress(self._frames, self._chosen)

    def __len__(self) -> int:
        return self._count


def read_blocks(
    pagemap: Pagemap,
    pieces: abc.Sequence[Piece],
    *,
    page_size: int,
    byteorder: ByteOrder,
) -> abc.Iterator[Block]:
    """
    The entries of *pieces*, in blocks of at most :data:`PAGES` pages; those
    that huge entries map apart from the others.
    """
    for huge in sorted({piece.huge for piece in pieces}):
        extents: list[Extent] = []
        pages = 0
        for piece in pieces:
            if piece.huge != huge:
                continue
            start = piece.start
            while start < piece.end:
                count = min((piece.end - start) // page_size, PAGES - pages)
                extents.append(Extent(start, count))
                pages += count
                start += count * page_size
                if pages == PAGES:
                    yield read_block(pagemap, extents, huge, byteorder)
                    extents, pages = [], 0
        if extents:
            yield read_block(pagemap, extents, huge, byteorder)


def read_block(
    pagemap: Pagemap, extents: abc.Sequence[Extent], huge: bool, byteorder: ByteOrder
) -> Block:
    """
    The entries of the pages of *extents*, fewer where there are none.
    """
    raws = [pagemap.read(extent.start, extent.pages) for extent in extents]
    kept = tuple(
        Extent(extent.start, len(raw) // WORD)
        for extent, raw in zip(extents, raws, strict=True)
    )
    return Block(extents=kept, raw=native(b"".join(raws), byteorder), huge=huge)
