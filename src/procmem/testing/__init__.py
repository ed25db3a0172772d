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
        GrowthOptions,
        GrowthReport,
        MemoryGrowthDetected,
        assert_no_growth,
        assert_no_growth_async,
    )
    from procmem.testing.leak import KnownLeak
    from procmem.testing.measurement import Measurement

__all__ = [
    "Budget",
    "GrowthOptions",
    "GrowthReport",
    "KnownLeak",
    "Measurement",
    "MemoryAssertions",
    "MemoryBudgetExceeded",
    "MemoryGrowthDetected",
    "assert_no_growth",
    "assert_no_growth_async",
    "budget",
]

# The same names as in the block for type checkers above; a test compares.
_LATER = {
    "budgets": {"Budget", "budget"},
    "cases": {"MemoryAssertions"},
    "exceeded": {"MemoryBudgetExceeded"},
    "growth": {
        "GrowthOptions",
        "GrowthReport",
        "MemoryGrowthDetected",
        "assert_no_growth",
        "assert_no_growth_async",
    },
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
