"""
What the kernel prints of a process and what its pages add up to.

Each function gives what differs, so nothing if all is well.  The process should
stand still.
"""

from __future__ import annotations

from collections.abc import Sequence

import procmem
from tests.live import kernel_text
from tests.live.comparing import unlike
from tests.live.kernel_text import Printed, amount, steady, text_of
from tests.live.told import ROUNDED

_KIB = 1 << 10
_PATIENCE = 40

KEYS = {
    "rss": ("Rss",),
    "pss": ("Pss",),
    "uss": ("Private_Clean", "Private_Dirty"),
    "shared": ("Shared_Clean", "Shared_Dirty"),
    "anonymous": ("Anonymous",),
    "ksm": ("KSM",),
    "swap": ("Swap",),
    "swap_pss": ("SwapPss",),
    "locked": ("Locked",),
    "shared_hugetlb": ("Shared_Hugetlb",),
    "private_hugetlb": ("Private_Hugetlb",),
}
"""Where each figure that pages tell stands in smaps."""

SPLIT = {
    "pss_anon": ("Pss_Anon",),
    "pss_file": ("Pss_File",),
    "pss_shmem": ("Pss_Shmem",),
}
"""What only the rollup has."""

View = Sequence[procmem.PinnedProcess | int]


def expected_of(printed: Printed, keys: dict[str, tuple[str, ...]]) -> Printed:
    """
    The figures as the kernel prints them, where it has all that they are of.
    """
    return {
        name: sum(amount(printed, key) for key in parts)
        for name, parts in keys.items()
        if all(key in printed for key in parts)
    }


def actual_of(usage: procmem.Usage, expected: Printed) -> Printed:
    """
    The same figures from pages, shares cut to the kB as the kernel does.
    """
    actual: Printed = {}
    shares = {key.lower() for key in ROUNDED} | SPLIT.keys() | {"swap_pss"}
    for name in expected:
        value = usage.get(name)
        if isinstance(value, int) and name in shares:
            value -= value % _KIB
        actual[name] = value
    return actual


def unlike_usage(
    printed: Printed, usage: procmem.Usage, keys: dict[str, tuple[str, ...]]
) -> dict[str, object]:
    """
    The figures that differ, and those of which only bounds are known if the
    truth is outside of them.
    """
    expected = expected_of(printed, keys)
    wrong: dict[str, object] = {**unlike(expected, actual_of(usage, expected))}
    bounds = usage.evidence.bounds
    lazy = amount(printed, "LazyFree")
    low, high = bounds.get("lazy_free", (usage.lazy_free, usage.lazy_free))
    if low is None or high is None or not low <= lazy <= high:
        wrong["lazy_free"] = (lazy, low, high)
    if usage.evidence.moved:
        wrong["moved"] = usage.evidence.moved
    return wrong


def mappings(pid: int, view: View, *, flags: bool = False) -> list[object]:
    """
    Each mapping, each figure that pages tell.

    What programs share with others changes as those come and go.  So a mapping
    is looked at again until its lines were the same before and after; a
    mistake stays one however often it is looked at.
    """
    wrong: dict[object, object] = {}
    right: set[object] = set()
    for _ in range(_PATIENCE):
        before = kernel_text.mappings(text_of(pid, "smaps"))
        found = procmem.mappings(pid, method="pages", view=view, flags=flags)
        after = kernel_text.mappings(text_of(pid, "smaps"))
        if len(before) != len(found) or not before:
            return [(len(before), len(found))]
        for printed, again, mapping in zip(before, after, found, strict=True):
            assert mapping.usage is not None
            place = printed["start"], printed["end"], printed["name"]
            if place != (mapping.start, mapping.end, mapping.name):
                return [(place, mapping)]
            differs = unlike_usage(printed, mapping.usage, KEYS)
            if differs or printed != again:
                wrong[place] = differs or "never rests"
            else:
                right.add(place)
        if len(right) == len(before):
            return []
    return [pair for pair in wrong.items() if pair[0] not in right]


def usage(pid: int, view: View, *, flags: bool = False) -> dict[str, object]:
    """
    The totals, each figure that pages tell.
    """
    data, found = steady(
        pid,
        ("smaps_rollup",),
        lambda: procmem.usage(pid, method="pages", view=view, flags=flags),
    )
    return unlike_usage(kernel_text.rollup(data), found, KEYS | SPLIT)


def table(pid: int) -> dict[str, object]:
    """
    What the table of pages adds up to.
    """
    names = ("rss", "pss", "uss", "shared")
    data, found = steady(pid, ("smaps_rollup",), lambda: procmem.pages(pid))
    printed = kernel_text.rollup(data)
    expected = expected_of(printed, {name: KEYS[name] for name in names})
    actual: Printed = {
        "rss": procmem.accounting.rss(found),
        "pss": procmem.accounting.pss(found) // _KIB * _KIB,
        "uss": procmem.accounting.uss(found),
        "shared": procmem.accounting.shared(found),
    }
    return {**unlike(expected, actual)}
