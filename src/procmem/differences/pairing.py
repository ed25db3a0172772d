"""
Which mappings of one reading are which of the other.

A mapping may grow, shrink, be split by a change of permissions, or become one
with its neighbour.  So what is paired is not one with one, but *some* with
*some*: the smallest sets such that nothing in one has a counterpart outside of
the other.  Every mapping is in exactly one pair, so whatever is added up over
the pairs is complete.
"""

from __future__ import annotations

from collections import abc, defaultdict
from typing import NamedTuple

from procmem.differences.identity import Key, Piece, alike, is_file, nature

__all__ = ["Pair", "paired"]

_Link = tuple[int, int]


class Pair(NamedTuple):
    """
    The same memory in two readings.

    Attributes:
        before: The mappings that it was; empty for what is new.

        after: The mappings that it is; empty for what is gone.
    """

    before: list[Piece]
    after: list[Piece]


def paired(
    before: abc.Sequence[Piece], after: abc.Sequence[Piece], *, one_layout: bool
) -> list[Pair]:
    """
    All mappings of two readings, each with its counterparts.

    With the readings swapped, the same pairs come out, swapped.

    Args:
        before: Those of the earlier reading, by address.

        after: Those of the later.

        one_layout: Whether addresses mean the same in both.
    """
    links = _by_address(before, after) if one_layout else []
    known = ({b for b, _ in links}, {a for _, a in links})
    keys = _of_file if one_layout else alike
    links += _by_key(_without(before, known[0]), _without(after, known[1]), keys)
    return _connected(before, after, links)


def _without(
    found: abc.Sequence[Piece], indices: abc.Set[int]
) -> list[tuple[int, Piece]]:
    return [item for item in enumerate(found) if item[0] not in indices]


def _by_address(before: abc.Sequence[Piece], after: abc.Sequence[Piece]) -> list[_Link]:
    """
    What overlaps and shows the same.

    Where permissions are equal, that decides: of an arena that grew into its
    reservation, what is accessible and what is not stay two.  Only what has
    no such counterpart is what overlaps it, whatever the permissions.
    """
    overlapping = list(_overlapping(before, after))
    links = [
        (b, a)
        for b, a in overlapping
        if before[b].mapping.permissions == after[a].mapping.permissions
    ]
    settled = {b for b, _ in links}, {a for _, a in links}
    links += [
        (b, a) for b, a in overlapping if b not in settled[0] or a not in settled[1]
    ]
    return links


def _overlapping(
    before: abc.Sequence[Piece], after: abc.Sequence[Piece]
) -> abc.Iterator[_Link]:
    natures = list(map(nature, before)), list(map(nature, after))
    b = a = 0
    while b < len(before) and a < len(after):
        earlier, later = before[b].mapping, after[a].mapping
        if (
            earlier.start < later.end
            and later.start < earlier.end
            and natures[0][b] == natures[1][a]
        ):
            yield b, a
        # The other one may reach into the next.
        if earlier.end <= later.end:
            b += 1
        else:
            a += 1


def _of_file(piece: Piece) -> tuple[Key, ...]:
    """
    What a file may be recognised by that was mapped at another place.
    """
    mapping = piece.mapping
    if not is_file(mapping):
        return ()
    place = (*nature(piece), mapping.offset)
    return (*place, mapping.permissions), place


def _by_key(
    before: abc.Iterable[tuple[int, Piece]],
    after: abc.Iterable[tuple[int, Piece]],
    keys: abc.Callable[[Piece], tuple[Key, ...]],
) -> list[_Link]:
    """
    The first with the first of those that have equal keys, the second with
    the second, by the surest key first.
    """
    left = [(b, keys(piece)) for b, piece in before]
    right = [(a, keys(piece)) for a, piece in after]
    links: list[_Link] = []
    rank = 0
    while any(rank < len(names) for _, names in left):
        waiting: defaultdict[Key, list[int]] = defaultdict(list)
        for a, names in reversed(right):
            if rank < len(names):
                waiting[names[rank]].append(a)
        found = [
            (b, waiting[names[rank]].pop())
            for b, names in left
            if rank < len(names) and waiting.get(names[rank])
        ]
        links += found
        gone, here = {b for b, _ in found}, {a for _, a in found}
        left = [item for item in left if item[0] not in gone]
        right = [item for item in right if item[0] not in here]
        rank += 1
    return links


def _connected(
    before: abc.Sequence[Piece],
    after: abc.Sequence[Piece],
    links: abc.Iterable[_Link],
) -> list[Pair]:
    """
    The sets that hang together by links, by their lowest addresses.
    """
    # The mappings before are 0 and up, those after follow.
    shift = len(before)
    parents = list(range(shift + len(after)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    for b, a in links:
        parents[root(b)] = root(shift + a)
    pairs: defaultdict[int, Pair] = defaultdict(lambda: Pair([], []))
    for b, piece in enumerate(before):
        pairs[root(b)].before.append(piece)
    for a, piece in enumerate(after):
        pairs[root(shift + a)].after.append(piece)
    return sorted(pairs.values(), key=_place)


def _place(pair: Pair) -> tuple[int, int]:
    starts = [piece.mapping.start for side in pair for piece in side]
    return min(starts), max(starts)
