"""
How a test is reported that the plugin made fail or skip: by the message
alone, at the place of the test, since the plugin's own frames tell nobody
anything.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr

__all__ = ["explain", "ours"]

_OURS = pytest.StashKey[BaseException]()


def ours(item: pytest.Item, exc: BaseException) -> BaseException:
    """
    *exc*, noted as raised by the plugin and not by the test.
    """
    item.stash[_OURS] = exc
    return exc


def explain(
    item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
) -> None:
    """
    Put the plain message into *report* if the plugin ended *call*.
    """
    if call.excinfo is None or call.excinfo.value is not item.stash.get(_OURS, None):
        return
    exc = call.excinfo.value
    del item.stash[_OURS]
    path, line = os.fspath(item.path), (item.location[1] or 0) + 1
    if isinstance(exc, pytest.skip.Exception):
        report.longrepr = (path, line, str(exc))
    elif isinstance(exc, AssertionError):
        report.longrepr = _representation(path, line, f"{item.location[0]}:{line}", exc)


def _representation(
    path: str, line: int, place: str, exc: AssertionError
) -> TerminalRepr:
    """
    The message in the form that pytest gives failures: its first line is what
    the short summary, annotations and JUnit's XML show.
    """
    from _pytest._code.code import (
        ReprExceptionInfo,
        ReprFileLocation,
        ReprTracebackNative,
    )

    name = type(exc).__name__
    text = "\n".join([str(exc), *getattr(exc, "__notes__", ())])
    if not text.startswith(name):
        text = f"{name}: {text}"
    return ReprExceptionInfo(
        ReprTracebackNative([f"{text.rstrip()}\n\n{place}: {name}\n"]),
        ReprFileLocation(path, line, text.partition("\n")[0]),
    )
