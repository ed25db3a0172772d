"""
Rows of a difference, made of what was paired.
"""

from __future__ import annotations

from collections import abc

from procmem import accounting
from procmem.differences.identity import Piece, is_one_layout, pieces
from procmem.differences.pairing import Pair, paired
from procmem.differences.readings import Couple, Reading, any_of, is_one
from procmem.differences.row import (
    DiffRow,
    change_of,
    figure_or_none,
    nothing_like,
    sum_or_none,
)
from procmem.errors import UnsupportedError
from procmem.flags import MappingKind
from procmem.model.delta import difference
from procmem.model.usage import COUNTERS, Usage, UsageDelta, add_up

__all__ = ["rest_of", "rows_of"]


def rows_of(couple: Couple) -> abc.Iterator[DiffRow]:
    """
    A row for each mapping of a process, or one for all of it.
    """
    listings = [_listing(reading) for reading in couple]
    before, after = listings
    if before is None or after is None:
        yield _process_row(couple)
        return
    one_layout = is_one_layout(before, after)
    if one_layout is None:
        one_layout = is_one(*couple)
    for pair in paired(before, after, one_layout=one_layout):
        yield _row(pair, couple)


def _listing(reading: Reading | None) -> list[Piece] | None:
    """
    What was mapped; None if it is not known what of it was in use.
    """
    if reading is None:
        return []
    mappings = reading.mappings
    if mappings is None or any(mapping.usage is None for mapping in mappings):
        return None
    return pieces(mappings)


def _row(pair: Pair, couple: Couple) -> DiffRow:
    before, after = map(_usage, pair)
    shown = pair.after or pair.before
    kinds = {piece.kind for piece in shown}
    footprints = _footprint(pair.before), _footprint(pair.after)
    return DiffRow(
        change="new"
        if not pair.before
        else "gone"
        if not pair.after
        else change_of(before, after, footprints),
        kind=shown[0].kind if len(kinds) == 1 else MappingKind.OTHER,
        name=shown[0].mapping.name,
        mappings_before=len(pair.before),
        mappings_after=len(pair.after),
        before=before if pair.before else nothing_like(after),
        after=after if pair.after else nothing_like(before),
        pid=any_of(couple).pid if pair.after or couple[0] is None else couple[0].pid,
        arena=all(piece.arena for piece in shown),
        footprint_before=footprints[0],
        footprint_after=footprints[1],
    )


def _usage(side: abc.Iterable[Piece]) -> Usage:
    return accounting.total(piece.mapping for piece in side)


def _footprint(side: abc.Iterable[Piece]) -> int | None:
    """
    The least that the mappings may cost, in bytes.
    """
    try:
        low, _ = accounting.footprint_bounds(piece.mapping for piece in side)
    except UnsupportedError:
        return None
    return low


def _process_row(couple: Couple) -> DiffRow:
    """
    All of a process whose mappings are not known.
    """
    one = any_of(couple)
    before, after = (
        nothing_like(one.usage) if reading is None else reading.usage
        for reading in couple
    )
    footprints = (
        figure_or_none(before, "footprint"),
        figure_or_none(after, "footprint"),
    )
    counts = [
        len(reading.mappings) if reading is not None and reading.mappings else 0
        for reading in couple
    ]
    return DiffRow(
        change="new"
        if couple[0] is None
        else "gone"
        if couple[1] is None
        else change_of(before, after, footprints),
        name=one.name,
        mappings_before=counts[0],
        mappings_after=counts[1],
        before=before,
        after=after,
        pid=one.pid,
        footprint_before=footprints[0],
        footprint_after=footprints[1],
    )


def rest_of(rows: abc.Sequence[DiffRow], before: Usage, after: Usage) -> list[DiffRow]:
    """
    What the totals have and the rows don't, as a row; none if that is nothing.
    """
    usages = (
        _left(before, [row.before for row in rows]),
        _left(after, [row.after for row in rows]),
    )
    footprints = (
        _left_of_footprint(before, [row.footprint_before for row in rows]),
        _left_of_footprint(after, [row.footprint_after for row in rows]),
    )
    if not any(map(_is_something, usages)) and not any(footprints):
        return []
    row = DiffRow(
        change=change_of(*usages, footprints),
        before=usages[0],
        after=usages[1],
        footprint_before=footprints[0],
        footprint_after=footprints[1],
    )
    return [row]


def _left(total: Usage, parts: abc.Sequence[Usage]) -> UsageDelta:
    return difference(total, add_up(parts) if parts else nothing_like(total))


def _left_of_footprint(total: Usage, parts: abc.Iterable[int | None]) -> int | None:
    whole = figure_or_none(total, "footprint")
    known = sum_or_none(parts)
    return None if whole is None or known is None else whole - known


def _is_something(usage: Usage) -> bool:
    named = [usage.get(name) for name in (*COUNTERS, "uss", "shared")]
    return any([*named, *usage.other_by_key.values()])
