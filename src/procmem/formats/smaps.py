"""
``/proc/PID/smaps``: for each mapping its line of ``maps``, and below it one
counter a line.

Source: :manpage:`proc_pid_smaps(5)`, ``show_smap()`` in
``fs/proc/task_mmu.c``.
"""

from __future__ import annotations

from collections import abc
from typing import cast

from procmem.errors import ParseError
from procmem.evidence import Evidence
from procmem.formats.blocks import Table, tables
from procmem.formats.counters import COUNTER_KEYS
from procmem.formats.headers import header_columns
from procmem.formats.text import MalformedLineError
from procmem.model.bulk import build
from procmem.model.mapping import Mapping
from procmem.model.usage import SLOTS, Usage

__all__ = ["parse_smaps", "parse_smaps_total"]

_EVIDENCE = Evidence(files=("smaps",))

# What describes a mapping and is not an amount of memory in it.
_ATTRIBUTES = {
    "KernelPageSize": "kernel_page_size",
    "MMUPageSize": "mmu_page_size",
    "THPeligible": "thp_eligible",
    "ProtectionKey": "protection_key",
    "VmFlags": "vm_flags",
    "Name": "name",
}


def parse_smaps(data: bytes) -> tuple[Mapping, ...]:
    """
    Parse the content of a ``/proc/PID/smaps`` file.

    Args:
        data: The whole file.

    Returns:
        The mappings in the order of the file, with their usage.  Empty for
        what has no address space (kernel threads, zombies).

    Raises:
        ParseError: If a line is not one that the kernel would print.
    """
    mappings: list[Mapping] = []
    line_number = 1
    for table in tables(data, "smaps"):
        count = len(table.headers)
        try:
            columns = header_columns(table.headers)
        except MalformedLineError as exc:
            raise _at(exc, table, line_number) from None
        columns["usage"] = list[object](_usages(table))
        names = columns["name"]
        for key, attribute in _ATTRIBUTES.items():
            if key in table.columns:
                columns[attribute] = table.columns[key]
        if "Name" in table.columns:
            # Kernels of Android name anonymous memory on a line of its own.
            pairs = zip(names, table.columns["Name"], strict=True)
            columns["name"] = [name or other for name, other in pairs]
        mappings += build(Mapping, count, columns)
        line_number += count * (len(table.columns) + 1)
    return tuple(mappings)


def parse_smaps_total(data: bytes) -> Usage:
    """
    Add up a ``/proc/PID/smaps`` file without making objects of its mappings.

    It is what :func:`procmem.accounting.total` makes of :func:`parse_smaps`,
    in half the time.  The kernel rounds the proportional counters of every
    mapping down to a kB, so their totals are up to one kB a mapping lower
    than those of ``smaps_rollup``.

    Args:
        data: The whole file.

    Raises:
        ParseError: If a line is not one that the kernel would print.
    """
    totals: dict[str, int] | None = None
    line_number = 1
    for table in tables(data, "smaps"):
        try:
            header_columns(table.headers)
        except MalformedLineError as exc:
            raise _at(exc, table, line_number) from None
        sums = {
            key: sum(cast("list[int]", column))
            for key, column in table.columns.items()
            if key in COUNTER_KEYS or _are_sizes(key, column)
        }
        # What is missing in one mapping is missing in the sum.
        totals = {
            key: total + totals.get(key, 0) if totals else total
            for key, total in sums.items()
            if totals is None or key in totals
        }
        line_number += len(table.headers) * (len(table.columns) + 1)
    if totals is None:
        return Usage.zero(_EVIDENCE)
    other = {key: totals[key] for key in totals.keys() - COUNTER_KEYS.keys()}
    return Usage.of(
        {COUNTER_KEYS[key]: totals[key] for key in totals.keys() - other.keys()},
        other=tuple(sorted(other.items())),
        evidence=_EVIDENCE,
    )


def _are_sizes(key: str, column: list[object]) -> bool:
    """
    Whether the values of an unknown key can be added up.
    """
    return key not in _ATTRIBUTES and all(isinstance(v, int) for v in column)


def _at(exc: MalformedLineError, table: Table, line_number: int) -> ParseError:
    line_number += exc.index * (len(table.columns) + 1)
    return ParseError(exc.reason, "smaps", line_number, table.headers[exc.index])


def _usages(table: Table) -> list[Usage]:
    columns: dict[str, abc.Iterable[object]] = {
        "evidence": [_EVIDENCE] * len(table.headers)
    }
    unknown: list[str] = []
    for key, column in table.columns.items():
        if key in COUNTER_KEYS:
            columns[SLOTS[COUNTER_KEYS[key]]] = column
        elif key not in _ATTRIBUTES:
            unknown.append(key)
    if unknown:
        unknown.sort()
        rows = zip(*(table.columns[key] for key in unknown), strict=True)
        columns["other"] = [tuple(zip(unknown, row, strict=True)) for row in rows]
    return build(Usage, len(table.headers), columns)
