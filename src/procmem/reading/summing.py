"""
Totals from ``smaps``, for kernels whose ``smaps_rollup`` is missing or wrong.
"""

from __future__ import annotations

import re

import attrs

from procmem import accounting
from procmem.flags import VmFlag
from procmem.formats.smaps import parse_smaps_total
from procmem.model.usage import Usage
from procmem.reading.listing import is_whole, read_mappings
from procmem.sources.base import PinnedProcess

__all__ = ["mended", "sum_of_smaps"]

# The header of a gate (listing.GATES); the path of a file might end like it.
_GATE = re.compile(
    rb"^([0-9a-f]+)-([0-9a-f]+) [^ ]+ 0+ 0+:0+ 0 +\[(?:vsyscall|vectors)\]$",
    re.MULTILINE,
)

_SUMMED = (
    "The sum of the mappings in smaps, of each of which the kernel rounds "
    "the proportional counters down to a kB."
)
_MENDED = (
    "Swap and Locked are from smaps: the smaps_rollup of this kernel has them wrong."
)


def sum_of_smaps(process: PinnedProcess, prefix: str) -> Usage | None:
    """
    The sum of a listing that is whole; None if it was empty or cut short.
    """
    with process.open(f"{prefix}smaps") as opened:
        data = opened.read()
        if not data:
            return None
        usage = parse_smaps_total(data)
        size = usage.size
        sizes = set[int]() if size is None else {size, size - _gates(data)}
        whole, notes = is_whole(process, prefix, opened, sizes)
    if not whole:
        return None
    evidence = attrs.evolve(
        usage.evidence,
        files=("smaps", "status"),
        notes=(_SUMMED, *notes),
    )
    return attrs.evolve(usage, evidence=evidence)


def _gates(smaps: bytes) -> int:
    """
    Size of what is listed in *smaps* without being a mapping.
    """
    # A block is well below this size, and a gate is the last.
    found = _GATE.search(smaps, max(0, len(smaps) - 4096))
    return int(found[2], 16) - int(found[1], 16) if found else 0


def mended(usage: Usage, process: PinnedProcess) -> Usage:
    """
    The rollup of Linux 4.14 to 4.18 with what it has wrong put right.
    """
    mappings = read_mappings(process)
    locked = [
        mapping
        for mapping in mappings
        if mapping.vm_flags is not None and VmFlag.LOCKED in mapping.vm_flags
    ]
    return attrs.evolve(
        usage,
        swap=accounting.swap(mappings),
        locked=accounting.pss(locked),
        evidence=attrs.evolve(
            usage.evidence,
            files=("smaps_rollup", "smaps", "status"),
            notes=(_MENDED,),
        ),
    )
