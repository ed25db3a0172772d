"""
The totals of a process, from the shallowest file that has them.
"""

from __future__ import annotations

import time
from functools import partial

import attrs

from procmem.errors import UnsupportedError
from procmem.evidence import Evidence
from procmem.formats.smaps_rollup import rollup
from procmem.model.usage import Usage
from procmem.reading.lifecycle import first_sound, nothing
from procmem.sources.base import PinnedProcess

__all__ = ["read_total", "read_usage"]


def read_usage(process: PinnedProcess) -> Usage:
    """
    The kernel's totals: the rollup, or the sum of ``smaps`` without one.

    Raises:
        ProcessGoneError: If the process is gone.

        AccessDeniedError: If the kernel refuses.

        UnsupportedError: If it offers neither file.
    """
    started = time.perf_counter()
    try:
        usage = first_sound(process, "smaps_rollup", partial(_rollup, started))
    except UnsupportedError:
        from procmem.reading.summing import sum_of_smaps

        usage = first_sound(process, "smaps", sum_of_smaps)
    if usage is None:
        return Usage.zero(nothing(started))
    if _is_early(usage):
        from procmem.reading.summing import mended

        usage = mended(usage, process)
    elif usage.evidence.seconds is not None:
        return usage
    evidence = attrs.evolve(
        usage.evidence,
        method="kernel",
        seconds=time.perf_counter() - started,
    )
    return attrs.evolve(usage, evidence=evidence)


def _rollup(started: float, process: PinnedProcess, prefix: str) -> Usage | None:
    data = process.read(f"{prefix}smaps_rollup")
    if not data:
        return None
    evidence = Evidence(
        method="kernel",
        files=("smaps_rollup",),
        seconds=time.perf_counter() - started,
    )
    return rollup(data, evidence)


def _is_early(usage: Usage) -> bool:
    """
    Whether this is a rollup of Linux 4.14 to 4.18.

    Those print Pss as Locked, and keep of the swapped shared memory only that
    of the last mapping.  Kernels that print Pss_Anon do neither.
    """
    return (
        usage.evidence.files == ("smaps_rollup",)
        and usage.pss_anon is None
        and usage.locked is not None
        and usage.locked == usage.get("pss") != 0
    )


def read_total(process: PinnedProcess, name: str) -> int:
    """
    One counter of :func:`read_usage`, and the footprint also from the
    mappings, if the kernel prints no totals for it.

    Raises:
        UnsupportedError: If it cannot be known.
    """
    usage = read_usage(process)
    value = usage.get(name)
    if isinstance(value, int):
        return value
    if name == "footprint":
        from procmem import accounting
        from procmem.reading.listing import read_mappings

        return accounting.footprint(read_mappings(process))
    # Says what is missing.
    missing: int = getattr(usage, name)
    return missing
