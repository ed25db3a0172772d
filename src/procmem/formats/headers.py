"""
The line that ``maps`` prints for a mapping, and that heads its block in
``smaps``: the same function of the kernel writes both.
"""

from __future__ import annotations

import operator
import re
import struct
from binascii import unhexlify
from itertools import repeat
from operator import itemgetter

from procmem.flags import Permissions
from procmem.formats.text import MalformedLineError, Memo, decode, number

__all__ = ["header_columns"]

# show_vma_header_prefix() in fs/proc/task_mmu.c prints the addresses with at
# least 8 hexadecimal digits, the numbers of the device with at least 2; some
# vendors' kernels print fewer.  seq_file pads the name to a column, so any
# number of spaces may come before it, but spaces *inside* and after a name
# are data, as is every other byte except the newline, which the kernel
# prints as \012.  A mapping without a name ends in one space.  The fourth
# letter of the permissions is "p" or "s" on Linux; WSL1 prints "-".
_HEADER = re.compile(
    rb"^([0-9a-f]+)-([0-9a-f]+)"  # start and end
    rb" ([r-][w-][x-][ps-])"  # permissions
    rb" ([0-9a-f]+)"  # offset
    rb" ([0-9a-f]+:[0-9a-f]+)"  # device
    rb" ([0-9]{1,20})"  # inode
    rb"(?: +([^ \n][^\n]*)?)?$",  # name
    re.MULTILINE,
)


_HEXADECIMAL = re.compile(rb"[0-9a-f]+").fullmatch
_DEVICE = re.compile(rb"([0-9a-f]+):([0-9a-f]+)").fullmatch
_NOT_ONE = "not a mapping"


def _device(text: bytes) -> tuple[int, int]:
    found = _DEVICE(text)
    if found is None:
        raise ValueError(_NOT_ONE)
    return int(found[1], 16), int(found[2], 16)


def _offset(text: bytes) -> int:
    if _HEXADECIMAL(text) is None:
        raise ValueError(_NOT_ONE)
    return int(text, 16)


def _permissions(text: bytes) -> Permissions:
    return Permissions(text.decode("ascii"))


def _name(text: bytes) -> str | None:
    return decode(text.lstrip(b" ")) or None


def header_columns(lines: list[bytes]) -> dict[str, list[object]]:
    """
    The fields of many header lines, as columns named like the attributes of
    :class:`~procmem.Mapping`.

    Raises:
        MalformedLineError: With the index of the first that is not one.
    """
    try:
        return _of_usual(lines)
    except ValueError:
        return _of_any(lines)


# Two addresses of twelve digits, as most processes of 64-bit machines have
# nothing else; the gate of x86 (sixteen digits) is the last of all lines.
_USUAL = 25


def _of_usual(lines: list[bytes]) -> dict[str, list[object]]:
    """
    The same for lines that are as usual, in half of the time.

    Raises:
        ValueError: If a line is unusual or malformed.
    """
    addresses = [line[:_USUAL] for line in lines]
    digits = b"-" + b"-".join(addresses)
    # A hyphen before every address, and nowhere else.
    hyphens = b"-" * (2 * len(lines))
    if (
        set(map(len, addresses)) != {_USUAL}
        or digits[:: (_USUAL + 1) // 2] != hyphens
        or digits.count(b"-") != len(hyphens)
        or digits != digits.lower()
    ):
        raise ValueError(_NOT_ONE)
    # With four zeros in its place each becomes a 64-bit number.
    numbers = struct.unpack(
        f">{2 * len(lines)}Q", unhexlify(digits.replace(b"-", b"0000"))
    )
    start, end = numbers[::2], numbers[1::2]
    if any(map(operator.le, end, start)):
        raise ValueError(_NOT_ONE)
    return {
        "start": list(start),
        "end": list(end),
        **_rests([line[_USUAL:] for line in lines]),
    }


def _rests(rests: list[bytes]) -> dict[str, list[object]]:
    """
    The fields after the addresses; anonymous mappings differ in little else.

    Raises:
        ValueError: If one is malformed.
    """
    distinct = list(dict.fromkeys(rests))
    if len(distinct) > len(rests) // 2:
        # Libraries and the like: each line is another one.
        distinct = rests
    rows = [rest.split(b" ", 5) for rest in distinct]
    nothing, permissions, offsets, devices, inodes, names = zip(*rows, strict=True)
    if any(nothing):
        raise ValueError(_NOT_ONE)
    columns = {
        "permissions": list(map(Memo(_permissions).__getitem__, permissions)),
        "offset": list(map(Memo(_offset).__getitem__, offsets)),
        "device": list(map(Memo(_device).__getitem__, devices)),
        "inode": list(map(Memo(number).__getitem__, inodes)),
        "name": list(map(Memo(_name).__getitem__, names)),
    }
    if distinct is rests:
        return columns
    places = {rest: place for place, rest in enumerate(distinct)}
    rows_of = itemgetter(*map(places.__getitem__, rests))
    return {name: list(rows_of(column)) for name, column in columns.items()}


def _of_any(lines: list[bytes]) -> dict[str, list[object]]:
    # One findall() over the joined lines costs half of a match for each.
    rows = _HEADER.findall(b"\n".join(lines))
    if len(rows) != len(lines):
        for index, line in enumerate(lines):
            if _HEADER.fullmatch(line) is None:
                raise MalformedLineError(index, _NOT_ONE)
    starts, ends, permissions, offsets, devices, inodes, names = zip(*rows, strict=True)
    start = list(map(int, starts, repeat(16)))
    end = list(map(int, ends, repeat(16)))
    if any(map(operator.le, end, start)):
        index = list(map(operator.le, end, start)).index(True)
        raise MalformedLineError(index, "the end is not past the start")
    return {
        "start": list[object](start),
        "end": list[object](end),
        "permissions": list(map(Memo(_permissions).__getitem__, permissions)),
        "offset": list(map(int, offsets, repeat(16))),
        "device": list(map(Memo(_device).__getitem__, devices)),
        "inode": list(map(int, inodes)),
        "name": list(map(Memo(_name).__getitem__, names)),
    }
