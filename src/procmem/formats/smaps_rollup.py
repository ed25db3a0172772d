"""
``/proc/PID/smaps_rollup``: the kernel's own sum over all mappings.

It adds up exactly and rounds once, at the end.  Since Linux 4.14.

Source: ``show_smaps_rollup()`` in ``fs/proc/task_mmu.c``.
"""

from __future__ import annotations

import re
from typing import cast

from procmem.errors import ParseError
from procmem.evidence import Evidence
from procmem.formats.blocks import tables
from procmem.formats.counters import COUNTER_KEYS
from procmem.model.usage import Usage

__all__ = ["parse_smaps_rollup", "rollup"]

_FILE = "smaps_rollup"
_EVIDENCE = Evidence(files=(_FILE,))
_HEADER = re.compile(rb"[0-9a-f]+-[0-9a-f]+ ---p 0+ 0+:0+ 0 +\[rollup\]\n")
_COUNTER = re.compile(rb"\n([A-Za-z_]+): *([0-9]{1,20}) kB(?=\n)")
_KIB = 1024
_NAMES = {key.encode(): name for key, name in COUNTER_KEYS.items()}


def parse_smaps_rollup(data: bytes) -> Usage:
    """
    Parse the content of a ``/proc/PID/smaps_rollup`` file.

    Args:
        data: The whole file.

    Raises:
        ParseError: If a line is not one that the kernel would print; also if
            there is none: where there is no address space the kernel does
            not give an empty file but an error.
    """
    return rollup(data, _EVIDENCE)


def rollup(data: bytes, evidence: Evidence) -> Usage:
    """
    The same with *evidence* of the caller's.
    """
    counters = _usual_counters(data)
    if counters is not None:
        return Usage.of(counters, evidence=evidence)
    return _unusual(data, evidence)


def _usual_counters(data: bytes) -> dict[str, int] | None:
    """
    The counters of a rollup that holds nothing else; else None.
    """
    if _HEADER.match(data) is None or not data.endswith(b"\n"):
        return None
    rows = _COUNTER.findall(data)
    counters = {_NAMES.get(key, ""): int(digits) * _KIB for key, digits in rows}
    # All lines but the first are counters, all known, none there twice.
    if data.count(b"\n") == len(rows) + 1 == len(counters) + 1 and "" not in counters:
        return counters
    return None


def _unusual(data: bytes, evidence: Evidence) -> Usage:
    found = list(tables(data, _FILE))
    if not found:
        raise ParseError("nothing in it", _FILE, 1, b"")
    if _HEADER.fullmatch(found[0].headers[0] + b"\n") is None:
        raise ParseError("not the header of a rollup", _FILE, 1, found[0].headers[0])
    columns = found[0].columns
    headers = [header for table in found for header in table.headers]
    if len(headers) > 1:
        raise ParseError("a second header", _FILE, len(columns) + 2, headers[1])
    counters: dict[str, int] = {}
    other: list[tuple[str, int | str]] = []
    for key, column in columns.items():
        if key in COUNTER_KEYS:
            counters[COUNTER_KEYS[key]] = cast("int", column[0])
        else:
            other.append((key, _kept(column[0])))
    return Usage.of(counters, other=tuple(sorted(other)), evidence=evidence)


def _kept(value: object) -> int | str:
    """
    A value that no rollup has had so far, in a form that can be kept.
    """
    if isinstance(value, frozenset):
        return " ".join(sorted(cast("frozenset[str]", value)))
    return value if isinstance(value, int | str) else ""
