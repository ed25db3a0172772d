"""
psutil's numbers and ours, side by side.

Where psutil means something else, `as_psutil_names()` and `as_psutil_sums()`
say what it means; the differences have tests of their own in
`tests.live.test_psutil`.
"""

from __future__ import annotations

import os

import psutil

import procmem
from tests.live.kernel_text import PAGE, despite_others, steady, text_of

_DELETED = " (deleted)"


@despite_others
def unlike_totals(pid: int) -> dict[str, tuple[int, int]]:
    """
    Theirs and ours, where they differ.
    """
    process = psutil.Process(pid)

    def ask() -> tuple[dict[str, int], dict[str, int]]:
        theirs = process.memory_full_info()
        statm = procmem.parse_statm(text_of(pid, "statm"), page_size=PAGE)
        usage = procmem.usage(pid)
        ours = {
            "rss": statm.resident,
            "vms": statm.size,
            "shared": statm.shared,
            "text": statm.text,
            "lib": statm.lib,
            "data": statm.data,
            "dirty": statm.dirty,
            "uss": as_psutil_sums(usage),
            "pss": usage.pss,
            "swap": usage.swap,
        }
        return theirs._asdict(), ours

    _, (theirs, ours) = steady(pid, ("statm", "smaps_rollup"), ask)
    assert theirs.keys() == ours.keys()
    return {
        key: (value, ours[key]) for key, value in theirs.items() if value != ours[key]
    }


def as_psutil_sums(usage: procmem.Usage) -> int:
    """
    USS as psutil sees it: with private pages of hugetlbfs, which are not in the
    RSS.
    """
    assert usage.private_hugetlb is not None
    return usage.uss + usage.private_hugetlb


@despite_others
def unlike_mappings(pid: int) -> list[tuple[object, object]]:
    """
    Their mappings and ours, where they differ.
    """
    process = psutil.Process(pid)

    def ask() -> tuple[list[tuple[object, ...]], procmem.Mappings]:
        theirs = process.memory_maps(grouped=False)
        return [tuple(mapping) for mapping in theirs], procmem.mappings(pid)

    _, (theirs, mappings) = steady(pid, ("smaps",), ask)
    ours = map(as_psutil_mapping, mappings)
    return [pair for pair in zip(theirs, ours, strict=True) if pair[0] != pair[1]]


def as_psutil_mapping(mapping: procmem.Mapping) -> tuple[object, ...]:
    """
    The fields that psutil has, as it names them.
    """
    usage = mapping.usage
    assert usage is not None
    return (
        f"{mapping.start:08x}-{mapping.end:08x}",
        str(mapping.permissions),
        as_psutil_names(mapping),
        usage.rss,
        usage.size,
        usage.pss,
        usage.shared_clean,
        usage.shared_dirty,
        usage.private_clean,
        usage.private_dirty,
        usage.referenced,
        usage.anonymous,
        usage.swap,
    )


def as_psutil_names(mapping: procmem.Mapping) -> str:
    """
    The name as psutil shows it.

    It calls what has no name "[anon]", cuts blanks off at both ends, and takes
    " (deleted)" for the kernel's unless a file of that name exists.
    """
    if mapping.name is None:
        return "[anon]"
    name = mapping.name.strip()
    if name.endswith(_DELETED) and not os.path.lexists(name):
        return name.removesuffix(_DELETED)
    return name
