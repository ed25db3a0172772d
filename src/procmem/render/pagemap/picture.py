"""
The picture of an address space: what is drawn, not yet how.
"""

from __future__ import annotations

from collections import abc
from typing import NamedTuple

import attrs

from procmem.render.pagemap.kinds import RESIDENT, SHARED, Kind

__all__ = ["PARTS", "Band", "Cell", "Picture"]

PARTS = 8
"""Into how many parts a cell is divided among kinds of pages."""


class Cell(NamedTuple):
    """
    Pages in a row, or a long stretch that is left out.

    Attributes:
        address: Of the first page.

        parts: The kind of each of its :data:`PARTS` parts, what is not
            present first.  A kind that occurs has at least one part, as far
            as there are enough.

        folded: How many bytes are left out, for a stretch that is.
    """

    address: int
    parts: bytes
    folded: int = 0

    @property
    def kind(self) -> Kind:
        """
        What most of what is present in it is, or else swapped or the like.
        """
        kinds = self.parts.lstrip(b"\0")
        if not kinds:
            return Kind.ABSENT
        return Kind(max(kinds, key=kinds.count))


@attrs.frozen(kw_only=True)
class Band:
    """
    One mapping, or several in a row that are shown as one.

    Attributes:
        start: First address.

        end: First address past the last mapping.

        name: What the kernel calls it, not yet fit to be shown.  None for
            anonymous memory, and where names differ.

        mappings: How many they are.

        mixed: Whether they have nothing in common but that they use little.

        size: Of all of them together, in bytes, gaps between them aside.

        counts: How many pages are of each kind.

        cells: From the lowest address to the highest.

        folded: How many bytes are not shown, as they are not present.

        stretches: In how many stretches those are; not all of them have a
            cell of their own.
    """

    start: int
    end: int
    name: str | None
    mappings: int = 1
    mixed: bool = False
    size: int
    counts: dict[Kind, int]
    cells: tuple[Cell, ...]
    folded: int = 0
    stretches: int = 0


@attrs.frozen(kw_only=True)
class Picture:
    """
    An address space as bands of cells.

    Attributes:
        subject: Whose it is, fit to be shown.

        bands: Ordered by address.

        counts: How many pages are of each kind, all bands together.

        page_size: Of one page, in bytes.

        block: How many pages a cell stands for.

        has_sharers: Whether it is known how many share each page.

        notes: What else to know, as sentences.
    """

    subject: str
    bands: tuple[Band, ...]
    counts: dict[Kind, int]
    page_size: int
    block: int
    has_sharers: bool
    notes: tuple[str, ...] = ()

    def bytes_of(self, counts: abc.Mapping[Kind, int], kinds: frozenset[Kind]) -> int:
        """
        How much memory is of some *kinds*, in bytes.
        """
        return sum(counts.get(kind, 0) for kind in kinds) * self.page_size

    def resident(self, counts: abc.Mapping[Kind, int] | None = None) -> int:
        """
        What is present and not hugetlb, in bytes; of the whole picture if no
        other *counts* are given.
        """
        return self.bytes_of(self.counts if counts is None else counts, RESIDENT)

    @property
    def shared(self) -> int:
        """
        What is known to be mapped more than once, in bytes.
        """
        return self.bytes_of(self.counts, SHARED)
