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
    """

    rounds: int
    starts: int
    sample: float
    blocks: tuple[int, ...]
    mappings: int
    processes: int
    texts: tuple[int, ...]


FULL = Scale(
    rounds=31,
    starts=21,
    sample=0.01,
    blocks=(256, 1024),
    mappings=3000,
    processes=400,
    texts=(50_000, 200_000, 2_000_000, 20_000_000),
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
)
"""Good for a first look; the same limits, more noise."""

TINY = Scale(
    rounds=2,
    starts=1,
    sample=0.0001,
    blocks=(2,),
    mappings=40,
    processes=5,
    texts=(20_000,),
)
"""Only shows that the benchmarks work."""
