"""
Where in an address space to look for pages.

A process may reserve a terabyte and use a megabyte of it, and the entries of
what it does not use are as long as those of what it does.  Since Linux 6.7
the kernel tells where something is (PAGEMAP_SCAN); asking costs a third of
reading the entries, so it is worth while only where there is little.
"""

from __future__ import annotations

import bisect
from collections import abc
from itertools import islice
from typing import NamedTuple

import attrs

from procmem.flags import MappingKind
from procmem.formats.status import parse_status
from procmem.model.mapping import Mapping
from procmem.model.status import Status
from procmem.reading.listing import listing_of_maps, listing_of_smaps
from procmem.sources.base import Pagemap, PinnedProcess, Region

__all__ = ["Piece", "Plan", "listing_for_walk", "make_plan"]

# A process that uses less than this part of what it reserves is asked about.
_DENSE = 2

# Mappings below this size are read rather than asked about.
_SMALL = 1024 * 1024


class Piece(NamedTuple):
    """
    Addresses to look at.

    Attributes:
        start: First address.

        end: First address past it.

        huge: Whether huge page table entries map it, or may do so: then the
            kernel's word on whether a page is mapped once cannot be trusted.
    """

    start: int
    end: int
    huge: bool


@attrs.frozen(kw_only=True)
class Plan:
    """
    Where to look.

    Attributes:
        pieces: For each mapping the addresses in it that are worth a look.

        hugetlb: For each mapping whether it is of hugetlbfs.
    """

    pieces: list[list[Piece]]
    hugetlb: list[bool]


def listing_for_walk(
    process: PinnedProcess, prefix: str
) -> tuple[tuple[Mapping, ...], Status, str] | None:
    """
    The mappings to walk over, the status, and the file they are from; None if
    there is nothing.

    ``smaps`` is read only if it takes its flags: where pages are locked, and
    where the kernel does not tell the page size of a mapping otherwise.
    """
    text = process.read(f"{prefix}status")
    listing = listing_of_maps(process, prefix)
    if listing is None or not text:
        return None
    mappings, _ = listing
    status = parse_status(text)
    if not status.vm_lck and process.page_size_at(mappings[0].start) is not None:
        return mappings, status, "maps"
    listing = listing_of_smaps(process, prefix)
    return None if listing is None else (listing[0], status, "smaps")


def make_plan(
    process: PinnedProcess,
    pagemap: Pagemap,
    mappings: abc.Sequence[Mapping],
    status: Status,
) -> Plan:
    """
    Where to look in *mappings*: those of ``maps``, or of ``smaps`` where the
    kernel does not tell the page size of a mapping otherwise.
    """
    if not mappings:
        return Plan(pieces=[], hugetlb=[])
    low, high = mappings[0].start, _end_of_user_space(mappings)
    sparse = _is_sparse(mappings, status)
    regions = pagemap.regions(low, high, only_huge=not sparse)
    pieces: list[list[Piece]] = []
    for mapping in mappings:
        if regions is None:
            pieces.append([Piece(mapping.start, mapping.end, _may_be_huge(mapping))])
        elif sparse and mapping.size >= _SMALL:
            pieces.append(_within(mapping, regions))
        else:
            pieces.append(_split(mapping, regions))
    hugetlb = [
        any(piece.huge for piece in some) and _is_hugetlb(process, mapping)
        for mapping, some in zip(mappings, pieces, strict=True)
    ]
    return Plan(pieces=pieces, hugetlb=hugetlb)


def _end_of_user_space(mappings: abc.Sequence[Mapping]) -> int:
    """
    The end of the last mapping that is one.

    The gates that x86 and arm list are in the kernel's half, and asking about
    that is an error.
    """
    return max(m.end for m in mappings if m.name not in {"[vsyscall]", "[vectors]"})


def _is_sparse(mappings: abc.Sequence[Mapping], status: Status) -> bool:
    counters = (status.vm_rss, status.vm_swap, status.hugetlb_pages)
    used = sum(counter or 0 for counter in counters)
    return sum(mapping.size for mapping in mappings) > _DENSE * used


def _overlapping(mapping: Mapping, regions: list[Region]) -> abc.Iterator[Region]:
    """
    What of *regions* lies in the mapping.
    """
    first = bisect.bisect_right(regions, mapping.start, key=lambda r: r.end)
    for region in islice(regions, first, None):
        if region.start >= mapping.end:
            return
        yield Region(
            max(region.start, mapping.start),
            min(region.end, mapping.end),
            region.huge,
        )


def _within(mapping: Mapping, regions: list[Region]) -> list[Piece]:
    return [Piece(*region) for region in _overlapping(mapping, regions)]


def _split(mapping: Mapping, regions: list[Region]) -> list[Piece]:
    """
    All of the mapping, cut where huge entries begin and end.
    """
    pieces: list[Piece] = []
    start = mapping.start
    for region in _overlapping(mapping, regions):
        if region.huge:
            if start < region.start:
                pieces.append(Piece(start, region.start, huge=False))
            pieces.append(Piece(region.start, region.end, huge=True))
            start = region.end
    if start < mapping.end:
        pieces.append(Piece(start, mapping.end, huge=False))
    return pieces


def _may_be_huge(mapping: Mapping) -> bool:
    """
    Whether huge entries may map some of it, as far as ``smaps`` tells.
    """
    usage = mapping.usage
    if usage is None or mapping.kind is MappingKind.HUGETLB:
        return True
    sizes = usage.anon_huge_pages, usage.shmem_pmd_mapped, usage.file_pmd_mapped
    # A kernel without one of the counters has no such pages; one that prints
    # none of them does not say.
    return any(sizes) or sizes == (None, None, None)


def _is_hugetlb(process: PinnedProcess, mapping: Mapping) -> bool:
    size = process.page_size_at(mapping.start)
    if size is None:
        return mapping.kind is MappingKind.HUGETLB
    return size > process.source.page_size
