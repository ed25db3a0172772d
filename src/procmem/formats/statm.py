"""
``/proc/PID/statm``: seven numbers of pages.

Source: :manpage:`proc_pid_statm(5)`, ``proc_pid_statm()`` in
``fs/proc/array.c``.
"""

from __future__ import annotations

from procmem.errors import ParseError
from procmem.formats.text import number
from procmem.model.status import Statm

__all__ = ["parse_statm"]


def parse_statm(data: bytes, *, page_size: int) -> Statm:
    """
    Parse the content of a ``/proc/PID/statm`` file.

    Args:
        data: The whole file.

        page_size: Size of one page on the machine it is from, in bytes.

    Raises:
        ParseError: If it is not seven numbers.
    """
    line = data.removesuffix(b"\n")
    try:
        size, resident, shared, text, lib, pages, dirty = (
            number(word) * page_size for word in line.split(b" ")
        )
    except ValueError:
        raise ParseError("not seven numbers", "statm", 1, line) from None
    return Statm(
        size=size,
        resident=resident,
        shared=shared,
        text=text,
        lib=lib,
        data=pages,
        dirty=dirty,
    )
