"""
What a cell of a page map may stand for, and how that looks.

Hue tells anonymous memory (blue) from files (orange), lightness how many share
it: what is private is the darkest.  Steps of lightness are the same in both
hues, and far enough apart for every kind of colour vision; what occurs rarely
bears a mark as well.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from procmem.flags import PageState
from procmem.pagetable.columns import (
    CODES,
    LITTLE,
    STATES,
    TOP,
    either,
    histogram,
    table_of,
)
from procmem.pagetable.table import PageTable

__all__ = ["LOOKS", "RESIDENT", "SHARED", "Kind", "Look", "counted", "kinds_of"]


class Kind(enum.IntEnum):
    """
    What a page is in the picture, one byte each.
    """

    ABSENT = 0
    ANON_PRIVATE = 1
    ANON_BY_2 = 2
    ANON_BY_FEW = 3
    ANON_BY_MANY = 4
    ANON_PRESENT = 5
    FILE_PRIVATE = 6
    FILE_BY_2 = 7
    FILE_BY_FEW = 8
    FILE_BY_MANY = 9
    FILE_PRESENT = 10
    SWAPPED = 11
    ZERO = 12
    HUGETLB = 13
    GUARD = 14
    MARKER = 15
    FOLD = 16
    """No page: stands for many that are not present."""


class Look(NamedTuple):
    """
    How a kind of page is shown.

    Attributes:
        letter: Where there are no colours.

        label: What the legend calls it.

        colour: Red, green and blue.

        mark: What is drawn over the colour: ``"/"``, ``"x"``, ``"o"``,
            ``"-"``, or nothing.
    """

    letter: str
    label: str
    colour: tuple[int, int, int]
    mark: str = ""


LOOKS = {
    Kind.ANON_PRIVATE: Look("A", "anonymous, private", (31, 84, 170)),
    Kind.ANON_BY_2: Look("B", "anonymous, 2 sharers", (75, 134, 217)),
    Kind.ANON_BY_FEW: Look("C", "anonymous, 3 to 9", (126, 176, 240)),
    Kind.ANON_BY_MANY: Look("D", "anonymous, 10 or more", (182, 212, 250)),
    Kind.ANON_PRESENT: Look("P", "anonymous, sharers unknown", (126, 176, 240)),
    Kind.FILE_PRIVATE: Look("a", "file/shmem, private", (160, 66, 0)),
    Kind.FILE_BY_2: Look("b", "file/shmem, 2 sharers", (214, 108, 14)),
    Kind.FILE_BY_FEW: Look("c", "file/shmem, 3 to 9", (243, 158, 77)),
    Kind.FILE_BY_MANY: Look("d", "file/shmem, 10 or more", (250, 205, 156)),
    Kind.FILE_PRESENT: Look("p", "file/shmem, sharers unknown", (243, 158, 77)),
    Kind.SWAPPED: Look("S", "swapped out", (190, 60, 140), "/"),
    Kind.ZERO: Look("0", "zero page or no memory", (140, 140, 140), "o"),
    Kind.HUGETLB: Look("H", "hugetlb", (0, 132, 96)),
    Kind.GUARD: Look("G", "guard", (196, 172, 0), "x"),
    Kind.MARKER: Look("?", "marker, or on its way", (110, 90, 75), "-"),
    # What shows through is drawn in a colour that depends on the background.
    Kind.ABSENT: Look(".", "not present", (128, 128, 128)),
    Kind.FOLD: Look("~", "left out, not present", (128, 128, 128)),
}
"""In the order of the legend."""

_ANON = (Kind.ANON_PRIVATE, Kind.ANON_BY_2, Kind.ANON_BY_FEW, Kind.ANON_BY_MANY)
_FILE = (Kind.FILE_PRIVATE, Kind.FILE_BY_2, Kind.FILE_BY_FEW, Kind.FILE_BY_MANY)

SHARED = frozenset(_ANON[1:] + _FILE[1:])
"""Present and known to be mapped more than once."""

RESIDENT = SHARED | {
    Kind.ANON_PRIVATE,
    Kind.FILE_PRIVATE,
    Kind.ANON_PRESENT,
    Kind.FILE_PRESENT,
}
"""In the RSS, or where sharers are not known, perhaps in it."""

# A byte for each page: its state in the lowest four bits, then bit 61 of its
# entry, then two bits for the number of its sharers (up to 1, 2, up to 9,
# more), then bit 56 of its entry.
_IS_FILE, _SHARERS, _EXCLUSIVE = 0x10, 5, 0x80
_MANY = 3 << _SHARERS

_ALONE = {
    PageState.ABSENT: Kind.ABSENT,
    PageState.SWAPPED: Kind.SWAPPED,
    PageState.GUARD: Kind.GUARD,
    PageState.MARKER: Kind.MARKER,
    PageState.UNCOUNTED: Kind.ZERO,
    PageState.HUGETLB: Kind.HUGETLB,
}

# As many pages are taken at a time, so that what is needed on the way does
# not grow with the process.
_PAGES = 1 << 20


def _bits_of_entry(top: int) -> int:
    # Bit 63 is present, 61 file or shared memory, 56 mapped once.
    if not top & 0x80:
        return 0
    return (_IS_FILE if top & 0x20 else 0) | (_EXCLUSIVE if top & 0x01 else 0)


def _class_of_count(count: int) -> int:
    return ((count >= 2) + (count >= 3) + (count >= 10)) << _SHARERS


def _kind(byte: int) -> Kind:
    state = STATES.get(byte & 0x0F, PageState.ABSENT)
    if state in _ALONE:
        return _ALONE[state]
    is_file = bool(byte & _IS_FILE)
    if state is PageState.UNKNOWN:
        if byte & _EXCLUSIVE:
            return Kind.FILE_PRIVATE if is_file else Kind.ANON_PRIVATE
        return Kind.FILE_PRESENT if is_file else Kind.ANON_PRESENT
    return (_FILE if is_file else _ANON)[byte >> _SHARERS & 3]


_BITS_OF_ENTRY = table_of(_bits_of_entry)
_CLASS_OF_COUNT = table_of(_class_of_count)
_MANY_IF_ANY = table_of(lambda high: _MANY if high else 0)
_KIND = table_of(_kind)
# Codes of 16 and more would reach into the bits above them.
assert max(CODES.values()) < _IS_FILE  # noqa: S101


def kinds_of(table: PageTable) -> bytes:
    """
    One byte for the :class:`Kind` of each page, in the order of the pages.
    """
    return b"".join(
        _kinds_of(table[first : first + _PAGES])
        for first in range(0, len(table), _PAGES)
    )


def _kinds_of(table: PageTable) -> bytes:
    codes = table.states
    top = bytes(table.entries.cast("B")[TOP::8])
    codes = either(codes, top.translate(_BITS_OF_ENTRY))
    if table.counts is not None:
        raw = table.counts.cast("B")
        low, *higher = range(4) if LITTLE else range(3, -1, -1)
        codes = either(codes, bytes(raw[low::4]).translate(_CLASS_OF_COUNT))
        for place in higher:
            high = bytes(raw[place::4])
            if high.strip(b"\0"):
                codes = either(codes, high.translate(_MANY_IF_ANY))
    return codes.translate(_KIND)


def counted(kinds: bytes) -> dict[Kind, int]:
    """
    How many pages are of each kind that occurs.
    """
    return {Kind(code): pages for code, pages in histogram(kinds).items()}
