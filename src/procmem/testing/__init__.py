"""
Memory budgets for tests: how much a block of code, a test or a program may
cost, its children included.

All names are loaded when they are first used, so that a test suite which
imports this module pays for what its tests ask for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from procmem.testing.budgets import Budget, budget
    from procmem.testing.cases import MemoryAssertions
    from procmem.testing.exceeded import MemoryBudgetExceeded
    from procmem.testing.growth import (
        GrowthReport,
        MemoryGrowthDetected,
        assert_no_growth,
    )
    from procmem.testing.leak import KnownLeak
    from procmem.testing.measurement import Measurement

__all__ = [
    "Budget",
    "GrowthReport",
    "KnownLeak",
    "Measurement",
    "MemoryAssertions",
    "MemoryBudgetExceeded",
    "MemoryGrowthDetected",
    "assert_no_growth",
    "budget",
]

# The same names as in the block for type checkers above; a test compares.
_LATER = {
    "budgets": {"Budget", "budget"},
    "cases": {"MemoryAssertions"},
    "exceeded": {"MemoryBudgetExceeded"},
    "growth": {"GrowthReport", "MemoryGrowthDetected", "assert_no_growth"},
    "leak": {"KnownLeak"},
    "measurement": {"Measurement"},
}


if not TYPE_CHECKING:
    # Or every misspelled name would be an object to them.

    def __getattr__(name: str) -> object:
        for module, names in _LATER.items():
            if name in names:
                value = getattr(import_module(f"{__name__}.{module}"), name)
                # The next time Python finds it without asking here.
                globals()[name] = value
                return value
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)


def __dir__() -> list[str]:
    return list(__all__)
