"""
``/proc/PID/maps``: one line for each mapping.

Source: :manpage:`proc_pid_maps(5)`, ``show_map()`` in
``fs/proc/task_mmu.c``.
"""

from __future__ import annotations

from procmem.errors import ParseError
from procmem.formats.headers import header_columns
from procmem.formats.text import MalformedLineError, check_whole, piece_of
from procmem.model.bulk import build
from procmem.model.mapping import Mapping

__all__ = ["parse_maps"]

# The text is split in pieces of at most about this many bytes, to bound the
# memory that this needs.
_PIECE = 128 * 1024


def parse_maps(data: bytes) -> tuple[Mapping, ...]:
    """
    Parse the content of a ``/proc/PID/maps`` file.

    Args:
        data: The whole file.

    Returns:
        The mappings in the order of the file, without usage.  Empty for what
        has no address space (kernel threads, zombies).

    Raises:
        ParseError: If a line is not one that the kernel would print.
    """
    check_whole(data, "maps")
    mappings: list[Mapping] = []
    piece = piece_of(data, _PIECE)
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + piece) + 1 or len(data)
        lines = data[start:end].split(b"\n")
        lines.pop()
        try:
            columns = header_columns(lines)
        except MalformedLineError as exc:
            line_number = len(mappings) + exc.index + 1
            line = lines[exc.index]
            raise ParseError(exc.reason, "maps", line_number, line) from None
        mappings += build(Mapping, len(lines), columns)
        start = end
    return tuple(mappings)
