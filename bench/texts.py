"""
Texts like those of ``maps`` and ``smaps``, of any length.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

# Those that differ from mapping to mapping in most processes.
_LIVELY = (
    "Rss",
    "Pss",
    "Pss_Dirty",
    "Shared_Clean",
    "Shared_Dirty",
    "Private_Clean",
    "Private_Dirty",
    "Referenced",
    "Anonymous",
)
_COUNTERS = (
    *_LIVELY,
    "KSM",
    "LazyFree",
    "AnonHugePages",
    "ShmemPmdMapped",
    "FilePmdMapped",
    "Shared_Hugetlb",
    "Private_Hugetlb",
    "Swap",
    "SwapPss",
    "Locked",
)


def maps(length: int) -> bytes:
    """
    About *length* bytes of ``maps``.
    """
    return _until(length, lambda start, rng: _header(start, rng)[0])


def smaps(length: int) -> bytes:
    """
    About *length* bytes of ``smaps`` as a kernel prints it: half of the
    counters differ from mapping to mapping, the others are nearly always 0.
    """
    return _until(length, lambda start, rng: _block(start, rng, _LIVELY))


def distinct_smaps(length: int) -> bytes:
    """
    About *length* bytes of ``smaps`` in which no two lines are alike, which
    no process will ever have.
    """
    return _until(length, lambda start, rng: _block(start, rng, _COUNTERS))


def mixed_smaps(length: int) -> bytes:
    """
    About *length* bytes of ``smaps`` whose blocks take turns at having a
    protection key and having none, as no one kernel prints them.
    """

    def block(start: int, rng: random.Random) -> str:
        text = _block(start, rng, _LIVELY)
        if rng.random() < 0.5:
            text = text.replace("VmFlags", "ProtectionKey:         0\nVmFlags")
        return text

    return _until(length, block)


def _until(length: int, text: Callable[[int, random.Random], str]) -> bytes:
    return "".join(_some(length, text)).encode()


def _some(length: int, text: Callable[[int, random.Random], str]) -> Iterator[str]:
    rng = random.Random(length)
    start = 0x5500_0000_0000
    while length > 0:
        piece = text(start, rng)
        yield piece
        start += 0x4000_0000
        length -= len(piece)


def _header(start: int, rng: random.Random) -> tuple[str, int]:
    kib = 4 * rng.randint(1, 100_000)
    permissions = rng.choice(("r--p", "r-xp", "rw-p", "---p", "rw-s"))
    file = rng.randint(0, 300)
    fields = f"{start:x}-{start + kib * 1024:x} {permissions}"
    if file < 150:
        return f"{fields} 00000000 00:00 0 \n", kib
    offset = f"{rng.randint(0, 100):05x}000"
    name = f"/usr/lib/x86_64-linux-gnu/lib{file}.so.{file % 7}"
    return f"{fields} {offset} fe:00 {260000 + file}".ljust(73) + f"{name}\n", kib


def _block(start: int, rng: random.Random, lively: tuple[str, ...]) -> str:
    header, kib = _header(start, rng)
    # Small numbers are frequent, as they are in life.
    most = 10 ** rng.randint(1, 6) if len(lively) < len(_COUNTERS) else 10**9
    lines = [header, _line("Size", kib), _line("KernelPageSize", 4)]
    lines.append(_line("MMUPageSize", 4))
    lines += [
        _line(key, rng.randint(0, most) if key in lively else 0) for key in _COUNTERS
    ]
    flags = rng.choice(("rd mr mw me", "rd wr mr mw me ac sd", "rd ex mr mw me sd"))
    lines.append(f"THPeligible:           0\nVmFlags: {flags} \n")
    return "".join(lines)


def _line(key: str, kib: int) -> str:
    return f"{key + ':':16}{kib:8} kB\n"
