"""
Which mappings are shown together, and where their pages are.
"""

from __future__ import annotations

import re
from collections import abc
from itertools import groupby
from typing import NamedTuple, TypeAlias

from procmem.model.mapping import Mapping
from procmem.pagetable.table import PageTable
from procmem.render.pagemap.kinds import Kind, kinds_of

__all__ = ["Group", "Stretch", "grouped", "merged", "stretches"]

Group: TypeAlias = "tuple[Mapping, ...]"
"""Mappings that are shown as one."""

_HOLE = 64
"""As many pages that are not present, or more, may be left out."""

_ABSENT = re.compile(rb"\A\0+|\0{%d,}|\0+\Z" % _HOLE)


class Stretch(NamedTuple):
    """
    Pages in a row.

    Attributes:
        address: Of the first.

        pages: How many.

        kinds: Of each; None if none of them is present.
    """

    address: int
    pages: int
    kinds: bytes | None


def grouped(mappings: abc.Iterable[Mapping]) -> list[Group]:
    """
    Mappings of one file in a row belong together, with the memory for its
    variables behind them; and so does what is kept free of any access beside
    anonymous memory.
    """
    groups: list[list[Mapping]] = []
    for mapping in mappings:
        if groups and _belongs_to(groups[-1], mapping):
            groups[-1].append(mapping)
        else:
            groups.append([mapping])
    return list(map(tuple, groups))


def _belongs_to(group: abc.Sequence[Mapping], mapping: Mapping) -> bool:
    last = group[-1]
    if mapping.inode:
        file = (mapping.device, mapping.inode)
        return (group[0].device, group[0].inode) == file
    if mapping.name is not None or last.end != mapping.start:
        return False
    if last.inode:
        # The loader maps the variables that are 0 at first, and that the
        # file does not hold, right after those that it does.
        size = sum(mapping.size for mapping in group)
        return last.permissions == "rw-p" and mapping.size <= size
    return last.name is None and "---p" in {last.permissions, mapping.permissions}


def merged(
    groups: abc.Sequence[Group], used: abc.Sequence[int], limit: int
) -> list[range]:
    """
    Which groups to show as one, so that there are not too many: those in a
    row that use little, and if that is not enough, also what is anonymous
    together with what is not.

    Args:
        groups: All of them.

        used: How many pages each of them uses.

        limit: How many there may be.

    Returns:
        For each band the indices of its groups.
    """
    most = max(used, default=0)
    bands = [range(index, index + 1) for index in range(len(groups))]
    for apart in (True, False):
        least = 1
        while len(bands) > limit and least <= 2 * most + 1:
            bands = list(_joined(groups, used, least, apart=apart))
            least *= 2
    return bands


def _joined(
    groups: abc.Sequence[Group], used: abc.Sequence[int], least: int, *, apart: bool
) -> abc.Iterator[range]:
    """
    Bands of neighbours with less than *least* pages each; *apart* if only
    what is anonymous, or only what is not, may be in one.
    """

    def key(index: int) -> tuple[bool, int]:
        if used[index] >= least:
            return False, index
        return True, apart and groups[index][0].name is None

    for _, indices in groupby(range(len(groups)), key):
        first, *others = indices
        yield range(first, first + len(others) + 1)


def stretches(table: PageTable, groups: abc.Iterable[Group]) -> list[list[Stretch]]:
    """
    For each group its pages, without a gap and without the gaps between its
    mappings.  Long stretches of pages that are not present stand alone.
    """
    reader = _Reader(table)
    return [
        _coalesced(piece for mapping in group for piece in reader.pieces(mapping))
        for group in groups
    ]


class _Reader:
    """
    Goes through a table once, mapping by mapping.
    """

    def __init__(self, table: PageTable) -> None:
        self._kinds = kinds_of(table)
        self._page_size = table.page_size
        self._extents = table.extents
        # Where in the table it is: which extent, and its first page.
        self._index = 0
        self._first = 0

    def pieces(self, mapping: Mapping) -> abc.Iterator[Stretch]:
        """
        All of a mapping, which must not lie below the one before.
        """
        address = mapping.start
        while address < mapping.end:
            self._skip(address)
            start = mapping.end
            if self._index < len(self._extents):
                start = min(start, self._extents[self._index].start)
            if address < start:
                yield Stretch(address, self._pages(start - address), None)
                address = start
            else:
                done = (address - start) // self._page_size
                pages = min(
                    self._pages(mapping.end - address),
                    self._extents[self._index].pages - done,
                )
                begin = self._first + done
                found = self._kinds[begin : begin + pages]
                yield from _cut(address, found, self._page_size)
                address += pages * self._page_size

    def _pages(self, size: int) -> int:
        return -(-size // self._page_size)

    def _skip(self, address: int) -> None:
        """
        Leave the extents behind that end at *address* or below.
        """
        while self._index < len(self._extents):
            extent = self._extents[self._index]
            if extent.start + extent.pages * self._page_size > address:
                return
            self._index += 1
            self._first += extent.pages


def _cut(address: int, kinds: bytes, page_size: int) -> abc.Iterator[Stretch]:
    """
    Pages from *address* on, cut where there is nothing.
    """
    done = 0
    for hole in _ABSENT.finditer(kinds):
        start, stop = hole.span()
        if done < start:
            part = kinds[done:start]
            yield Stretch(address + done * page_size, len(part), part)
        yield Stretch(address + start * page_size, stop - start, None)
        done = stop
    if done < len(kinds):
        part = kinds[done:]
        yield Stretch(address + done * page_size, len(part), part)


def _coalesced(pieces: abc.Iterable[Stretch]) -> list[Stretch]:
    """
    The same with neighbouring holes made one, and short ones filled.
    """
    found: list[Stretch] = []
    for piece in pieces:
        last = found[-1] if found else None
        if piece.kinds is None and last is not None and last.kinds is None:
            found[-1] = last._replace(pages=last.pages + piece.pages)
        else:
            found.append(piece)
    return [
        piece._replace(kinds=bytes([Kind.ABSENT]) * piece.pages)
        if piece.kinds is None and piece.pages < _HOLE
        else piece
        for piece in found
    ]
