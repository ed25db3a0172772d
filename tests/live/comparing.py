"""
What the kernel prints of a process and what procmem tells, field by field.

Each function gives what differs, so nothing if all is well. The process should
stand still.
"""

from __future__ import annotations

from collections.abc import Callable

import procmem
from tests.live import kernel_text, told
from tests.live.kernel_text import Printed, amount, despite_others, steady, text_of

_SUMS = {
    "rss": ("Rss",),
    "pss": ("Pss",),
    "uss": ("Private_Clean", "Private_Dirty"),
    "shared": ("Shared_Clean", "Shared_Dirty"),
    "swap": ("Swap",),
    "footprint": ("Pss_Anon", "Pss_Shmem", "SwapPss"),
}


def unlike(expected: Printed, actual: Printed) -> dict[str, tuple[object, object]]:
    """
    The keys whose values differ, or that only one of the two has.
    """
    return {
        key: (expected.get(key), actual.get(key))
        for key in {**expected, **actual}
        if (key in expected, expected.get(key)) != (key in actual, actual.get(key))
    }


def mappings(pid: int) -> object:
    """
    Each mapping, each line of smaps.
    """
    data, found = steady(pid, ("smaps",), lambda: procmem.mappings(pid))
    expected = kernel_text.mappings(data)
    if len(expected) != len(found) or not expected:
        return len(expected), len(found)
    pairs = zip(expected, map(told.mapping, found), strict=True)
    return [one for pair in pairs if (one := unlike(*pair))]


def bare_mappings(pid: int) -> object:
    """
    Each line of maps, and whether smaps begins with the same.
    """
    data, found = steady(pid, ("maps",), lambda: procmem.mappings(pid))
    expected = kernel_text.mappings(data)
    parsed = [told.mapping(mapping) for mapping in procmem.parse_maps(data)]
    headers = [
        {key: value for key, value in told.mapping(mapping).items() if key in bare}
        for mapping, bare in zip(found, expected, strict=True)
    ]
    return [
        three
        for three in zip(expected, parsed, headers, strict=True)
        if not three[0] == three[1] == three[2]
    ]


def usage(pid: int) -> object:
    """
    Each line of smaps_rollup.
    """
    data, found = steady(pid, ("smaps_rollup",), lambda: procmem.usage(pid))
    return unlike(kernel_text.rollup(data), told.usage(found))


def status(pid: int) -> object:
    """
    Each line of status.
    """
    data, found = steady(pid, ("status",), lambda: procmem.status(pid))
    return unlike(kernel_text.status(data), told.status(found))


def statm(pid: int) -> object:
    """
    Each number of statm.
    """
    data = text_of(pid, "statm")
    found = procmem.parse_statm(data, page_size=kernel_text.PAGE)
    expected = kernel_text.statm(data)
    return unlike(expected, {key: getattr(found, key) for key in expected})


def stat(pid: int) -> object:
    """
    Each field of stat that procmem has.
    """
    data = text_of(pid, "stat")
    found = procmem.parse_stat(data, page_size=kernel_text.PAGE)
    expected = kernel_text.stat(data)
    return unlike(expected, {key: getattr(found, key) for key in expected})


def totals(pid: int) -> object:
    """
    The one-call answers and what they are made of: lines of smaps_rollup, and
    VmHWM.
    """

    def ask() -> Printed:
        return {
            "rss": procmem.rss(pid),
            "pss": procmem.pss(pid),
            "uss": procmem.uss(pid),
            "shared": procmem.shared(pid),
            "swap": procmem.swap(pid),
            "footprint": procmem.footprint(pid),
            "peak_rss": procmem.peak_rss(pid),
        }

    data, actual = steady(pid, ("smaps_rollup",), ask)
    line = kernel_text.rollup(data)
    expected: Printed = {
        name: sum(amount(line, key) for key in keys) for name, keys in _SUMS.items()
    }
    peak = kernel_text.status(text_of(pid, "status"))["VmHWM"]
    return unlike(expected | {"peak_rss": peak}, actual)


def snapshot(pid: int) -> object:
    """
    The parts of a snapshot, and what the other calls answer.
    """

    def ask() -> tuple[object, object]:
        whole = procmem.snapshot(pid)
        return (
            (procmem.status(pid), procmem.usage(pid), procmem.mappings(pid)),
            (whole.status, whole.usage, whole.mappings),
        )

    _, (alone, parts) = steady(pid, ("status", "smaps_rollup", "smaps"), ask)
    return alone != parts and (alone, parts)


FIELDS: tuple[Callable[[int], object], ...] = (
    mappings,
    bare_mappings,
    usage,
    status,
    statm,
    stat,
    totals,
    snapshot,
)
"""All of them."""


def every_field(pid: int) -> dict[str, object]:
    """
    What differs of a process, by the name of the comparison.
    """
    return {
        compare.__name__: found
        for compare in FIELDS
        if (found := despite_others(compare)(pid))
    }
