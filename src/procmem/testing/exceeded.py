"""
``MemoryBudgetExceeded``: what a test fails with.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from procmem.differences.diff import Diff
    from procmem.testing.judging import Missed
    from procmem.testing.limits import LimitName, Metric
    from procmem.testing.measurement import Measurement

__all__ = ["MemoryBudgetExceeded"]


class MemoryBudgetExceeded(AssertionError):  # noqa: N818 (a budget is exceeded)
    """
    A block of code, a test or a program cost more memory than it may.

    Its text says in the first line what, by how much and of whom, and then
    what grew.  It can be pickled, with all that was measured.

    Attributes:
        measurement: All that was measured.

        missed: The limits that were not kept, the worst first.

        saved: The files with what there was before and after, readable with
            ``procmem diff``; empty if that was not asked for.
    """

    # As a user finds it, in tracebacks too.
    __module__ = "procmem.testing"

    def __init__(
        self,
        measurement: Measurement,
        missed: tuple[Missed, ...],
        saved: tuple[Path, ...] = (),
    ) -> None:
        # All arguments, so that it can be pickled.
        super().__init__(measurement, missed, saved)
        self.measurement = measurement
        self.missed = missed
        self.saved = saved

    @property
    def limit(self) -> int:
        """
        The limit that was missed worst, in bytes.
        """
        return self.missed[0].limit

    @property
    def value(self) -> int:
        """
        What was there instead, in bytes.
        """
        return self.missed[0].value

    @property
    def which(self) -> LimitName:
        """
        Which limit that is: ``"limit"``, ``"peak"``, ``"growth"``, ``"swap"``
        or ``"hugetlb"``.
        """
        return self.missed[0].what

    @property
    def metric(self) -> Metric:
        """
        What was counted.
        """
        return self.measurement.metric

    @property
    def diff(self) -> Diff:
        """
        What changed from the start to the end of the block.
        """
        return self.measurement.diff

    def __str__(self) -> str:
        from procmem.testing.message import failure

        return failure(self.measurement, self.missed, self.saved)
