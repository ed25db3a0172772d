"""
The slow reference: one object for every page, added up as the kernel does.
"""

from __future__ import annotations

from collections import Counter, abc

import attrs

import procmem
from procmem.flags import PageFlag, PageState
from procmem.formats.pagemap import parse_pagemap
from procmem.model.page import PageInfo
from procmem.pagetable.table import PageTable
from tests.captures.process import CaptureProcess
from tests.captures.source import CaptureSource

# PSS_SHIFT of fs/proc/task_mmu.c: shares are fixed-point numbers.
SHIFT = 12

GATES = frozenset({"[vsyscall]", "[vectors]"})


def printed(share: int) -> int:
    """
    A fixed-point share as the kernel prints it, in bytes.
    """
    return (share >> SHIFT >> 10) * 1024


@attrs.define
class Sums:
    """
    What the pages of a mapping, or of a process, add up to: bytes, and for
    shares bytes in fixed point.
    """

    rss: int = 0
    private: int = 0
    shared: int = 0
    anonymous: int = 0
    ksm: int = 0
    lazy_free: int = 0
    private_hugetlb: int = 0
    shared_hugetlb: int = 0
    swap: int = 0
    pss: int = 0
    pss_anon: int = 0
    pss_file: int = 0
    pss_shmem: int = 0
    swap_pss: int = 0
    locked: int = 0

    def __add__(self, other: Sums) -> Sums:
        mine, theirs = attrs.astuple(self), attrs.astuple(other)
        return Sums(*(a + b for a, b in zip(mine, theirs, strict=True)))


def pages_of(
    process: CaptureProcess, mapping: procmem.Mapping, prefix: str = ""
) -> abc.Iterator[PageInfo]:
    """
    The pages of a mapping that are present or swapped out, each as an object.
    """
    source = process.source
    size, frames = source.page_size, source.capture.frames
    with process.pagemap(prefix) as pagemap:
        data = pagemap.read(mapping.start, mapping.size // size)
    table = parse_pagemap(
        data, start=mapping.start, page_size=size, byteorder=source.byteorder
    )
    for page in _interesting(table):
        count, flags = frames[page.pfn or 0] if page.present else (None, None)
        yield attrs.evolve(
            page,
            sharers=count,
            flags=None if flags is None else PageFlag(flags),
            hugetlb=mapping.kernel_page_size != size,
        )


def _interesting(table: PageTable) -> abc.Iterator[PageInfo]:
    # Of four gigabytes of nothing no object needs to be made.
    for index, raw in enumerate(table.entries):
        if raw >> 62:
            yield table[index]


def heads_of(source: CaptureSource) -> dict[int, int]:
    """
    For each frame that is the tail of a compound page the flags of its head.

    Up to Linux 6.1 the tails lack those.
    """
    frames = source.capture.frames
    found: dict[int, int] = {}
    head = 0
    for frame in sorted(frames):
        flags = frames[frame][1]
        if flags & PageFlag.COMPOUND_HEAD:
            head = flags
        elif flags & PageFlag.COMPOUND_TAIL:
            found[frame] = head
        else:
            head = 0
    return found


def references(source: CaptureSource) -> Counter[tuple[int | None, int | None]]:
    """
    How many entries of all address spaces refer to each place in swap.
    """
    found: Counter[tuple[int | None, int | None]] = Counter()
    twin = source.capture.system["roles"].get("VC")
    for pid in source.pids():
        # Of two processes with one address space, one is enough.
        if pid != twin:
            process, prefix = source.pin(pid), ""
            if not process.mappings:
                prefix = f"task/{process.threads()[-1]}/"
            for mapping in listing(process, prefix):
                for page in pages_of(process, mapping, prefix):
                    if page.swapped:
                        found[page.swap_type, page.swap_offset] += 1
    return found


def listing(process: CaptureProcess, prefix: str = "") -> tuple[procmem.Mapping, ...]:
    """
    The mappings of a process, or of one of its threads.
    """
    try:
        return procmem.parse_smaps(process.read(f"{prefix}smaps"))
    except procmem.UnsupportedError:
        return ()


def sums(
    pages: abc.Iterable[PageInfo],
    users: abc.Mapping[tuple[int | None, int | None], int],
    heads: abc.Mapping[int, int],
) -> Sums:
    """
    Page by page, as ``smaps_account()`` and ``smaps_pte_entry()`` do it.
    """
    found = Sums()
    for page in pages:
        if page.swapped:
            found.swap += page.swap
            user = users[page.swap_type, page.swap_offset]
            found.swap_pss += (page.size << SHIFT) // user
        elif page.state is PageState.HUGETLB and page.exclusive:
            found.private_hugetlb += page.size
        elif page.state is PageState.HUGETLB:
            found.shared_hugetlb += page.size
        elif page.state in {PageState.PRIVATE, PageState.SHARED}:
            _add_resident(found, page, heads)
    return found


def _add_resident(found: Sums, page: PageInfo, heads: abc.Mapping[int, int]) -> None:
    assert page.sharers is not None
    assert page.flags is not None
    flags = page.flags | PageFlag(heads.get(page.pfn or 0, 0))
    share = (page.size << SHIFT) // page.sharers
    found.rss += page.rss or 0
    found.private += page.uss or 0
    found.shared += page.shared or 0
    found.pss += share
    if PageFlag.ANON in flags:
        found.anonymous += page.size
        found.pss_anon += share
        if PageFlag.KSM in flags:
            found.ksm += page.size
        if PageFlag.SWAPBACKED not in flags and PageFlag.DIRTY not in flags:
            found.lazy_free += page.size
    elif PageFlag.SWAPBACKED in flags:
        found.pss_shmem += share
    else:
        found.pss_file += share
