"""
Single counters of ``smaps_rollup``, found without taking it apart.

``procmem.pss(pid)`` needs one line of twenty-three, and most of the time of
taking them all apart would go into the others.
"""

from __future__ import annotations

from collections import abc

from procmem.formats.text import MAX_DIGITS

__all__ = ["picked"]

_KIB = 1024


def picked(data: bytes, keys: abc.Iterable[bytes]) -> int | None:
    """
    The sum of some counters of a rollup, in bytes.

    Args:
        data: The whole file.

        keys: The kernel's keys.

    Returns:
        None if one is missing, or if anything about its line is unusual:
        :func:`~procmem.parse_smaps_rollup` finds out what that means.
    """
    if b" [rollup]\n" not in data or not data.endswith(b" kB\n"):
        return None
    total = 0
    for key in keys:
        label = b"\n" + key + b":"
        start = data.find(label)
        if start < 0 or data.find(label, start + 1) >= 0:
            return None
        start += len(label)
        value = data[start : data.find(b"\n", start)].lstrip(b" ")
        digits = value[:-3]
        if not digits.isdigit() or value[-3:] != b" kB" or len(digits) > MAX_DIGITS:
            return None
        total += int(digits)
    return total * _KIB
