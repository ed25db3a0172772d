"""
Where in an address space to look for pages.

A process may reserve a terabyte and use a megabyte of it, and the entries of
what it does not use are as long as those of what it does.  Since Linux 6.7
the kernel tells where something is (PAGEMAP_SCAN); asking costs a third of
reading the entries, so it is worth while only where there is little.
"""

from __future__ import annotations

import bisect
import operator
import re
from collections import abc
from typing import NamedTuple

import attrs

from procmem.flags import MappingKind
from procmem.model.mapping import Mapping
from procmem.reading.listing import listing_of_maps, listing_of_smaps
from procmem.sources.base import Pagemap, PinnedProcess, Region

__all__ = ["Amounts", "Plan", "amounts_of", "listing_for_walk", "make_plan"]

_KIB = 1024

# A process that uses less than this part of what it reserves is asked about.
_DENSE = 2

_START, _END = operator.attrgetter("start"), operator.attrgetter("end")

# Mappings below this size are read rather than asked about.
_SMALL = 1024 * 1024


@attrs.frozen(kw_only=True)
class Plan:
    """
    Where to look.

    Attributes:
        pieces: For each mapping the addresses in it that are worth a look.
            Where huge page table entries map them, or may do so, the kernel's
            word on whether a page is mapped once cannot be trusted.

        hugetlb: For each mapping whether it is of hugetlbfs.
    """

    pieces: list[list[Region]]
    hugetlb: list[bool]


class Amounts(NamedTuple):
    """
    What a walk has to know of ``status``, in bytes; None where it is missing.

    Attributes:
        locked: ``VmLck``.

        resident: ``VmRSS``.

        swapped: ``VmSwap``.

        hugetlb: ``HugetlbPages``.
    """

    locked: int | None
    resident: int | None
    swapped: int | None
    hugetlb: int | None


# Taking the other fifty lines apart too would take ten times as long.
_AMOUNT = re.compile(
    rb"^(VmLck|VmRSS|VmSwap|HugetlbPages):[\t ]*(\d+) kB$", re.MULTILINE
)


def amounts_of(status: bytes) -> Amounts:
    """
    The amounts in the text of a ``status``.
    """
    found = {key: int(value) * _KIB for key, value in _AMOUNT.findall(status)}
    get = found.get
    return Amounts(get(b"VmLck"), get(b"VmRSS"), get(b"VmSwap"), get(b"HugetlbPages"))


def listing_for_walk(
    process: PinnedProcess, prefix: str
) -> tuple[tuple[Mapping, ...], Amounts, str] | None:
    """
    The mappings to walk over, what the status says, and the file they are
    from; None if there is nothing.

    ``smaps`` is read only if it takes its flags: where pages are locked, and
    where the kernel does not tell the page size of a mapping otherwise.
    """
    text = process.read(f"{prefix}status")
    listing = listing_of_maps(process, prefix)
    if listing is None or not text:
        return None
    mappings, _ = listing
    amounts = amounts_of(text)
    if not amounts.locked and process.page_size_at(mappings[0].start) is not None:
        return mappings, amounts, "maps"
    listing = listing_of_smaps(process, prefix)
    return None if listing is None else (listing[0], amounts, "smaps")


def make_plan(
    process: PinnedProcess,
    pagemap: Pagemap,
    mappings: abc.Sequence[Mapping],
    amounts: Amounts,
) -> Plan:
    """
    Where to look in *mappings*: those of ``maps``, or of ``smaps`` where the
    kernel does not tell the page size of a mapping otherwise.
    """
    if not mappings:
        return Plan(pieces=[], hugetlb=[])
    low, high = mappings[0].start, _end_of_user_space(mappings)
    sparse = _is_sparse(mappings, amounts)
    regions = pagemap.regions(low, high, only_huge=not sparse)
    pieces: list[list[Region]] = []
    for mapping in mappings:
        if regions is None:
            pieces.append([Region(mapping.start, mapping.end, _may_be_huge(mapping))])
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


def _is_sparse(mappings: abc.Sequence[Mapping], amounts: Amounts) -> bool:
    counters = (amounts.resident, amounts.swapped, amounts.hugetlb)
    used = sum(counter or 0 for counter in counters)
    return sum(mapping.size for mapping in mappings) > _DENSE * used


def _within(mapping: Mapping, regions: list[Region]) -> list[Region]:
    """
    What of *regions* lies in the mapping.
    """
    start, end = mapping.start, mapping.end
    first = bisect.bisect_right(regions, start, key=_END)
    last = bisect.bisect_left(regions, end, first, key=_START)
    found = regions[first:last]
    if found and found[0].start < start:
        found[0] = found[0]._replace(start=start)
    if found and found[-1].end > end:
        found[-1] = found[-1]._replace(end=end)
    return found


def _split(mapping: Mapping, regions: list[Region]) -> list[Region]:
    """
    All of the mapping, cut where huge entries begin and end.
    """
    pieces: list[Region] = []
    start = mapping.start
    for region in _within(mapping, regions):
        if region.huge:
            if start < region.start:
                pieces.append(Region(start, region.start, huge=False))
            pieces.append(region)
            start = region.end
    if start < mapping.end:
        pieces.append(Region(start, mapping.end, huge=False))
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
