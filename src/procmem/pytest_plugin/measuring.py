"""
One test's call, measured: budgets around it, and what becomes of them.
"""

from __future__ import annotations

import hashlib
import re
from collections import abc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from procmem.errors import ProcmemError
from procmem.pytest_plugin.failing import ours
from procmem.pytest_plugin.figures import record, record_reason, take_away

if TYPE_CHECKING:
    from procmem.pytest_plugin.rules import Rules, Window
    from procmem.testing import Budget, Measurement

__all__ = ["folder_of", "measured", "note_part"]

_PART_FAILED = pytest.StashKey[bool]()

# A folder may be named for a test, but not for any test in any way.
_UNUSUAL = re.compile(r"[^A-Za-z0-9_.=-]+")
_LONGEST = 120

# How a budget ends that is not to be judged.
_FAILED = (AssertionError, AssertionError(), None)


def measured(
    item: pytest.Item,
    rules: Rules,
    *,
    always: bool,
    peaks: bool,
    artifacts: Path | None,
) -> abc.Generator[None, object, object]:
    """
    Around the call of a test: measure it, and judge it if it passes.

    Args:
        item: The test.

        rules: What is asked of it.

        always: Whether its footprint is wanted in any case.

        peaks: Whether to look for the peak also if it has no limit.

        artifacts: A folder for what tests that fail for memory leave.

    Raises:
        MemoryBudgetExceeded: If it passed and missed a limit.

        pytest.skip.Exception: If it passed and nobody can tell whether it
            kept its limits; with ``strict`` it fails for that.
    """
    __tracebackhide__ = True
    # A test that runs once more has properties from before.
    take_away(item.user_properties)
    item.stash[_PART_FAILED] = False
    opened = _Opened()
    reason: str | None = None
    try:
        for window in rules.windows(always=always):
            opened.add(_budget(item, window, rules, peaks=peaks, artifacts=artifacts))
    except (ProcmemError, OSError) as exc:
        # The test runs all the same: it may have a better reason to fail.
        reason = _sentence(exc)
    try:
        result = yield
    except BaseException:
        opened.abandon()
        raise
    if _has_failed(item):
        opened.abandon()
        return result
    exceeded: list[AssertionError] = []
    if reason is None:
        exceeded, reason = opened.judge()
    else:
        opened.abandon()
    if reason is None:
        record(item, opened.measurements)
    else:
        record_reason(item, reason)
    if exceeded:
        raise ours(item, _together(exceeded))
    if reason is not None and any(rules.limits.values()):
        raise ours(item, _unknown(reason, strict=rules.flags.get("strict", False)))
    return result


class _Opened:
    """
    The budgets around one test, one for each metric.
    """

    def __init__(self) -> None:
        self.measurements: list[Measurement] = []
        self._budgets: list[Budget] = []

    def add(self, budget: Budget) -> None:
        """
        Begin one.
        """
        measurement = budget.__enter__()
        self._budgets.append(budget)
        self.measurements.append(measurement)

    def abandon(self) -> None:
        """
        End all of them without a word.
        """
        while self._budgets:
            self._budgets.pop().__exit__(*_FAILED)

    def judge(self) -> tuple[list[AssertionError], str | None]:
        """
        End all of them: the limits that were missed, and why others could
        not be judged.
        """
        from procmem.testing import MemoryBudgetExceeded

        exceeded: list[AssertionError] = []
        reason: str | None = None
        while self._budgets:
            # The one that began last ends first.
            try:
                self._budgets.pop().__exit__(None, None, None)
            except MemoryBudgetExceeded as exc:
                exceeded.insert(0, exc)
            except (ProcmemError, OSError) as exc:
                reason = _sentence(exc)
        for measurement in self.measurements:
            if reason is None and not measurement.complete:
                reason = "; ".join(measurement.missing)
        return exceeded, reason


def _budget(
    item: pytest.Item,
    window: Window,
    rules: Rules,
    *,
    peaks: bool,
    artifacts: Path | None,
) -> Budget:
    from procmem.testing import budget

    name = item.nodeid
    return budget(
        window.limits.get("limit"),
        metric=window.metric,
        peak=window.limits.get("peak"),
        growth=window.limits.get("growth"),
        swap=window.limits.get("swap"),
        hugetlb=window.limits.get("hugetlb"),
        measure_peak=peaks,
        # What grew is asked for only where a limit is missed.
        detail=bool(window.limits),
        info=rules.info or "",
        save=None if artifacts is None else artifacts / folder_of(name),
        **rules.flags,
    )


def folder_of(name: str) -> str:
    """
    A name for a folder of a test's own: readable, and not another test's.
    """
    plain = _UNUSUAL.sub("_", name)
    if plain == name and len(plain) <= _LONGEST:
        return plain
    mark = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{plain[:_LONGEST]}-{mark}"


def note_part(item: pytest.Item, report: pytest.TestReport) -> None:
    """
    Remember a failure that is reported while the test still runs: that of a
    subtest.
    """
    if report.failed:
        item.stash[_PART_FAILED] = True


def _has_failed(item: pytest.Item) -> bool:
    """
    Whether the test has failed or skipped itself although nothing was raised:
    what tests of unittest raise, pytest keeps on the side.
    """
    return bool(getattr(item, "_excinfo", None)) or item.stash[_PART_FAILED]


def _sentence(exc: BaseException) -> str:
    return " ".join([str(exc), *getattr(exc, "__notes__", ())])


def _unknown(reason: str, *, strict: bool) -> BaseException:
    text = f"passed, but its memory could not be measured: {reason}"
    if strict:
        return pytest.fail.Exception(text, pytrace=False)
    return pytest.skip.Exception(text)


def _together(exceeded: list[AssertionError]) -> AssertionError:
    """
    The first, with what the others say.
    """
    first, *others = exceeded
    for other in others:
        first.add_note(f"also: {other}")
    return first
