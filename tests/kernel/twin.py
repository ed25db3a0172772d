"""
``smaps`` read line by line: slow, and too plain to be wrong.
"""

from __future__ import annotations

from typing import Any

import procmem
from tests.kernel.eras import COUNTERS

_HEXADECIMAL = b"0123456789abcdef"
_PRINTABLE = bytes(range(0x21, 0x7F))
_ATTRIBUTES = ("KernelPageSize", "MMUPageSize", "THPeligible", "ProtectionKey")
_PLAIN = ("THPeligible", "ProtectionKey")


class NotSmapsError(Exception):
    """
    A line is not the kernel's.
    """


def parse(data: bytes) -> tuple[procmem.Mapping, ...]:
    """
    What :func:`procmem.parse_smaps` should give.
    """
    *lines, rest = data.split(b"\n")
    if rest:
        raise NotSmapsError(rest)
    blocks: list[tuple[bytes, dict[str, Any]]] = []
    for line in lines:
        if _looks_like_header(line):
            blocks.append((line, {}))
            continue
        key, colon, value = line.partition(b":")
        if not blocks or not colon or not key or key.strip(_PRINTABLE):
            raise NotSmapsError(line)
        name = key.decode()
        if name in blocks[-1][1]:
            raise NotSmapsError(line)
        blocks[-1][1][name] = _value(name, value.lstrip(b" \t"))
    return tuple(_mapping(header, values) for header, values in blocks)


def _looks_like_header(line: bytes) -> bool:
    addresses, space, _ = line.partition(b" ")
    start, dash, end = addresses.partition(b"-")
    return bool(space and dash) and _is_hexadecimal(start) and _is_hexadecimal(end)


def _is_hexadecimal(text: bytes) -> bool:
    return bool(text) and not text.strip(_HEXADECIMAL)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _number(text: bytes) -> int:
    if not text or text.strip(b"0123456789") or len(text) > 20:
        raise NotSmapsError(text)
    return int(text)


def _value(key: str, text: bytes) -> object:
    if key == "VmFlags":
        return frozenset(_text(text).split())
    if key == "Name":
        return _text(text)
    if key in _PLAIN:
        number = _number(text)
        return number != 0 if key == "THPeligible" else number
    amount, kb, rest = text.partition(b" kB")
    is_size = kb and not rest and amount.isdigit() and len(amount) <= 20
    if is_size:
        return int(amount) * 1024
    if key in COUNTERS or key in _ATTRIBUTES:
        raise NotSmapsError(text)
    return _text(text)


def _mapping(header: bytes, values: dict[str, Any]) -> procmem.Mapping:
    try:
        addresses, permissions, offset, device, rest = header.split(b" ", 4)
        inode, _, name = rest.partition(b" ")
        start, end = (int(part, 16) for part in addresses.split(b"-"))
        major, minor = device.split(b":")
    except ValueError:
        raise NotSmapsError(header) from None
    if not all(map(_is_hexadecimal, (offset, major, minor))):
        raise NotSmapsError(header)
    known = {COUNTERS[key]: value for key, value in values.items() if key in COUNTERS}
    unknown = values.keys() - COUNTERS.keys() - {*_ATTRIBUTES, "VmFlags", "Name"}
    usage = procmem.Usage.of(
        known,
        other=tuple(sorted((key, values[key]) for key in unknown)),
    )
    try:
        return procmem.Mapping(
            start=start,
            end=end,
            permissions=procmem.Permissions(permissions.decode("ascii")),
            offset=int(offset, 16),
            device=(int(major, 16), int(minor, 16)),
            inode=_number(inode),
            name=_text(name.lstrip(b" ")) or values.get("Name") or None,
            usage=usage,
            vm_flags=values.get("VmFlags"),
            kernel_page_size=values.get("KernelPageSize"),
            mmu_page_size=values.get("MMUPageSize"),
            thp_eligible=values.get("THPeligible"),
            protection_key=values.get("ProtectionKey"),
        )
    except ValueError:
        # Permissions, and an end that is not past the start.
        raise NotSmapsError(header) from None
