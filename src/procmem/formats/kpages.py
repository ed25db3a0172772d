"""
``/proc/kpagecount``, ``kpageflags`` and ``kpagecgroup``: one 64-bit word for
every page frame of the machine.

Source: ``fs/proc/page.c``.
"""

from __future__ import annotations

from procmem.errors import ParseError
from procmem.formats.words import WORD, ByteOrder, words

__all__ = ["parse_kpagecgroup", "parse_kpagecount", "parse_kpageflags"]


def parse_kpagecount(data: bytes, *, byteorder: ByteOrder) -> memoryview:
    """
    How many mappings each frame has, all processes together.

    It counts mappings, not processes: a page that one process maps twice has
    2.  The zero page, memory of the kernel and what is no memory have 0.

    Args:
        data: A piece of ``/proc/kpagecount``.

        byteorder: Of the machine it is from.

    Returns:
        One integer a frame, as a read-only buffer of format ``"Q"``.

    Raises:
        ParseError: If it is not a whole number of words.
    """
    return _words(data, "kpagecount", byteorder)


def parse_kpageflags(data: bytes, *, byteorder: ByteOrder) -> memoryview:
    """
    The flags of each frame: see :class:`~procmem.PageFlag`.

    Args:
        data: A piece of ``/proc/kpageflags``.

        byteorder: Of the machine it is from.

    Returns:
        One integer a frame, as a read-only buffer of format ``"Q"``.

    Raises:
        ParseError: If it is not a whole number of words.
    """
    return _words(data, "kpageflags", byteorder)


def parse_kpagecgroup(data: bytes, *, byteorder: ByteOrder) -> memoryview:
    """
    Which memory cgroup each frame is charged to: the inode number of its
    directory, 0 for none.

    Args:
        data: A piece of ``/proc/kpagecgroup``.

        byteorder: Of the machine it is from.

    Returns:
        One integer a frame, as a read-only buffer of format ``"Q"``.

    Raises:
        ParseError: If it is not a whole number of words.
    """
    return _words(data, "kpagecgroup", byteorder)


def _words(data: bytes, file: str, byteorder: ByteOrder) -> memoryview:
    if rest := len(data) % WORD:
        raise ParseError("the last word is cut short", file, 1, data[-rest:])
    return words(data, byteorder)
