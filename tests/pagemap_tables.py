"""
Page tables written as letters, one a page: those that the legend has.
"""

from __future__ import annotations

import array
from collections.abc import Mapping as Map
from typing import Literal

import procmem
from procmem.pagetable.table import Extent, PageTable
from procmem.render.pagemap.kinds import LOOKS, Kind

PAGE = 4096
BASE = 0x7F00_0000_0000
HUGE = 1 << 17

_PRESENT, _FILE, _ONCE = 1 << 63, 1 << 61, 1 << 56
_SWAPPED, _GUARD = 1 << 62, 1 << 58
_FRAME = 0x1234

KINDS = {look.letter: kind for kind, look in LOOKS.items()}

# For each letter the entry, and how many mappings its frame has.
_WORDS = {
    ".": (0, 0),
    "A": (_PRESENT | _ONCE | _FRAME, 1),
    "B": (_PRESENT | _FRAME, 2),
    "C": (_PRESENT | _FRAME, 9),
    "D": (_PRESENT | _FRAME, 10),
    "P": (_PRESENT | _FRAME, 0),
    "a": (_PRESENT | _FILE | _ONCE | _FRAME, 1),
    "b": (_PRESENT | _FILE | _FRAME, 2),
    "c": (_PRESENT | _FILE | _FRAME, 3),
    "d": (_PRESENT | _FILE | _FRAME, 70_000),
    "p": (_PRESENT | _FILE | _FRAME, 0),
    "S": (_SWAPPED | 5 << 5 | 1, 0),
    "0": (_PRESENT | _FRAME, 0),
    "H": (_PRESENT | _FRAME, 1),
    "G": (_SWAPPED | _GUARD, 0),
    "?": (_SWAPPED | 31, 0),
}


def column(words: list[int], code: Literal["I", "Q"]) -> memoryview:
    """
    Numbers as a column of a table.
    """
    return memoryview(array.array(code, words).tobytes()).cast(code)


def table(
    pages: str | Map[int, str],
    *,
    counts: bool = True,
    evidence: procmem.Evidence | None = None,
) -> PageTable:
    """
    A table of these pages, from :data:`BASE` on, or from several addresses.
    """
    places = {BASE: pages} if isinstance(pages, str) else pages
    letters = "".join(places.values())
    words = [_WORDS[letter] for letter in letters]
    return PageTable(
        entries=column([entry for entry, _ in words], "Q"),
        counts=column([count for _, count in words], "I") if counts else None,
        flags=(
            column([HUGE * (letter == "H") for letter in letters], "Q")
            if "H" in letters
            else None
        ),
        extents=tuple(Extent(start, len(some)) for start, some in places.items()),
        page_size=PAGE,
        evidence=evidence or procmem.Evidence(),
    )


def repeated(letters: str, times: int) -> PageTable:
    """
    A large table: the same pages again and again.
    """
    once = table(letters)
    assert once.counts is not None
    return PageTable(
        entries=memoryview(bytes(once.entries) * times).cast("Q"),
        counts=memoryview(bytes(once.counts) * times).cast("I"),
        extents=(Extent(BASE, len(letters) * times),),
        page_size=PAGE,
    )


def mapping(
    first: int,
    pages: int,
    name: str | None = None,
    permissions: str = "rw-p",
    *,
    inode: int = 0,
) -> procmem.Mapping:
    """
    A mapping that begins so many pages after :data:`BASE`.
    """
    return procmem.Mapping(
        start=BASE + first * PAGE,
        end=BASE + (first + pages) * PAGE,
        permissions=procmem.Permissions(permissions),
        name=name,
        inode=inode,
        device=(8, 1) if inode else (0, 0),
    )


def letters_of(kinds: bytes) -> str:
    """
    Kinds as letters.
    """
    return "".join(LOOKS[Kind(kind)].letter for kind in kinds)
