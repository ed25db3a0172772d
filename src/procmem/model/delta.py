"""
The difference of two usages.
"""

from __future__ import annotations

import attrs

from procmem.model.usage import SLOTS, Usage

__all__ = ["UsageDelta", "difference"]


@attrs.frozen(kw_only=True, repr=False)
class UsageDelta(Usage):
    """
    What ``after - before`` gives: each counter in bytes, perhaps negative.

    A counter that is missing on either side is missing here.
    """


def difference(after: Usage, before: Usage) -> UsageDelta:
    """
    *after* less *before*, counter by counter.
    """
    counters: dict[str, int | None] = {}
    for name, slot in SLOTS.items():
        more, less = getattr(after, slot), getattr(before, slot)
        counters[name] = None if more is None or less is None else more - less
    for name in ("uss", "shared"):
        more, less = after.get(name), before.get(name)
        if isinstance(more, int) and isinstance(less, int):
            counters[name] = more - less
    theirs = before.other_by_key
    other = tuple(
        (key, value - their)
        for key, value in after.other
        if isinstance(value, int) and isinstance(their := theirs.get(key), int)
    )
    return UsageDelta.of(counters, other=other)
