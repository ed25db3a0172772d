"""
How much is measured: the same benchmarks, larger or smaller.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scale:
    """
    Attributes:
        rounds: How often each pair of calls is timed.

        starts: How often each pair of fresh interpreters or commands is.

        sample: Seconds that one timing lasts at least.  A call that takes
            less is repeated.

        blocks: Memory of the processes whose totals are asked for, in MiB.

        mappings: Mappings of the process whose mappings are asked for.

        processes: How many processes are scanned.

        texts: Lengths of the texts that are parsed to see how much memory
            that needs, in bytes.

        pages: Memory of the processes whose pages are counted, in MiB.

        resident: Memory of the process whose pages are counted to see how
            much memory that needs, in MiB.

        grown: How far a process grows while it is watched, in MiB.
    """

    rounds: int
    starts: int
    sample: float
    blocks: tuple[int, ...]
    mappings: int
    processes: int
    texts: tuple[int, ...]
    pages: int
    resident: int
    grown: int


FULL = Scale(
    rounds=31,
    starts=21,
    sample=0.01,
    blocks=(256, 1024),
    mappings=3000,
    processes=400,
    texts=(50_000, 200_000, 2_000_000, 20_000_000),
    pages=1024,
    resident=8192,
    grown=4096,
)
"""What the figures in the documentation are from."""

QUICK = Scale(
    rounds=9,
    starts=7,
    sample=0.002,
    blocks=(256,),
    mappings=3000,
    processes=400,
    texts=(2_000_000,),
    pages=256,
    resident=1024,
    grown=4096,
)
"""Good for a first look; the same limits, more noise."""

TINY = Scale(
    rounds=1,
    starts=1,
    sample=0.0001,
    blocks=(2,),
    mappings=40,
    processes=5,
    texts=(20_000,),
    pages=1,
    resident=2,
    grown=8,
)
"""Only shows that the benchmarks work."""
