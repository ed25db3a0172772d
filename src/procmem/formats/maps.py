"""
``/proc/PID/maps``: one line for each mapping.

Source: :manpage:`proc_pid_maps(5)`, ``show_map()`` in
``fs/proc/task_mmu.c``.
"""

from __future__ import annotations

from procmem.errors import ParseError
from procmem.formats.headers import header_columns
from procmem.formats.text import MalformedLineError, check_whole
from procmem.model.bulk import build
from procmem.model.mapping import Mapping

__all__ = ["parse_maps"]

# As many lines are taken apart at a time, to bound the memory it needs.
_LINES = 1024


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
    lines = data.split(b"\n")
    lines.pop()
    mappings: list[Mapping] = []
    for first in range(0, len(lines), _LINES):
        some = lines[first : first + _LINES]
        try:
            columns = header_columns(some)
        except MalformedLineError as exc:
            index = exc.index
            raise ParseError(
                exc.reason, "maps", first + index + 1, some[index]
            ) from None
        mappings += build(Mapping, len(some), columns)
    return tuple(mappings)
