"""
The words of a page map: its sentence, its legend and its labels.
"""

from __future__ import annotations

from collections import abc
from typing import NamedTuple

from procmem.render.figures import readable
from procmem.render.names import cells, printable
from procmem.render.pagemap.kinds import LOOKS, Kind
from procmem.render.pagemap.picture import Band, Cell, Picture

__all__ = [
    "Entry",
    "Piece",
    "legend",
    "name_of",
    "pieces",
    "rss_heading",
    "scale_text",
    "sentence",
    "shortened",
    "tooltip",
]

# With more stretches left out in one band, they have no lines of their own.
_MOST_LINES = 4

_DELETED = " (deleted)"
_HUGETLB = frozenset({Kind.HUGETLB})
_SWAPPED = frozenset({Kind.SWAPPED})


class Entry(NamedTuple):
    """
    One kind in the legend.

    Attributes:
        kind: Which.

        label: What it is.

        size: How much of it there is, written out.
    """

    kind: Kind
    label: str
    size: str


def sentence(picture: Picture) -> str:
    """
    The totals in plain words.
    """
    resident, shared = picture.resident(), picture.shared
    counts = picture.counts
    swapped = picture.bytes_of(counts, _SWAPPED)
    huge = picture.bytes_of(counts, _HUGETLB)
    if not (resident or swapped or huge):
        return f"{picture.subject} has no page in memory or in swap."
    # Without sharers the zero page may be among what is present.
    where = "in memory" if picture.has_sharers else "present"
    text = f"{picture.subject} has {readable(resident)} {where}"
    if not picture.has_sharers:
        known = {Kind.ANON_PRIVATE, Kind.FILE_PRIVATE}
        alone = picture.bytes_of(counts, frozenset(known))
        text += f", {readable(alone)} of it mapped once"
        rest = "how many share the rest is not known"
        text += f"; {rest}" if alone < resident else ""
    elif shared:
        text += f": {readable(resident - shared)} private, {readable(shared)} shared"
    elif resident:
        text += ", all of it private"
    if huge:
        text += f"; {readable(huge)} in huge pages of hugetlbfs"
    moved_out = f"{readable(swapped)} are" if swapped else "nothing is"
    return f"{text}; {moved_out} swapped out."


def scale_text(picture: Picture) -> str:
    """
    What a cell is.
    """
    size = readable(picture.block * picture.page_size)
    if picture.block == 1:
        return f"a cell is a page of {size}"
    return f"a cell is {picture.block} pages, {size}"


def legend(picture: Picture) -> list[Entry]:
    """
    The kinds that occur, with how much there is of each.
    """
    return [
        Entry(kind, look.label, readable(picture.counts[kind] * picture.page_size))
        for kind, look in LOOKS.items()
        if picture.counts.get(kind)
    ]


def rss_heading(picture: Picture) -> str:
    """
    What stands above the resident sizes; without sharers the zero page may
    be among them.
    """
    return "rss" if picture.has_sharers else "present"


def name_of(band: Band) -> str:
    """
    What to call a band, fit to be shown.
    """
    if band.mixed:
        return f"({band.mappings} mappings)"
    if band.name is None:
        many = band.mappings > 1
        return f"({band.mappings} anonymous)" if many else "(anonymous)"
    return printable(band.name)


def shortened(
    name: str, width: int, *, ellipsis: str = "\N{HORIZONTAL ELLIPSIS}"
) -> str:
    """
    A printable name cut to some columns: that it is deleted goes first,
    then folders, then the end of what is left.
    """
    if cells(name) <= width:
        return name
    if name.startswith("/"):
        name = name.removesuffix(_DELETED)
        if cells(name) <= width:
            return name
        folders, _, last = name.rpartition("/")
        tail = f"{ellipsis}/{last}"
        if cells(tail) <= width:
            while folders and cells(tail) < width:
                folders, _, folder = folders.rpartition("/")
                longer = f"{ellipsis}/{folder}{tail.removeprefix(ellipsis)}"
                if cells(longer) > width:
                    break
                tail = longer
            return tail
        if cells(last) <= width:
            return last
        name = last
    while cells(name) > width - len(ellipsis):
        name = name[:-1]
    return name + ellipsis


class Piece(NamedTuple):
    """
    Cells to be drawn in rows, or what is said in place of cells.

    Attributes:
        address: Where it begins; None for what is said of the whole band.

        cells: The cells, or none.

        text: What is said, if there are none.
    """

    address: int | None
    cells: abc.Sequence[Cell]
    text: str = ""


def pieces(
    band: Band, *, ellipsis: str = "\N{HORIZONTAL ELLIPSIS}"
) -> abc.Iterator[Piece]:
    """
    What of a band is drawn below each other.

    A few stretches that are left out stand between the cells, each with its
    size.  Of many, all are summed up after the cells.
    """
    if band.stretches > _MOST_LINES:
        if band.cells:
            yield Piece(band.cells[0].address, band.cells)
        yield Piece(None, (), _fold_text(band.folded, band.stretches, ellipsis))
        return
    waiting: list[Cell] = []
    for cell in band.cells:
        if not cell.folded:
            waiting.append(cell)
            continue
        if waiting:
            yield Piece(waiting[0].address, waiting)
        waiting = []
        yield Piece(cell.address, (), _fold_text(cell.folded, 1, ellipsis))
    if waiting:
        yield Piece(waiting[0].address, waiting)
    unseen = band.stretches - sum(bool(cell.folded) for cell in band.cells)
    if unseen:
        yield Piece(None, (), _fold_text(band.folded, band.stretches, ellipsis))


def _fold_text(size: int, stretches: int, ellipsis: str) -> str:
    text = f"{ellipsis} {readable(size)}"
    return f"{text} not present" if stretches == 1 else f"{text} in {stretches} gaps"


def tooltip(band: Band, picture: Picture) -> abc.Iterator[str]:
    """
    All that is known of a band, in lines.
    """
    yield f"{band.start:x}-{band.end:x} {name_of(band)}"
    yield (
        f"{readable(band.size)}, "
        f"{rss_heading(picture)} {readable(picture.resident(band.counts))}"
    )
    for kind, look in LOOKS.items():
        if pages := band.counts.get(kind):
            yield f"{look.label}: {readable(pages * picture.page_size)}"
    if band.folded:
        yield f"not shown:{_fold_text(band.folded, band.stretches, '')}"
