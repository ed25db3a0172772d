"""
Columns of bytes, and what can be found out about millions of pages without
going page by page.

All that matters of an entry is in its top byte, except for the type of swap,
which is in the lowest.  Taking every 8th byte of a buffer, translating bytes
by a table and deleting those that are counted already are single operations
of ``bytes``; combining two columns byte for byte is one operation on two very
long integers.
"""

from __future__ import annotations

import sys
from collections import abc

from procmem.flags import PageState
from procmem.model.page import LAST_SWAP_TYPE

__all__ = [
    "CODES",
    "IF_RESIDENT",
    "LIKE_SWAP",
    "LITTLE",
    "LOW",
    "PSS_SHIFT",
    "STATES",
    "TOP",
    "both",
    "fixed_point",
    "histogram",
    "in_motion",
    "low_bytes",
    "states_of",
    "table_of",
    "with_hugetlb",
]

# The kernel adds up proportional shares as fixed-point numbers with this many
# fractional bits (PSS_SHIFT in fs/proc/task_mmu.c) and rounds down once, when
# it prints.  Doing the same makes sums comparable with smaps_rollup.
PSS_SHIFT = 12

LITTLE = sys.byteorder == "little"
# Where in an 8-byte word of this machine its highest and lowest byte are.
TOP, LOW = (7, 0) if LITTLE else (0, 7)

# The states as bytes.  A swapped page with a special type is a marker, and
# the codes differ in one bit; so do those of present pages, which begin at 8.
CODES = {
    PageState.ABSENT: 0,
    PageState.SWAPPED: 1,
    PageState.GUARD: 2,
    PageState.MARKER: 3,
    PageState.UNCOUNTED: 8,
    PageState.PRIVATE: 9,
    PageState.SHARED: 10,
    PageState.UNKNOWN: 11,
    PageState.HUGETLB: 12,
}
STATES = {code: state for state, code in CODES.items()}


def table_of(answer: abc.Callable[[int], int]) -> bytes:
    """
    A function of a byte, for ``bytes.translate``.
    """
    return bytes(map(answer, range(256)))


def _absent_code(top: int) -> int:
    if top & 0xC0 != 0x40:
        return 0
    return CODES[PageState.GUARD if top & 0x04 else PageState.SWAPPED]


LIKE_SWAP = frozenset(
    top for top in range(256) if _absent_code(top) == CODES[PageState.SWAPPED]
)
"""The top bytes of entries of what is swapped out, or is something special."""

_ABSENT_CODE = table_of(_absent_code)
_IF_PRESENT = table_of(lambda top: 0xFF if top & 0x80 else 0)
_IF_SPECIAL = table_of(lambda low: 2 if low & 0x1F > LAST_SWAP_TYPE else 0)
_IF_MARKER = table_of(lambda code: 0xFF if code == 3 else 0)
_IF_MIGRATING = table_of(lambda low: 0xFF if LAST_SWAP_TYPE < low & 0x1F < 31 else 0)
_IF_SWAPPED = table_of(lambda code: 0xFF if code == 1 else 0)
_AT_MOST_2 = table_of(lambda low: min(low, 2))
_2_IF_ANY = table_of(lambda high: 2 if high else 0)
_CODE_OF_COUNT = table_of(lambda count: 8 + min(count, 2))
_IF_HUGE = table_of(lambda byte: 0xFF if byte & 2 else 0)
IF_RESIDENT = table_of(
    lambda code: (
        0xFF if code in {CODES[PageState.PRIVATE], CODES[PageState.SHARED]} else 0
    )
)


_IF_CODE_PRESENT = table_of(lambda code: 0xFF if code >= 8 else 0)
_INVERTED = table_of(lambda byte: byte ^ 0xFF)


def histogram(values: bytes) -> dict[int, int]:
    """
    How often each byte occurs in *values*.

    Takes one pass for each byte that occurs, and those are few: a tenth of
    the time of a :class:`collections.Counter`.
    """
    found: dict[int, int] = {}
    while values:
        value = values[:1]
        rest = values.translate(None, value)
        found[value[0]] = len(values) - len(rest)
        values = rest
    return found


def fixed_point(sharers: abc.Mapping[int, int], page_size: int) -> int:
    """
    The proportional share of pages as the kernel adds it up: in bytes times
    ``1 << PSS_SHIFT``.

    Args:
        sharers: For each number of sharers, how many pages have it.  Pages
            with 0 sharers belong to nobody and add nothing.

        page_size: Size of one page, in bytes.
    """
    return sum(
        pages * ((page_size << PSS_SHIFT) // count)
        for count, pages in sharers.items()
        if count
    )


def both(one: bytes, two: bytes) -> bytes:
    """
    *one* and *two* combined by "and", byte for byte.
    """
    number = int.from_bytes(one, "little") & int.from_bytes(two, "little")
    return number.to_bytes(len(one), "little")


def either(one: bytes, two: bytes) -> bytes:
    """
    *one* and *two* combined by "or", byte for byte.
    """
    number = int.from_bytes(one, "little") | int.from_bytes(two, "little")
    return number.to_bytes(len(one), "little")


def in_motion(raw: bytes) -> int:
    """
    How many pages of raw entries may be on their way from one frame to
    another: the kernel has put a special entry in their place for a moment.

    Source: ``include/linux/swap.h``.  The highest type is that of markers,
    which stay.
    """
    codes = states_of(memoryview(raw).cast("Q"), None)
    moving = raw[LOW::8].translate(_IF_MIGRATING)
    return both(codes.translate(_IF_MARKER), moving).count(0xFF)


def states_of(
    entries: memoryview, counts: memoryview | None, *, hugetlb: bool = False
) -> bytes:
    """
    One byte for the state of each page, flags aside.
    """
    raw = entries.cast("B")
    top = bytes(raw[TOP::8])
    codes = top.translate(_ABSENT_CODE)
    if b"\1" in codes:
        special = bytes(raw[LOW::8]).translate(_IF_SPECIAL)
        codes = either(codes, both(special, codes.translate(_IF_SWAPPED)))
    if hugetlb:
        present = b"\x0c" * len(top)
    elif counts is None:
        present = b"\x0b" * len(top)
    else:
        present = _at_most_2(counts).translate(_CODE_OF_COUNT)
    return either(codes, both(present, top.translate(_IF_PRESENT)))


def low_bytes(counts: memoryview) -> bytes | None:
    """
    The low byte of each 32-bit count, or None if some are larger.
    """
    raw = counts.cast("B")
    low, *higher = range(4) if LITTLE else range(3, -1, -1)
    if any(bytes(raw[place::4]).strip(b"\0") for place in higher):
        return None
    return bytes(raw[low::4])


def _at_most_2(counts: memoryview) -> bytes:
    """
    Each 32-bit count as a byte, those above 2 as 2.
    """
    raw = counts.cast("B")
    low, *higher = range(4) if LITTLE else range(3, -1, -1)
    result = bytes(raw[low::4]).translate(_AT_MOST_2)
    for place in higher:
        high = bytes(raw[place::4])
        if high.strip(b"\0"):
            result = either(result, high.translate(_2_IF_ANY)).translate(_AT_MOST_2)
    return result


def with_hugetlb(codes: bytes, flags: memoryview) -> bytes:
    """
    The states, present pages with the flag HUGE as hugetlb.
    """
    # HUGE is bit 17: bit 1 of the third byte.
    huge = bytes(flags.cast("B")[2 if LITTLE else 5 :: 8]).translate(_IF_HUGE)
    if not huge.strip(b"\0"):
        return codes
    huge = both(huge, codes.translate(_IF_CODE_PRESENT))
    kept = both(codes, huge.translate(_INVERTED))
    return either(kept, both(huge, b"\x0c" * len(codes)))
