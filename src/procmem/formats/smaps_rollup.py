"""
``/proc/PID/smaps_rollup``: the kernel's own sum over all mappings.

It adds up exactly and rounds once, at the end.  Since Linux 4.14.

Source: ``show_smaps_rollup()`` in ``fs/proc/task_mmu.c``.
"""

from __future__ import annotations

import re
from collections import abc
from operator import itemgetter
from typing import cast

import attrs

from procmem.errors import ParseError
from procmem.evidence import Evidence
from procmem.formats.blocks import tables
from procmem.formats.counters import COUNTER_KEYS
from procmem.model.bulk import build_rows
from procmem.model.usage import SLOTS, Usage

__all__ = ["parse_smaps_rollup", "rollup"]

_FILE = "smaps_rollup"
_EVIDENCE = Evidence(files=(_FILE,))
_HEADER = re.compile(rb"[0-9a-f]+-[0-9a-f]+ ---p 0+ 0+:0+ 0 +\[rollup\]\n")
_COUNTER = re.compile(rb"\n([A-Za-z_]+): *([0-9]{1,20}) kB(?=\n)")
_KIB = 1024
_NAMES = {key.encode(): name for key, name in COUNTER_KEYS.items()}

# A kernel prints the same keys in the same order all the time.
_MOST_LAYOUTS = 4


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
    for layout in _layouts:
        usage = layout(data, evidence)
        if usage is not None:
            return usage
    counters = _usual_counters(data)
    if counters is None:
        return _unusual(data, evidence)
    if len(_layouts) < _MOST_LAYOUTS:
        _layouts.append(_layout([key for key, _ in _COUNTER.findall(data)]))
    return Usage.of(counters, evidence=evidence)


_Layout = abc.Callable[[bytes, Evidence], Usage | None]
_layouts: list[_Layout] = []


def _layout(keys: abc.Sequence[bytes]) -> _Layout:
    """
    What takes a rollup of just these *keys* apart at once; it gives None for
    any other.

    All are known, and each is there once.
    """
    lines = b"".join(key + b": *([0-9]{1,20}) kB\n" for key in keys)
    match = re.compile(_HEADER.pattern + lines).fullmatch
    columns = [SLOTS[_NAMES[key]] for key in keys]
    columns += ["other", "evidence", "absent"]
    arrange = itemgetter(
        *(
            columns.index(field.name if field.name in columns else "absent")
            for field in attrs.fields(Usage)
        )
    )

    def read(data: bytes, evidence: Evidence) -> Usage | None:
        found = match(data)
        if found is None:
            return None
        sizes = [0 if d == b"0" else int(d) * _KIB for d in found.groups()]
        (usage,) = build_rows(Usage, [arrange((*sizes, (), evidence, None))])
        return usage

    return read


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
