"""
What was measured of a test, as properties of its report: those cross from
the workers of pytest-xdist to its controller, and reach JUnit's XML.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from procmem.testing import Measurement

__all__ = [
    "FIGURES",
    "figures",
    "reason",
    "record",
    "record_reason",
    "take_away",
]

FIGURES: tuple[str, ...] = ("footprint", "growth", "peak")
"""What is known of a test whose footprint was measured; the peak perhaps."""

_PREFIX = "procmem_"
_REASON = "procmem_not_measured"


def record(item: pytest.Item, measurements: abc.Iterable[Measurement]) -> None:
    """
    Note what was measured, in bytes.
    """
    for measurement in measurements:
        metric = measurement.metric
        # The footprint is meant where nothing is said.
        prefix = _PREFIX if metric == "footprint" else f"{_PREFIX}{metric}_"
        found: dict[str, int | None] = {
            f"{_PREFIX}{metric}": measurement.after,
            f"{prefix}growth": measurement.growth,
            f"{prefix}peak": measurement.peak,
        }
        # Plain integers: others don't cross between processes.
        item.user_properties += [
            (name, int(value)) for name, value in found.items() if value is not None
        ]


def record_reason(item: pytest.Item, why: str) -> None:
    """
    Note why there are no figures.
    """
    item.user_properties.append((_REASON, why))


def take_away(properties: list[tuple[str, object]]) -> None:
    """
    Remove what was noted, but not what others noted.
    """
    properties[:] = [
        (name, value) for name, value in properties if not name.startswith(_PREFIX)
    ]


def figures(report: pytest.TestReport) -> dict[str, int]:
    """
    The figures of a test in bytes, by name: ``"footprint"``, ``"growth"``...
    """
    return {
        name.removeprefix(_PREFIX): value
        for name, value in report.user_properties
        if name.startswith(_PREFIX) and isinstance(value, int)
    }


def reason(report: pytest.TestReport) -> str | None:
    """
    Why there are none, or None if nothing went wrong.
    """
    return next(
        (str(value) for name, value in report.user_properties if name == _REASON), None
    )
