"""
The reports of a test that ran in another interpreter, taken for this one's.
"""

from __future__ import annotations

import json
import signal
from typing import cast

import attrs
import pytest

__all__ = ["Relay"]

# pytest takes these apart as tuples; JSON knows lists only.
_TUPLES = ("location", "longrepr")
_LISTS_OF_TUPLES = ("sections", "user_properties")

_ENDED_BY = "the interpreter of this isolated test"


@attrs.define(kw_only=True)
class Relay:
    """
    What is known of a test that ran elsewhere.

    Attributes:
        reports: Its reports by phase.

        parts: Reports of its subtests.

        trouble: What else went wrong there.

        output: What its interpreter printed that pytest did not capture.

        ended: The interpreter's status, or why it was ended; None before.
    """

    reports: dict[str, pytest.TestReport] = attrs.Factory(dict[str, pytest.TestReport])
    parts: list[pytest.TestReport] = attrs.Factory(list[pytest.TestReport])
    trouble: list[str] = attrs.Factory(list[str])
    output: str = ""
    ended: int | str | None = None

    def read(self, config: pytest.Config, name: str, lines: bytes) -> None:
        """
        Take what the other interpreter wrote.

        Args:
            config: This run's.

            name: The test's, as it is called here.

            lines: The file; its last line may be cut off.
        """
        for line in lines.split(b"\n")[:-1]:
            kind, value = json.loads(line)
            if kind == "trouble":
                self.trouble.append(value)
                continue
            report = config.hook.pytest_report_from_serializable(
                config=config, data=_as_before(value, name)
            )
            if type(report) is pytest.TestReport:
                self.reports[report.when] = report
            elif isinstance(report, pytest.TestReport):
                self.parts.append(report)

    def instead_of(
        self, item: pytest.Item, report: pytest.TestReport
    ) -> pytest.TestReport:
        """
        What to report for a phase in which nothing happened here.
        """
        if report.when == "setup" or self.ended is None:
            return report
        other = self.reports.get(report.when)
        if other is None and report.when == "call":
            # A test whose setup fails or skips it is not called.
            setup = self.reports.get("setup")
            other = setup if setup is not None and not setup.passed else None
        if other is not None:
            return other
        if report.when == "teardown" and "call" not in self.reports:
            # Said already.
            return report
        return self._broken(item, report)

    def _broken(
        self, item: pytest.Item, report: pytest.TestReport
    ) -> pytest.TestReport:
        """
        The other interpreter said nothing of this phase.
        """
        phase = report.when if "setup" in self.reports else "setup"
        report.outcome = "failed"
        report.longrepr = "\n".join(
            [f"{_ENDED_BY} {self._how()} during {phase}", *self.trouble]
        )
        # What pytest made of a test that did nothing.
        vars(report).pop("wasxfail", None)
        if self.output:
            report.sections.append(("Captured output of the interpreter", self.output))
        return report

    def _how(self) -> str:
        if isinstance(self.ended, int):
            if self.ended < 0:
                number = -self.ended
                try:
                    name = signal.Signals(number).name
                except ValueError:
                    name = "a signal"
                return f"was ended by {name} ({number})"
            return f"ended with status {self.ended}"
        return str(self.ended)


def _as_before(data: dict[str, object], name: str) -> dict[str, object]:
    """
    What JSON made of a report, as pytest expects it.
    """
    data["nodeid"] = name
    for key in _TUPLES:
        if isinstance(value := data.get(key), list):
            data[key] = tuple(cast("list[object]", value))
    for key in _LISTS_OF_TUPLES:
        if isinstance(value := data.get(key), list):
            data[key] = list(map(tuple, cast("list[list[object]]", value)))
    return data
