"""
The line that ``maps`` prints for a mapping, and that heads its block in
``smaps``: the same function of the kernel writes both.
"""

from __future__ import annotations

import operator
import re
from collections import abc
from itertools import repeat

from procmem.flags import Permissions
from procmem.formats.text import MalformedLineError, decode

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


class _Memo(dict[bytes, object]):
    """
    A function of bytes that is asked the same few questions again and again.
    """

    __slots__ = ("_answer",)

    def __init__(self, answer: abc.Callable[[bytes], object]) -> None:
        self._answer = answer

    def __missing__(self, text: bytes) -> object:
        answer = self[text] = self._answer(text)
        return answer


def _device(text: bytes) -> tuple[int, int]:
    major, minor = text.split(b":")
    return int(major, 16), int(minor, 16)


def _permissions(text: bytes) -> Permissions:
    return Permissions(text.decode("ascii"))


def _name(text: bytes) -> str | None:
    return decode(text) or None


def header_columns(lines: list[bytes]) -> dict[str, list[object]]:
    """
    The fields of many header lines, as columns named like the attributes of
    :class:`~procmem.Mapping`.

    Raises:
        MalformedLineError: With the index of the first that is not one.
    """
    # One findall() over the joined lines costs half of a match for each.
    rows = _HEADER.findall(b"\n".join(lines))
    if len(rows) != len(lines):
        for index, line in enumerate(lines):
            if _HEADER.fullmatch(line) is None:
                raise MalformedLineError(index, "not a mapping")
    starts, ends, permissions, offsets, devices, inodes, names = zip(*rows, strict=True)
    start = list(map(int, starts, repeat(16)))
    end = list(map(int, ends, repeat(16)))
    if any(map(operator.le, end, start)):
        index = list(map(operator.le, end, start)).index(True)
        raise MalformedLineError(index, "the end is not past the start")
    return {
        "start": list[object](start),
        "end": list[object](end),
        "permissions": list(map(_Memo(_permissions).__getitem__, permissions)),
        "offset": list(map(int, offsets, repeat(16))),
        "device": list(map(_Memo(_device).__getitem__, devices)),
        "inode": list(map(int, inodes)),
        "name": list(map(_Memo(_name).__getitem__, names)),
    }
