"""
What a benchmark yields: figures, or the reason why there is none.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """
    One thing measured several times.

    Attributes:
        what: What was measured, for example ``"procmem / raw read"``.

        unit: Of the values: ``"x"`` for a ratio of times.

        values: One a round.

        limit: What the median must not exceed; None if it is for information.

        aim: What it should not exceed.

        note: What else a reader should know.
    """

    what: str
    unit: str
    values: tuple[float, ...]
    limit: float | None = None
    aim: float | None = None
    note: str = ""

    @property
    def minimum(self) -> float:
        return min(self.values)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def holds(self) -> bool | None:
        """
        Whether the limit is kept; None if there is none.
        """
        return None if self.limit is None else self.median <= self.limit

    @property
    def verdict(self) -> str:
        if self.holds is None:
            return ""
        if not self.holds:
            return "MISSED"
        if self.aim is not None and self.median > self.aim:
            return "holds, aim missed"
        return "holds"


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """
    What could not be measured here, and why.
    """

    what: str
    reason: str


Measured = Iterator[Figure | Skipped]
"""What the function ``run`` of every benchmark gives."""
