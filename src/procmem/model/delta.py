"""
How two usages differ.
"""

from __future__ import annotations

from procmem.model.usage import SLOTS, Usage, UsageDelta

__all__ = ["difference"]


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
