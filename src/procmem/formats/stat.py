"""
``/proc/PID/stat``: some fifty numbers, and one name.

The name stands in parentheses and is not escaped: it may hold spaces,
newlines and parentheses.  Whatever follows the last ``)`` holds none.

Source: :manpage:`proc_pid_stat(5)`, ``do_task_stat()`` in
``fs/proc/array.c``.
"""

from __future__ import annotations

import re

from procmem.errors import ParseError
from procmem.formats.text import decode
from procmem.model.status import Stat

__all__ = ["parse_stat"]

# The 24th field is the last that is used; the 4th is the first in "rest".
_FIELDS = 22
_STAT = re.compile(
    rb"(?P<pid>[0-9]{1,20}) \((?P<name>.*)\)"
    rb" (?P<state>[A-Za-z])"
    rb"(?P<rest>(?: -?[0-9]{1,20}){21,})\s*",
    re.DOTALL,
)


def parse_stat(data: bytes, *, page_size: int) -> Stat:
    """
    Parse the content of a ``/proc/PID/stat`` file.

    Args:
        data: The whole file.

        page_size: Size of one page on the machine it is from, in bytes.

    Raises:
        ParseError: If it is not what the kernel prints, at least up to the
            24th field.
    """
    found = _STAT.fullmatch(data)
    # Without an end of line the last number might be the beginning of one.
    if found is None or (
        len(found["rest"].split()) < _FIELDS and not data.endswith(b"\n")
    ):
        raise ParseError("not a stat line", "stat", 1, data)
    # The numbers of fields in proc_pid_stat(5) begin at 1; the first two and
    # the state are not in this list.
    field = dict(enumerate(map(int, found["rest"].split()), start=4))
    return Stat(
        pid=int(found["pid"]),
        name=decode(found["name"]),
        state=decode(found["state"]),
        ppid=field[4],
        session=field[6],
        flags=field[9],
        minor_faults=field[10],
        child_minor_faults=field[11],
        major_faults=field[12],
        child_major_faults=field[13],
        threads=field[20],
        start_time=field[22],
        vsize=field[23],
        rss=field[24] * page_size,
    )
