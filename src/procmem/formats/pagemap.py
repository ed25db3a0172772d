"""
``/proc/PID/pagemap``: one 64-bit word for every page of an address space.

Source: ``pagemap_read()`` in ``fs/proc/task_mmu.c``,
Documentation/admin-guide/mm/pagemap.rst.
"""

from __future__ import annotations

from procmem.errors import ParseError
from procmem.formats.words import WORD, ByteOrder, words
from procmem.pagetable.table import Extent, PageTable

__all__ = ["parse_pagemap"]


def parse_pagemap(
    data: bytes, *, start: int, page_size: int, byteorder: ByteOrder
) -> PageTable:
    """
    Parse a piece of a ``/proc/PID/pagemap`` file.

    Args:
        data: The piece.

        start: Address of its first page.

        page_size: Size of one page on the machine it is from, in bytes.

        byteorder: Of that machine.

    Returns:
        The pages, without how many share them.

    Raises:
        ParseError: If it is not a whole number of words.
    """
    if rest := len(data) % WORD:
        reason = "the last word is cut short"
        raise ParseError(reason, "pagemap", 1, data[-rest:])
    extent = Extent(start=start, pages=len(data) // WORD)
    return PageTable(
        entries=words(data, byteorder), extents=(extent,), page_size=page_size
    )
