"""
What is asked of a test, gathered from the ini file, the environment, the
options and the markers: each says some of it, and the nearest wins.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

import attrs

from procmem.sizes import parse_size

if TYPE_CHECKING:
    import pytest

__all__ = [
    "LIMITS",
    "METRICS",
    "Limit",
    "Metric",
    "Rules",
    "Window",
    "defaults",
    "metric_called",
]

Metric = Literal["footprint", "pss", "uss", "rss"]
Judged = Literal["limit", "peak", "growth", "swap", "hugetlb"]

METRICS: tuple[Metric, ...] = ("footprint", "pss", "uss", "rss")
"""What of a process is counted.  Each is also the name of a limit for it."""

LIMITS: tuple[str, ...] = (*METRICS, "peak", "growth", "swap", "hugetlb")
"""All that can be limited."""

# Lifts a limit where only text can be written.
_LIFTED = "none"


class Limit(NamedTuple):
    """
    A limit in bytes, and of what.
    """

    metric: Metric
    size: int


class Window(NamedTuple):
    """
    One measurement of a metric around a test, with what limits it.
    """

    metric: Metric
    limits: dict[Judged, int]


@attrs.frozen(kw_only=True)
class Rules:
    """
    What one place says, or several of them together.

    Attributes:
        limits:
            By the names in :data:`LIMITS`; None is a limit that was lifted,
            and what is absent was not mentioned.

        flags: Further arguments of a budget that are true or false, by name.

        info: What a failure says besides the test's name.

        isolate: Whether the test gets an interpreter of its own.

        timeout: After how many seconds that interpreter is ended.
    """

    limits: abc.Mapping[str, Limit | None] = attrs.Factory(dict[str, Limit | None])
    flags: abc.Mapping[str, bool] = attrs.Factory(dict[str, bool])
    info: str | None = None
    isolate: bool | None = None
    timeout: float | None = None

    def beneath(self, nearer: Rules) -> Self:
        """
        These rules where *nearer* ones say nothing.
        """
        return attrs.evolve(
            self,
            limits={**self.limits, **nearer.limits},
            flags={**self.flags, **nearer.flags},
            info=self.info if nearer.info is None else nearer.info,
            isolate=self.isolate if nearer.isolate is None else nearer.isolate,
            timeout=self.timeout if nearer.timeout is None else nearer.timeout,
        )

    def windows(self, *, always: bool) -> list[Window]:
        """
        What to measure around the test: each metric that has a limit.

        Args:
            always: Whether the footprint is measured in any case.
        """
        found: dict[Metric, dict[Judged, int]] = {"footprint": {}} if always else {}
        for metric in METRICS:
            if (limit := self.limits.get(metric)) is not None:
                found.setdefault(metric, {})["limit"] = limit.size
        judged: tuple[Judged, ...] = ("peak", "growth", "swap", "hugetlb")
        for name in judged:
            if (limit := self.limits.get(name)) is not None:
                found.setdefault(limit.metric, {})[name] = limit.size
        # A bare marker limits nothing, but wants to know.
        return [Window(metric, limits) for metric, limits in found.items()]


def defaults(config: pytest.Config, environment: abc.Mapping[str, str]) -> Rules:
    """
    What holds for all tests of this run.

    Args:
        config: Has the ini file and the options.

        environment: Variables such as ``PROCMEM_PEAK``.

    Raises:
        ValueError: If one is not a size; the message says which.
    """
    limits: dict[str, Limit | None] = {}
    for name in LIMITS:
        ini, option = f"procmem_{name}", f"--procmem-{name}"
        variable = ini.upper()
        for place, text in (
            (f"{ini} (ini file)", config.getini(ini) or None),
            (f"{variable} (environment)", environment.get(variable) or None),
            (option, config.getoption(ini)),
        ):
            if text is not None:
                limits[name] = _limit(name, place, str(text))
    return Rules(limits=limits)


def _limit(name: str, place: str, text: str) -> Limit | None:
    if text.strip().lower() == _LIFTED:
        return None
    try:
        size = parse_size(text.strip())
    except ValueError as exc:
        msg = f"{place}: {exc}"
        raise ValueError(msg) from None
    return Limit(metric_called(name) or "footprint", size)


def metric_called(name: object) -> Metric | None:
    """
    The metric of that name, or None if there is none.
    """
    return next((metric for metric in METRICS if metric == name), None)
