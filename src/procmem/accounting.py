"""
Pure sums over mappings or pages: no I/O, no clock, no opinion about where they
came from.

A counter that one mapping lacks is missing in the sum, and asking for the sum
raises :exc:`~procmem.UnsupportedError`.  The kernel prints the proportional
counters of each mapping rounded down to a kB, so sums of ``pss``, ``swap_pss``
and ``locked`` are lower than the kernel's own by up to 1 kB a mapping.
"""

from __future__ import annotations

from collections import abc
from typing import TypeVar

import attrs

from procmem.errors import UnsupportedError
from procmem.flags import MappingKind, Permissions
from procmem.model.mapping import Mapping
from procmem.model.page import PageInfo
from procmem.model.usage import Usage, add_up
from procmem.pagetable.columns import PSS_SHIFT
from procmem.pagetable.table import PageTable

__all__ = [
    "FileKey",
    "by_file",
    "by_kind",
    "by_permissions",
    "footprint",
    "footprint_bounds",
    "pss",
    "rss",
    "shared",
    "swap",
    "total",
    "uss",
]

Countable = abc.Iterable[Mapping | PageInfo]
"""Mappings, or pages: those of a table are added up without making objects."""

_K = TypeVar("_K", bound=abc.Hashable)

# What a mapping without counters (from ``maps``) adds to a sum: nothing that
# is known.
_UNKNOWN = Usage()

# The kernel prints kilobytes and rounds down, so an amount may be this many
# bytes larger than what it printed.
_ROUNDED_OFF = 1023

_ALL_IN_FOOTPRINT = frozenset(
    {
        MappingKind.ANONYMOUS,
        MappingKind.HEAP,
        MappingKind.MEMFD,
        MappingKind.NAMED_ANONYMOUS,
        MappingKind.SHARED_MEMORY,
        MappingKind.STACK,
        MappingKind.SYSV,
        MappingKind.THREAD_STACK,
    }
)
"""The kinds of mappings that no file on a disk backs."""


@attrs.frozen(order=True)
class FileKey:
    """
    What :func:`by_file` groups by.

    Attributes:
        name: As the kernel prints it, or None for anonymous memory.

        device: Major and minor number of the file system.

        inode: Number of the file there; 0 for what is not a file.
    """

    name: str | None
    device: tuple[int, int] = (0, 0)
    inode: int = 0


def total(items: Countable) -> Usage:
    """
    Every counter added up.

    Nothing at all gives a usage whose counters are all 0.  Pages have fewer
    counters than mappings: of those that they lack the total lacks them too.
    """
    if not isinstance(items, PageTable):
        items = tuple(items)
        mappings = [item for item in items if isinstance(item, Mapping)]
        if len(mappings) == len(items):
            usages = [mapping.usage or _UNKNOWN for mapping in mappings]
            return add_up(usages) if usages else Usage.zero()
    counters = {name: _sum(items, name) for name in ("rss", "uss", "shared", "swap")}
    size = sum(item.size for item in items)
    return Usage.of({**counters, "size": size, "pss": pss(items)})


def rss(items: Countable) -> int:
    """
    Resident, in bytes: every page counts fully.

    Raises:
        UnsupportedError: If a mapping or page lacks it.
    """
    return _sum(items, "rss")


def pss(items: Countable) -> int:
    """
    Proportional, in bytes: every page divided by its sharers.

    Shares of pages are added up in the kernel's fixed point and cut once.

    Raises:
        UnsupportedError: If a mapping or page lacks it.
    """
    if isinstance(items, PageTable):
        return items.pss
    return sum(map(_share, items)) >> PSS_SHIFT


def uss(items: Countable) -> int:
    """
    Unique, in bytes: pages mapped exactly once.

    Raises:
        UnsupportedError: If a mapping or page lacks it.
    """
    return _sum(items, "uss")


def shared(items: Countable) -> int:
    """
    Pages mapped more than once, in bytes, each counted fully.

    Raises:
        UnsupportedError: If a mapping or page lacks it.
    """
    return _sum(items, "shared")


def swap(items: Countable) -> int:
    """
    Swapped out, in bytes; of mappings swapped shared memory is included, of
    which pages tell nothing.

    Raises:
        UnsupportedError: If a mapping lacks it.
    """
    return _sum(items, "swap")


def _sum(items: Countable, name: str) -> int:
    if isinstance(items, PageTable):
        value: int = getattr(items, name)
        return value
    return sum(_counter(item, name) for item in items)


def _counter(item: Mapping | PageInfo, name: str) -> int:
    counted = (item.usage or _UNKNOWN) if isinstance(item, Mapping) else item
    value: int | None = getattr(counted, name)
    if value is None:
        raise UnsupportedError(f"kpagecount: {name}", "CAP_SYS_ADMIN")
    return value


def _share(item: Mapping | PageInfo) -> int:
    """
    The proportional share in the kernel's fixed point.
    """
    if isinstance(item, Mapping):
        return _counter(item, "pss") << PSS_SHIFT
    resident = _counter(item, "rss")
    return (resident << PSS_SHIFT) // (item.sharers or 1)


def footprint(mappings: abc.Iterable[Mapping]) -> int:
    """
    What the mappings cost, whoever else maps the same files, in bytes.

    For a whole process :func:`procmem.footprint` is better: ``smaps`` does
    not split the proportional share of a mapping into memory and file, the
    rollup does.

    Raises:
        UnsupportedError: If ``smaps`` tells only bounds for one of the
            mappings (:func:`footprint_bounds` gives them), or lacks a
            counter that it takes.
    """
    low, high, _ = _bounds(mappings)
    if low != high:
        raise UnsupportedError(
            f"smaps: footprint (between {low} and {high} bytes)",
            "Pss_Anon in smaps_rollup, or a look at every page",
        )
    return low


def footprint_bounds(mappings: abc.Iterable[Mapping]) -> tuple[int, int]:
    """
    The least and the most that the mappings may cost, in bytes.

    Memory that no file backs counts with its proportional share and its
    swap.  Of a mapping of a file only what was copied on write counts, and
    ``smaps`` says how much that is but not how much of it is still shared
    with relatives: it is exact if none of the mapping's pages is shared, or
    all are copies.  What the kernel rounded off is within the bounds too.

    A file of a tmpfs that is not mounted below ``/dev`` looks like any other
    file and is taken for one.

    Raises:
        UnsupportedError: If a mapping lacks a counter that it takes.
    """
    low, high, rounded_off = _bounds(mappings)
    return low, high + rounded_off


def _bounds(mappings: abc.Iterable[Mapping]) -> tuple[int, int, int]:
    """
    Lower and upper bound by what the kernel printed, and the most that it
    may have rounded off.
    """
    low = high = rounded_off = 0
    for mapping in mappings:
        usage = mapping.usage or _UNKNOWN
        if mapping.kind in _ALL_IN_FOOTPRINT:
            copied = usage.pss, usage.pss
        else:
            copied = _copied_bounds(usage)
        swapped = _known(usage.swap_pss, "swap_pss")
        low += copied[0] + swapped
        high += copied[1] + swapped
        # Whole pages are whole kilobytes; only parts of pages are rounded, and
        # a share of less than 1 kB to nothing.
        parted = usage.shared and (mapping.kind in _ALL_IN_FOOTPRINT or usage.anonymous)
        rounded_off += _ROUNDED_OFF * bool(parted)
        rounded_off += _ROUNDED_OFF * (swapped != usage.swap)
    return low, high, rounded_off


def _copied_bounds(usage: Usage) -> tuple[int, int]:
    """
    Bounds for the proportional share of the anonymous pages of a mapping.
    """
    anonymous = _known(usage.anonymous, "anonymous")
    if anonymous == 0:
        return 0, 0
    if anonymous == usage.rss:
        return usage.pss, usage.pss
    if usage.shared == 0:
        return anonymous, anonymous
    # Some pages are copies, some are shared, and which are both is unknown.
    # Every shared page has at least two sharers, so whatever number of bytes
    # is shared, their share is at most half of it.
    fewest_private = max(0, anonymous - usage.shared)
    most_private = min(anonymous, usage.uss)
    share_of_shared = max(0, usage.pss - usage.uss)
    shared_files = usage.shared - (anonymous - fewest_private)
    low = fewest_private + max(0, share_of_shared - shared_files // 2)
    high = most_private + min((anonymous - most_private) // 2, share_of_shared)
    return low, high


def _known(value: int | None, name: str) -> int:
    if value is None:
        raise UnsupportedError(f"smaps: {name}", "a kernel that prints it")
    return value


def by_kind(
    mappings: abc.Iterable[Mapping],
) -> dict[MappingKind, Usage]:
    """
    The usage of each kind of mapping; together they are the total.
    """
    return _grouped(mappings, lambda mapping: mapping.kind)


def by_permissions(
    mappings: abc.Iterable[Mapping],
) -> dict[Permissions, Usage]:
    """
    The usage of each set of permissions; together they are the total.
    """
    return _grouped(mappings, lambda mapping: mapping.permissions)


def by_file(mappings: abc.Iterable[Mapping]) -> dict[FileKey, Usage]:
    """
    The usage of each file; together they are the total.

    Files are the same if device and inode are, whatever their names: a
    library that was replaced while it was mapped stays apart from its
    successor, and a file with two names is one, under the first.  What has
    no inode is grouped by its name, all memory without a name under None.
    """
    names: dict[tuple[tuple[int, int], int], str | None] = {}

    def key(mapping: Mapping) -> FileKey:
        if mapping.path is None or not mapping.inode:
            # The objects of anon_inode:… share one inode.
            return FileKey(mapping.name)
        identity = mapping.device, mapping.inode
        name = names.setdefault(identity, mapping.name)
        return FileKey(name, *identity)

    return _grouped(mappings, key)


def _grouped(
    mappings: abc.Iterable[Mapping], key: abc.Callable[[Mapping], _K]
) -> dict[_K, Usage]:
    groups: dict[_K, list[Mapping]] = {}
    for mapping in mappings:
        groups.setdefault(key(mapping), []).append(mapping)
    return {key: total(members) for key, members in groups.items()}
