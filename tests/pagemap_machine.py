"""
A small machine with page tables, for the tests of ``procmem pages``.
"""

from __future__ import annotations

import struct

import pytest

import procmem
from procmem.cli import output
from procmem.errors import AccessDeniedError
from tests.cli_machine import denied, kernel_thread, status, zombie

_HEAP = b"00010000-00014000 rw-p 00000000 00:00 0      [heap]\n"
_LIBRARY = b"00014000-00016000 r-xp 00000000 08:01 7      /lib/<b>\x1b[31m.so\n"
_MAPS = _HEAP + _LIBRARY
_FLAGS = b"KernelPageSize: 4 kB\nVmFlags: rd \n"
_SMAPS = _HEAP + b"Size: 16 kB\n" + _FLAGS + _LIBRARY + b"Size: 8 kB\n" + _FLAGS

_PRESENT, _FILE, _ONCE = 1 << 63, 1 << 61, 1 << 56
# Five pages are mapped once, twice, not at all, swapped out, of a file that
# many share; the last is not there.
_ENTRIES = [
    _PRESENT | _ONCE | 0x100,
    _PRESENT | 0x101,
    0,
    1 << 62 | 3 << 5,
    _PRESENT | _FILE | 0x102,
    0,
]
_COUNTS = {0x100: 1, 0x101: 2, 0x102: 40}
_FRAME_BITS = (1 << 55) - 1


def pages_machine(*, frames: bool = True, name: bytes = b"worker") -> procmem.InMemory:
    """
    A process with six pages, one with odd files, and one without memory.
    """
    entries = _ENTRIES if frames else [word & ~_FRAME_BITS for word in _ENTRIES]
    pagemap = bytes(8 * 0x10) + struct.pack("<6Q", *entries)
    return procmem.InMemory(
        processes={
            1: {
                "status": status(name=name),
                "maps": _MAPS,
                "smaps": _SMAPS,
                "pagemap": pagemap,
            },
            2: {**kernel_thread(), "maps": b"", "smaps": b"", "pagemap": b""},
            3: {
                **denied(3),  # type: ignore[dict-item]
                "maps": AccessDeniedError(3, "maps", "the same user"),
            },
            4: {**zombie(), "maps": b"", "smaps": b"", "pagemap": b""},
        },
        frame_files={"kpagecount": _COUNTS} if frames else {},
    )


def terminal(
    monkeypatch: pytest.MonkeyPatch, *, width: int | None = 80, **variables: str
) -> None:
    """
    Have the output be a terminal, or nothing of that kind.
    """
    monkeypatch.setattr(output, "width", lambda: width)
    for name in ("TERM", "COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
