"""
The hooks of a run in which at least one test is measured.
"""

from __future__ import annotations

import os
from collections import abc
from pathlib import Path

import pytest

from procmem.pytest_plugin.baseline import Comparison, save
from procmem.pytest_plugin.failing import explain, ours
from procmem.pytest_plugin.figures import figures, reason, take_away
from procmem.pytest_plugin.inside import NAME as INSIDE
from procmem.pytest_plugin.isolating import is_isolated, isolate, relayed
from procmem.pytest_plugin.marking import NAME, marked, mistakes
from procmem.pytest_plugin.measuring import measured, note_part
from procmem.pytest_plugin.rules import Rules, defaults
from procmem.pytest_plugin.top import top

__all__ = ["Session"]


class Session:
    """
    Measures tests, and gathers what was measured.

    With pytest-xdist there is one in each worker, which measures, and one in
    the controller, which gathers.

    Args:
        config: The run's.

    Raises:
        pytest.UsageError: If an option or a setting makes no sense.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        # The run of one isolated test, started by another run.
        self._is_inside = config.pluginmanager.has_plugin(INSIDE)
        self._reports = not (self._is_inside or hasattr(config, "workerinput"))
        self._figures: dict[str, dict[str, int]] = {}
        self._passed: set[str] = set()
        self._unknown: dict[str, str] = {}
        self._again: set[str] = set()
        try:
            self._defaults = defaults(config, os.environ)
            self._top = _count(config.getoption("procmem_top"))
            self._comparison = Comparison.begin(
                config.getoption("procmem_compare"),
                config.getoption("procmem_fail") or (),
            )
        except ValueError as exc:
            raise pytest.UsageError(str(exc)) from None
        self._save: str | None = config.getoption("procmem_save")
        self._peaks = bool(config.getoption("procmem_peaks")) or (
            # Not to find out at the end that nobody looked.
            self._comparison is not None and self._comparison.is_about("peak")
        )
        self._always = (
            self._peaks
            or self._top is not None
            or self._save is not None
            or self._comparison is not None
        )
        artifacts = config.getoption("procmem_artifacts")
        self._artifacts = None if artifacts is None else Path(artifacts).absolute()

    # In the process that runs the tests

    # The innermost wrapper, so that what other plugins do is not counted.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(
        self, item: pytest.Item
    ) -> abc.Generator[None, object, object]:
        """
        Measure a test.
        """
        __tracebackhide__ = True
        if is_isolated(item):
            return (yield)
        rules = self._rules(item)
        if not (rules.limits or self._always or item.get_closest_marker(NAME)):
            return (yield)
        return (
            yield from measured(
                item,
                rules,
                always=self._always,
                peaks=self._peaks,
                artifacts=self._artifacts,
            )
        )

    # The outermost wrapper, so that the report is as others made it.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> abc.Generator[None, pytest.TestReport, pytest.TestReport]:
        """
        Say in the report what was wrong with its memory.
        """
        report = yield
        note_part(item, report)
        explain(item, call, report)
        return relayed(item, call, report)

    def prepare(self, items: abc.Iterable[pytest.Item]) -> None:
        """
        Look at the markers of all tests that will run.

        Raises:
            pytest.UsageError: If one is wrong that was not there before.
        """
        items = list(items)
        if wrong := mistakes(items):
            raise pytest.UsageError("\n".join(wrong))
        if self._is_inside:
            return
        for item in items:
            rules = marked(item)
            if rules.isolate:
                isolate(item, rules)

    def _rules(self, item: pytest.Item) -> Rules:
        try:
            rules = marked(item)
        except (TypeError, ValueError) as exc:
            # Added by a fixture, so nobody could say so before.
            msg = f"@pytest.mark.{NAME}: {exc}"
            raise ours(item, pytest.fail.Exception(msg, pytrace=False)) from None
        if rules.isolate and not self._is_inside:
            msg = f"@pytest.mark.{NAME}: isolate=True came after tests were collected"
            raise ours(item, pytest.fail.Exception(msg, pytrace=False))
        return self._defaults.beneath(rules)

    # In the process that reports

    # Before what writes it to files or sends it to the controller.
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """
        Gather what was measured, here or in a worker.
        """
        self._leave_reruns_out(report)
        if report.when != "call":
            return
        # A test that runs again replaces what it left the first time.
        name = report.nodeid
        self._passed.discard(name)
        self._figures.pop(name, None)
        self._unknown.pop(name, None)
        if found := figures(report):
            self._figures[name] = found
            if report.passed:
                self._passed.add(name)
        if (why := reason(report)) is not None:
            self._unknown[name] = why

    def _leave_reruns_out(self, report: pytest.TestReport) -> None:
        """
        Take the figures from the reports of a test that will run again, or
        they would stand beside the others in files for JUnit.
        """
        # Plugins that run tests again have this outcome in common.
        if str(report.outcome) == "rerun":
            self._again.add(report.nodeid)
        elif report.when == "setup":
            self._again.discard(report.nodeid)
        if report.nodeid in self._again:
            take_away(report.user_properties)

    # Before pytest prints its summary.
    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """
        Save what was asked for, and judge what changed.
        """
        if not self._reports:
            return
        passed = {name: self._figures[name] for name in sorted(self._passed)}
        if self._comparison is not None:
            self._comparison.end(passed)
            if self._comparison.failed and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if self._save is not None:
            save(self._save, passed)

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """
        Show what was asked for.
        """
        if self._top is not None:
            top(terminalreporter, self._figures, self._top)
        if self._comparison is not None:
            self._comparison.show(terminalreporter)
        if self._unknown:
            _show_unknown(terminalreporter, self._unknown)
        if self._save is not None:
            terminalreporter.write_line(
                f"memory of {len(self._passed)} tests saved to {self._save}"
            )


def _count(value: int | None) -> int | None:
    if value is not None and value < 1:
        msg = f"--procmem-top: {value} tests are not a table; 1 or more"
        raise ValueError(msg)
    return value


def _show_unknown(
    reporter: pytest.TerminalReporter, unknown: abc.Mapping[str, str]
) -> None:
    first = next(iter(unknown.values()))
    reporter.section("memory not measured", yellow=True)
    reporter.write_line(f"{len(unknown)} tests, the first because: {first}")
