"""
``/proc/PID/status``: identity and cheap counters, one ``Key:`` a line.

Source: :manpage:`proc_pid_status(5)`, ``proc_pid_status()`` in
``fs/proc/array.c``.
"""

from __future__ import annotations

import re
from collections import abc

import attrs

from procmem.errors import ParseError
from procmem.formats.text import check_whole, decode, number
from procmem.model.status import Status

__all__ = ["parse_status"]

_KIB = 1024
# One tab belongs to the kernel; a name may begin with blanks of its own.
_LINE = re.compile(rb"(?P<key>[!-9;-~]+):\t?(?P<value>.*)", re.DOTALL)
# In the name the kernel escapes these two bytes, and nothing else.
_ESCAPED = re.compile(rb"\\(n|\\)")


def _name(value: bytes) -> str:
    return decode(_ESCAPED.sub(lambda m: b"\n" if m[1] == b"n" else b"\\", value))


def _state(value: bytes) -> str:
    # The letter comes first, and a word for it in parentheses.
    return decode(value[:1])


def _size(value: bytes) -> int:
    if not value.endswith(b" kB"):
        msg = "not a number of kB"
        raise ValueError(msg)
    return number(value[:-3]) * _KIB


def _numbers(value: bytes) -> tuple[int, ...]:
    return tuple(map(number, value.split(b"\t")))


def _switch(value: bytes) -> bool:
    return number(value) != 0


_FIELDS: dict[bytes, tuple[str, abc.Callable[[bytes], object]]] = {
    b"Name": ("name", _name),
    b"State": ("state", _state),
    b"Tgid": ("tgid", number),
    b"Pid": ("pid", number),
    b"PPid": ("ppid", number),
    b"Uid": ("uid", _numbers),
    b"Gid": ("gid", _numbers),
    b"Threads": ("threads", number),
    b"Kthread": ("kthread", _switch),
    b"VmPeak": ("vm_peak", _size),
    b"VmSize": ("vm_size", _size),
    b"VmLck": ("vm_lck", _size),
    b"VmPin": ("vm_pin", _size),
    b"VmHWM": ("vm_hwm", _size),
    b"VmRSS": ("vm_rss", _size),
    b"RssAnon": ("rss_anon", _size),
    b"RssFile": ("rss_file", _size),
    b"RssShmem": ("rss_shmem", _size),
    b"VmData": ("vm_data", _size),
    b"VmStk": ("vm_stk", _size),
    b"VmExe": ("vm_exe", _size),
    b"VmLib": ("vm_lib", _size),
    b"VmPTE": ("vm_pte", _size),
    b"VmPMD": ("vm_pmd", _size),
    b"VmSwap": ("vm_swap", _size),
    b"HugetlbPages": ("hugetlb_pages", _size),
    b"CoreDumping": ("core_dumping", _switch),
    b"THP_enabled": ("thp_enabled", _switch),
}


def parse_status(data: bytes) -> Status:
    """
    Parse the content of a ``/proc/PID/status`` file.

    Args:
        data: The whole file.

    Raises:
        ParseError: If a line is not one that the kernel would print, or
            there is none.
    """
    check_whole(data, "status")
    if not data:
        raise ParseError("nothing in it", "status", 1, b"")
    known: dict[str, object] = {}
    other: dict[str, str] = {}
    lines = data.split(b"\n")
    lines.pop()
    for line_number, line in enumerate(lines, start=1):
        found = _LINE.fullmatch(line)
        if found is None:
            raise ParseError("not a field", "status", line_number, line)
        name, read = _FIELDS.get(found["key"], (None, decode))
        key = name or decode(found["key"])
        target: dict[str, object] = known if name else other  # type: ignore[assignment]
        if key in target:
            reason = "the field is there twice"
            raise ParseError(reason, "status", line_number, line)
        try:
            value = found["value"]
            target[key] = read(value if name == "name" else value.lstrip(b" \t"))
        except ValueError as exc:
            raise ParseError(str(exc), "status", line_number, line) from None
    return attrs.evolve(Status(**known), other=tuple(sorted(other.items())))  # type: ignore[arg-type]
