"""
From millions of pages to a few thousand cells.

What a cell stands for is chosen so that there are never more cells than was
asked for.  Long stretches without any page are folded into one cell, and if
there are very many, the shorter of them are left out altogether: a picture of
nothing says nothing.
"""

from __future__ import annotations

from collections import Counter, abc
from typing import NamedTuple

from procmem.model.mapping import Mapping
from procmem.pagetable.table import PageTable
from procmem.reading.listing import GATES
from procmem.render.names import printable
from procmem.render.pagemap.bands import Group, Stretch, grouped, merged, stretches
from procmem.render.pagemap.kinds import Kind, counted
from procmem.render.pagemap.picture import PARTS, Band, Cell, Picture

__all__ = ["CELLS", "page_cells", "parts_of"]

CELLS = 4352
"""
How many cells there are at most, unless told otherwise: 64 rows of 64, and some
for the ends of bands.
"""

_LEAST_CELLS = 256

# One band in so many cells, and one fold in so many.
_CELLS_PER_BAND = 32
_CELLS_PER_FOLD = 16

_LONG = 64
"""Stretches of nothing that would take as many cells, or more, are folded."""


class _Scale(NamedTuple):
    """
    Attributes:
        block: How many pages a cell stands for.

        folds: From how many pages on a stretch of nothing gets a cell.
    """

    block: int
    folds: int

    @property
    def leaves_out(self) -> int:
        """
        From how many pages on a stretch of nothing is left out.
        """
        return _LONG * self.block


def page_cells(
    table: PageTable,
    mappings: abc.Iterable[Mapping],
    *,
    subject: str = "The process",
    cells: int = CELLS,
) -> Picture:
    """
    The picture of a process.

    It takes no object a page: what takes time is a few passes over columns
    of bytes, some nanoseconds a page.

    Args:
        table: Its pages.  What is not in it is drawn as not present.

        mappings: Its mappings, ordered by address.

        subject: What to call it.

        cells: How many cells there may be; no fewer than 256.
    """
    cells = max(cells, _LEAST_CELLS)
    groups = grouped(mapping for mapping in mappings if mapping.name not in GATES)
    pages = stretches(table, groups)
    counts = [_counts(band) for band in pages]
    used = [found.total() - found[Kind.ABSENT] for found in counts]
    bands = merged(groups, used, cells // _CELLS_PER_BAND)
    scale = _scale(pages, len(bands), cells)
    drawn = tuple(
        _band(
            [groups[index] for index in band],
            [stretch for index in band for stretch in pages[index]],
            sum((counts[index] for index in band), start=Counter[Kind]()),
            scale,
            table.page_size,
        )
        for band in bands
    )
    return Picture(
        subject=printable(subject),
        bands=drawn,
        counts=dict(sum(counts, start=Counter[Kind]())),
        page_size=table.page_size,
        block=scale.block,
        has_sharers=_has_sharers(table),
        notes=tuple(map(printable, _notes(table))),
    )


def _notes(table: PageTable) -> abc.Iterator[str]:
    if not _has_sharers(table):
        yield (
            "How many share a page is not known, as that needs CAP_SYS_ADMIN. The "
            "kernel says which are mapped once, and may be wrong about huge pages."
        )
    missing = [what for what in table.evidence.missing if not _is_sharers(what)]
    if missing:
        yield f"Not known, and drawn as not present: {', '.join(missing)}."
    yield from table.evidence.notes


def _has_sharers(table: PageTable) -> bool:
    # Of no pages there is nothing to know.
    return table.counts is not None or not len(table)


def _is_sharers(missing: str) -> bool:
    return missing.partition(":")[0] == "sharers"


def _counts(pages: abc.Iterable[Stretch]) -> Counter[Kind]:
    found = Counter[Kind]()
    absent = 0
    for stretch in pages:
        if stretch.kinds is None:
            absent += stretch.pages
        else:
            found.update(counted(stretch.kinds))
    if absent:
        found[Kind.ABSENT] += absent
    return found


def _scale(pages: abc.Iterable[list[Stretch]], bands: int, cells: int) -> _Scale:
    """
    The smallest blocks with which there are not more than *cells*.
    """
    total = sum(stretch.pages for band in pages for stretch in band)
    holes = sorted(
        (s.pages for band in pages for s in band if s.kinds is None), reverse=True
    )
    most = cells // _CELLS_PER_FOLD
    block = 1
    while True:
        holes = [hole for hole in holes if hole >= _LONG * block]
        marked = min(len(holes), most)
        # A fold takes a cell, and it and the end of a band may each leave one
        # that is not full.
        if (total - sum(holes)) // block + 2 * marked + bands <= cells:
            # Of equal ones all have a cell, or none.
            return _Scale(block, holes[most] + 1 if len(holes) > most else 0)
        block *= 2


def _band(
    groups: abc.Sequence[Group],
    pages: abc.Iterable[Stretch],
    counts: Counter[Kind],
    scale: _Scale,
    page_size: int,
) -> Band:
    mappings = [mapping for group in groups for mapping in group]
    mixed = len({group[0].name for group in groups}) > 1
    folded, left_out, cells = 0, 0, list[Cell]()
    waiting: list[Stretch] = []
    for stretch in pages:
        if stretch.kinds is not None or stretch.pages < scale.leaves_out:
            waiting.append(stretch)
            continue
        folded += stretch.pages * page_size
        left_out += 1
        if stretch.pages >= scale.folds:
            cells += _cells(waiting, scale.block, page_size)
            waiting.clear()
            fold = bytes([Kind.FOLD]) * PARTS
            cells.append(Cell(stretch.address, fold, stretch.pages * page_size))
    cells += _cells(waiting, scale.block, page_size)
    return Band(
        start=mappings[0].start,
        end=mappings[-1].end,
        name=None if mixed else mappings[0].name,
        mappings=len(mappings),
        mixed=mixed,
        size=sum(mapping.size for mapping in mappings),
        counts=dict(counts),
        cells=tuple(cells),
        folded=folded,
        stretches=left_out,
    )


def _cells(
    pages: abc.Sequence[Stretch], block: int, page_size: int
) -> abc.Iterator[Cell]:
    """
    Cells of *block* pages each, the last of what is left.
    """
    absent = bytes([Kind.ABSENT])
    kinds = b"".join(
        absent * stretch.pages if stretch.kinds is None else stretch.kinds
        for stretch in pages
    )
    begin, index = 0, 0
    for first in range(0, len(kinds), block):
        while first >= begin + pages[index].pages:
            begin += pages[index].pages
            index += 1
        address = pages[index].address + (first - begin) * page_size
        yield Cell(address, parts_of(kinds[first : first + block]))


def parts_of(kinds: bytes) -> bytes:
    """
    The kinds of some pages as those of the parts of a cell.

    Each kind gets parts in proportion, and at least one if there are enough.
    """
    if kinds.count(kinds[0]) == len(kinds):
        return kinds[:1] * PARTS
    # What is most comes first, and of what is equal the lower kind.
    found = sorted(counted(kinds).items(), key=lambda item: (-item[1], item[0]))
    pages = dict(found[:PARTS])
    shares = dict.fromkeys(pages, 1)
    for _ in range(PARTS - len(pages)):
        # As seats are divided among parties (Sainte-Lague).
        shares[max(pages, key=lambda kind: pages[kind] / (2 * shares[kind] + 1))] += 1
    order = sorted(shares, key=lambda kind: (kind is not Kind.ABSENT, -kind))
    return b"".join(bytes([kind]) * shares[kind] for kind in order)
