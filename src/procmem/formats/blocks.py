"""
The text of ``smaps`` and ``smaps_rollup`` taken apart.

Both print, below a line like that of ``maps``, one counter a line.  Which
counters there are, and in which order, changes from kernel to kernel; within
one file nearly all blocks look alike.  So the text becomes *tables*: a run of
blocks with the same keys in the same order is one list of lines, of which
every *n*-th is the same counter.  Taking every *n*-th element of a list,
looking a line up in a dict and adding a column up all happen in C, and a
process with thousands of mappings is read in little more time than the kernel
needs to print it.  A block that looks different is a table by itself.

Source: ``show_smap()`` and ``__show_smap()`` in ``fs/proc/task_mmu.c``.
"""

from __future__ import annotations

import re
from collections import abc

import attrs

from procmem.errors import ParseError
from procmem.formats.counters import Values
from procmem.formats.text import MalformedLineError, check_whole, piece_of

__all__ = ["Table", "tables"]

_HEADER_START = rb"[0-9a-f]+-[0-9a-f]+ "
_IS_HEADER = re.compile(_HEADER_START).match
_KEY = re.compile(rb"([!-9;-~]+):")

# The text is split in pieces of at most about this many bytes, so that what splitting
# needs (two to three times the text) does not grow with the process.
_PIECE = 128 * 1024


@attrs.frozen(kw_only=True)
class Table:
    """
    Some mappings in a row that have the same counters in the same order.

    Attributes:
        headers: The lines that begin their blocks.

        columns: For each key one value per mapping.
    """

    headers: list[bytes]
    columns: dict[str, list[object]]


def tables(data: bytes, file: str) -> abc.Iterator[Table]:
    """
    Take the text of *file* apart.  The headers are not looked into yet.

    Raises:
        ParseError: If a line below a header is not a counter.
    """
    check_whole(data, file)
    memo: dict[bytes, Values] = {}
    piece = piece_of(data, _PIECE)
    start, line_number = 0, 1
    while start < len(data):
        end = _start_of_block(data, start + piece)
        lines = data[start:end].split(b"\n")
        lines.pop()
        yield from _tables_of_piece(lines, memo, file, line_number)
        line_number += len(lines)
        start = end


def _start_of_block(data: bytes, position: int) -> int:
    """
    Where the first block after *position* begins, or the end of the text.
    """
    while (newline := data.find(b"\n", position)) >= 0:
        position = newline + 1
        if _IS_HEADER(data, position):
            return position
    return len(data)


def _tables_of_piece(
    lines: list[bytes], memo: dict[bytes, Values], file: str, line_number: int
) -> abc.Iterator[Table]:
    try:
        yield _table(lines, _length_of_block(lines, 0), memo)
    except MalformedLineError:
        # Not all blocks are alike, or something is wrong with one of them.
        start = 0
        while start < len(lines):
            block = lines[start : start + _length_of_block(lines, start)]
            try:
                table = _table(block, len(block), memo)
            except MalformedLineError as exc:
                raise ParseError(
                    exc.reason,
                    file,
                    line_number + start + exc.index,
                    block[exc.index],
                ) from None
            yield table
            start += len(block)


def _length_of_block(lines: list[bytes], start: int) -> int:
    for index in range(start + 1, len(lines)):
        if _IS_HEADER(lines[index]):
            return index - start
    return len(lines) - start


def _table(lines: list[bytes], length: int, memo: dict[bytes, Values]) -> Table:
    """
    The table of *lines*, if each block of it is *length* lines long and has
    the same keys as the first.

    Raises:
        MalformedLineError: If not, with the line of the first block at which
            that shows.
    """
    if length == 1 and not all(map(_IS_HEADER, lines)):
        raise MalformedLineError(0, "only some blocks have counters")
    if len(lines) % length:
        raise MalformedLineError(0, "the blocks differ in length")
    columns: dict[str, list[object]] = {}
    for index in range(1, length):
        found = _KEY.match(lines[index])
        if found is None:
            raise MalformedLineError(index, "not a counter")
        key = found[1]
        values = memo.get(key)
        if values is None:
            values = memo[key] = Values(key)
        if values.key in columns:
            raise MalformedLineError(index, "the counter is there twice")
        same = lines[index::length]
        try:
            # A line of another key is not in this memo, and refused by it.
            if same[0] == same[-1] and same.count(same[0]) == len(same):
                # Most counters are 0 everywhere, and comparing two lines
                # costs a third of looking one up.
                column = [values[same[0]]] * len(same)
            else:
                column = list(map(values.__getitem__, same))
        except ValueError as exc:
            raise MalformedLineError(index, str(exc)) from None
        columns[values.key] = column
    return Table(headers=lines[::length], columns=columns)
