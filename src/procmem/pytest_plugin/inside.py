"""
The run of one isolated test, in an interpreter of its own: pytest with the
options of another run, whose reports are written to a file line by line.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import sys
from typing import IO, TypedDict

import pytest

__all__ = ["NAME", "Request", "run"]

NAME = "procmem-isolated"
"""The plugin by which a run knows that it is one of these."""

# They would run the test again here, or note in the cache that it was the
# only one; the run that started this one does that itself.
_UNWANTED = ("rerunfailures", "flaky", "lfplugin", "nfplugin", "stepwiseplugin")


class Request(TypedDict):
    """
    What the starter wants.

    Attributes:
        argv: Its arguments, for tests that look at them.

        plugins: What it was told with ``-p``.

        options: Its options by name, each pickled.

        test: The test, as an argument for pytest.

        inside: The part of the test's name behind its file.

        reports: Where to write what comes of it.
    """

    argv: list[str]
    plugins: list[str]
    options: dict[str, bytes]
    test: str
    inside: str
    reports: str


def run(request: Request) -> int:
    """
    Run one test: pytest's exit status.
    """
    sys.argv[:] = request["argv"]
    options: dict[str, object] = {}
    for name, value in request["options"].items():
        # What can't be made here either has its default.
        with contextlib.suppress(Exception):
            options[name] = pickle.loads(value)  # noqa: S301 (the starter's)
    arguments = [f"-p{plugin}" for plugin in request["plugins"]]
    with open(request["reports"], "a", encoding="utf-8") as file:  # noqa: PTH123
        config = pytest.Config.fromdictargs(options, [*arguments, request["test"]])
        manager = config.pluginmanager
        manager.register(_Reporter(config, request["inside"], file), NAME)
        terminal = _Terminal()
        manager.register(_Before(terminal))
        manager.register(_After(terminal))
        return int(config.hook.pytest_cmdline_main(config=config) or 0)


class _Reporter:
    """
    Selects the test, and writes down what comes of it.
    """

    def __init__(self, config: pytest.Config, inside: str, file: IO[str]) -> None:
        self._config = config
        self._inside = inside
        self._file = file

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """
        Keep the one test, should its name have brought others along.
        """
        items[:] = [item for item in items if _inside(item) == self._inside][:1]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """
        One phase of the test.
        """
        hook = self._config.hook.pytest_report_to_serializable
        self._write("report", hook(config=self._config, report=report))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """
        Why the test can't be found.
        """
        if report.failed:
            self._write("trouble", report.longreprtext)

    def pytest_internalerror(self, excrepr: object) -> None:
        """
        What went wrong with pytest or a plugin.
        """
        self._write("trouble", str(excrepr))

    def pytest_keyboard_interrupt(
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> None:
        """
        Why the run was stopped: perhaps by :func:`pytest.exit`.
        """
        self._write("trouble", excinfo.exconly())

    def _write(self, kind: str, value: object) -> None:
        json.dump([kind, value], self._file, default=str)
        # At once: the next phase may be the last of this process.
        self._file.write("\n")
        self._file.flush()


def _inside(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[2]


class _Terminal:
    """
    Keeps pytest's own lines away from what the test prints: they are the
    starter's, which prints them itself.
    """

    def __init__(self) -> None:
        self.stdout = sys.stdout
        # For as long as this process lives.
        self.nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


class _Before:
    """
    Acts before all plugins.
    """

    def __init__(self, terminal: _Terminal) -> None:
        self._terminal = terminal

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self) -> None:
        """
        Whoever looks for a terminal now finds one that nobody sees.
        """
        self._terminal.stdout = sys.stdout
        sys.stdout = self._terminal.nowhere


class _After:
    """
    Acts after all plugins.
    """

    def __init__(self, terminal: _Terminal) -> None:
        self._terminal = terminal

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """
        Give standard output back, and remove what would act twice.
        """
        sys.stdout = self._terminal.stdout
        for name in _UNWANTED:
            if config.pluginmanager.has_plugin(name):
                config.pluginmanager.unregister(name=name)
