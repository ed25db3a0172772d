"""
Readings of processes and groups, made by hand or at random.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from hypothesis import strategies as st

import procmem
from tests.kernel.samples import PID, mapping
from tests.kernel.strategies import comms, listings, pids, usages

KIB = 1024
MIB = 1024**2
PAGE = 4096
LOW = 0x5500_0000_0000
HIGH = 0x7F00_0000_0000

ROLLUP_KEYS = [
    *("Rss", "Pss", "Pss_Dirty", "Pss_Anon", "Pss_File", "Pss_Shmem"),
    *("Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty"),
    *("Referenced", "Anonymous", "KSM", "LazyFree", "AnonHugePages"),
    *("ShmemPmdMapped", "FilePmdMapped", "Shared_Hugetlb", "Private_Hugetlb"),
    *("Swap", "SwapPss", "Locked"),
]


def memory(
    start: int,
    size: int,
    name: str | None = None,
    *,
    used: int | None = None,
    permissions: str = "rw-p",
) -> procmem.Mapping:
    """
    Private memory, of which *used* bytes are there (all unless given).
    """
    used = size if used is None else used
    return mapping(
        start,
        size // PAGE,
        name,
        permissions,
        rss=used,
        pss=used,
        private_dirty=used,
        anonymous=used,
    )


def file(
    start: int,
    name: str,
    *,
    size: int = 4 * PAGE,
    inode: int = 7,
    offset: int = 0,
    permissions: str = "r-xp",
) -> procmem.Mapping:
    """
    A part of a file, all of it in memory and shared with one other.
    """
    made = mapping(
        start,
        size // PAGE,
        name,
        permissions,
        device=(8, 1),
        inode=inode,
        rss=size,
        pss=size // 2,
        shared_clean=size,
    )
    return attrs.evolve(made, offset=offset)


def landmarks(shift: int = 0) -> list[procmem.Mapping]:
    """
    What the kernel puts at a place that it picks at random.
    """
    return [
        mapping(HIGH + shift + 0x10_0000_0000, 33, "[stack]"),
        mapping(HIGH + shift + 0x20_0000_0000, 2, "[vdso]", "r-xp"),
    ]


def reading(
    mappings: Sequence[procmem.Mapping],
    *,
    pid: int = PID,
    start_time: int | None = 1,
    name: str = "sample",
    **more: int,
) -> procmem.Snapshot:
    """
    A process with these mappings; its totals are their sum, and *more*.
    """
    total = procmem.accounting.total(mappings)
    low, _ = procmem.accounting.footprint_bounds(mappings)
    usage = attrs.evolve(
        total,
        size=None,
        pss_anon=low,
        pss_file=total.pss - low,
        pss_shmem=0,
    )
    usage = attrs.evolve(usage, **more)  # type: ignore[arg-type]
    return procmem.Snapshot(
        pid=pid,
        taken=0.0,
        usage=usage,
        mappings=procmem.Mappings(mappings),
        status=procmem.Status(name=name),
        start_time=start_time,
    )


@attrs.frozen(kw_only=True)
class Member:
    """
    As much of a member of a group as a comparison needs.
    """

    pid: int
    start_time: int
    name: str = "sample"
    usage: procmem.Usage
    mappings: procmem.Mappings | None = None
    same_memory_as: int | None = None

    @classmethod
    def of(
        cls,
        snapshot: procmem.Snapshot,
        *,
        with_mappings: bool = True,
        same_memory_as: int | None = None,
    ) -> Member:
        """
        What a snapshot tells, as a member.
        """
        return cls(
            pid=snapshot.pid,
            start_time=snapshot.start_time or 0,
            name=snapshot.name or "",
            usage=snapshot.usage,
            mappings=snapshot.mappings if with_mappings else None,
            same_memory_as=same_memory_as,
        )


@attrs.frozen(kw_only=True)
class Group:
    """
    As much of a group as a comparison needs.
    """

    members: tuple[Member, ...]
    complete: bool = True
    missing: tuple[str, ...] = ()

    @property
    def usage(self) -> procmem.Usage:
        """
        The sum over those that count.
        """
        counted = [one.usage for one in self.members if one.same_memory_as is None]
        return sum(counted[1:], start=counted[0]) if counted else procmem.Usage.zero()


def group(*members: Member) -> Group:
    """
    A complete group.
    """
    return Group(members=members)


@st.composite
def snapshots(draw: st.DrawFn) -> procmem.Snapshot:
    """
    Any process, its totals as odd as its mappings.
    """
    return procmem.Snapshot(
        pid=draw(pids),
        taken=0.0,
        usage=draw(usages(ROLLUP_KEYS)),
        mappings=procmem.Mappings(draw(listings(counters=True))),
        status=procmem.Status(name=draw(comms)),
        start_time=draw(st.none() | st.integers(0, 2**63)),
    )


@st.composite
def later(draw: st.DrawFn, before: procmem.Snapshot) -> procmem.Snapshot:
    """
    The same process some time later, or another one with like mappings.
    """
    after = draw(snapshots())
    kept: list[procmem.Mapping] = []
    shift = draw(st.sampled_from([0, 0, 2**20]))
    for one in before.mappings:
        fate = draw(st.sampled_from(["stays", "stays", "goes", "grows", "splits"]))
        moved = attrs.evolve(one, start=one.start + shift, end=one.end + shift)
        if fate == "stays":
            kept.append(moved)
        elif fate == "grows":
            usage = after.mappings[0].usage if after.mappings else one.usage
            kept.append(attrs.evolve(moved, end=moved.end + PAGE, usage=usage))
        elif fate == "splits" and one.size > PAGE:
            middle = moved.start + PAGE
            kept.append(attrs.evolve(moved, end=middle))
            kept.append(attrs.evolve(moved, start=middle, permissions="r--p"))
    own = draw(st.booleans())
    return attrs.evolve(
        after,
        mappings=procmem.Mappings(_apart([*kept, *after.mappings])),
        pid=before.pid if own else after.pid,
        start_time=before.start_time if own else after.start_time,
    )


def _apart(mappings: list[procmem.Mapping]) -> list[procmem.Mapping]:
    """
    Those that overlap none before them, as in every address space.
    """
    found: list[procmem.Mapping] = []
    for one in sorted(mappings, key=lambda mapping: mapping.start):
        if not found or found[-1].end <= one.start:
            found.append(one)
    return found


@st.composite
def two(draw: st.DrawFn) -> tuple[procmem.Snapshot, procmem.Snapshot]:
    """
    Two readings that have something in common.
    """
    before = draw(snapshots())
    return before, draw(later(before))
