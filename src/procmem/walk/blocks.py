"""
The entries of a process, in blocks of pages that are treated alike.
"""

from __future__ import annotations

import array
from collections import abc
from itertools import compress

import attrs

from procmem.formats.words import WORD, ByteOrder, native
from procmem.pagetable.columns import LITTLE, LOW, TOP, histogram
from procmem.pagetable.table import Extent
from procmem.sources.base import Pagemap, Region

__all__ = [
    "PAGES",
    "STRETCH",
    "Block",
    "Selected",
    "read_block",
    "read_blocks",
    "stretches_of",
]

PAGES = 256 * 1024
"""So many pages are looked at at a time: memory does not grow with the process."""

STRETCH = 256
"""So many frames in a row, of which the first is a multiple of as many."""

_REPEATED = tuple(bytes([byte]) * STRETCH for byte in range(256))

_FRAME = (1 << 55) - 1

# The byte of an entry below the top one holds bit 55 (soft-dirty) and the
# highest bits of the frame.
_SECOND = 6 if LITTLE else 1
_MIDDLE = tuple(place for place in range(WORD) if place not in {LOW, TOP})
_WITHOUT_BIT_55 = bytes(byte & 0x7F for byte in range(256))


def _top_bytes(block: Block) -> bytes:
    return block.raw[TOP::WORD]


def _kinds(block: Block) -> dict[int, int]:
    return histogram(block.tops)


@attrs.frozen(kw_only=True)
class Block:
    """
    Some pages of one mapping.

    Attributes:
        extents: Where they are.

        raw: Their entries, in the byte order of this machine.

        huge: Whether huge page table entries map them, or may do so.

        tops: The top byte of each entry, which tells all but the frame.

        kinds: How often each of these bytes occurs.
    """

    extents: tuple[Extent, ...]
    raw: bytes
    huge: bool
    tops: bytes = attrs.field(
        init=False, default=attrs.Factory(_top_bytes, takes_self=True)
    )
    kinds: dict[int, int] = attrs.field(
        init=False, default=attrs.Factory(_kinds, takes_self=True)
    )

    @property
    def pages(self) -> int:
        """
        How many there are.
        """
        return len(self.raw) // WORD

    @property
    def hugetlb(self) -> bool:
        """
        Whether they belong to a mapping of hugetlbfs.
        """
        # They are all of one mapping.
        return bool(self.extents) and self.extents[0].hugetlb

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

    _block: Block
    _chosen: bytes
    _count: int

    def __call__(self) -> abc.Iterable[int]:
        """
        The frames, from the first again.
        """
        frames = self._block.frames()
        return frames if self._is_all else compress(frames, self._chosen)

    def __len__(self) -> int:
        return self._count

    def stretches(self) -> list[int] | None:
        """
        The first frame of each :data:`STRETCH`, if the frames come in nothing
        else, as those of huge pages do.
        """
        if self._block.huge and self._is_all:
            return stretches_of(self._block.raw)
        return None

    @property
    def _is_all(self) -> bool:
        return self._count == self._block.pages


def stretches_of(raw: bytes) -> list[int] | None:
    """
    The first frame of each :data:`STRETCH` of some entries, if their frames
    come in nothing else.

    The lowest byte of the frames must count from 0 to 255 again and again, and
    every other byte may change only when it begins anew.
    """
    number, rest = divmod(len(raw), STRETCH * WORD)
    if rest or raw[LOW::WORD] != bytes(range(STRETCH)) * number:
        return None
    for place in _MIDDLE:
        column = raw[place::WORD]
        if place == _SECOND:
            column = column.translate(_WITHOUT_BIT_55)
        if column != b"".join([_REPEATED[byte] for byte in column[::STRETCH]]):
            return None
    return [word & _FRAME for word in memoryview(raw).cast("Q")[::STRETCH].tolist()]


def read_blocks(
    pagemap: Pagemap,
    pieces: abc.Iterable[Region],
    *,
    page_size: int,
    byteorder: ByteOrder,
    hugetlb: bool = False,
) -> abc.Iterator[Block]:
    """
    The entries of *pieces*, in blocks of at most :data:`PAGES` pages; those
    that huge entries map apart from the others.
    """
    portions: dict[bool, list[Extent]] = {}
    for start, end, huge in pieces:
        portions.setdefault(huge, []).append(
            Extent(start, (end - start) // page_size, hugetlb)
        )
    for huge, extents in sorted(portions.items()):
        for some in _in_portions(extents, page_size):
            yield read_block(pagemap, some, huge, byteorder)


def _in_portions(extents: list[Extent], page_size: int) -> abc.Iterator[list[Extent]]:
    """
    The extents, cut and put together to :data:`PAGES` pages at a time.
    """
    portion: list[Extent] = []
    room = PAGES
    for extent in extents:
        rest = extent
        while rest.pages >= room:
            portion.append(rest._replace(pages=room))
            yield portion
            start = rest.start + room * page_size
            rest = rest._replace(start=start, pages=rest.pages - room)
            portion, room = [], PAGES
        if rest.pages:
            portion.append(rest)
            room -= rest.pages
    if portion:
        yield portion


def read_block(
    pagemap: Pagemap, extents: abc.Sequence[Extent], huge: bool, byteorder: ByteOrder
) -> Block:
    """
    The entries of the pages of *extents*, fewer where there are none.
    """
    read = pagemap.read
    raws = [read(start, pages) for start, pages, _ in extents]
    raw = b"".join(raws)
    if len(raw) != sum([extent.pages for extent in extents]) * WORD:
        extents = [
            extent._replace(pages=len(raw) // WORD)
            for extent, raw in zip(extents, raws, strict=True)
        ]
    return Block(extents=tuple(extents), raw=native(raw, byteorder), huge=huge)
