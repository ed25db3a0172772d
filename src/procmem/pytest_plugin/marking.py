"""
The arguments of ``@pytest.mark.procmem``: checked while tests are collected,
so that a mistake is reported before the first test runs, with the name of the
test that has it.
"""

from __future__ import annotations

from collections import abc

import pytest

from procmem.pytest_plugin.rules import (
    LIMITS,
    METRICS,
    Limit,
    Metric,
    Rules,
    metric_called,
)
from procmem.sizes import parse_size

__all__ = ["NAME", "marked", "mistakes", "refuse_mistakes"]

NAME = "procmem"
"""Name of the marker."""

_FLAGS = ("tree", "strict", "reset_others", "subreaper")
_OTHERS = ("limit", "metric", "info", "isolate", "timeout")
_ARGUMENTS = (*_OTHERS, *LIMITS, *_FLAGS)

# What budget() takes and a marker doesn't.
_ELSEWHERE = {
    "target": "a marker measures the process that runs the test;"
    " use the fixture memory_budget for another one",
    "save": "use the option --procmem-artifacts",
}


def refuse_mistakes(
    report: pytest.CollectReport, items: abc.Iterable[pytest.Item]
) -> None:
    """
    Make *report* a failure if the marker of one of its *items* is wrong.
    """
    if found := mistakes(items):
        report.outcome = "failed"
        report.longrepr = "\n".join(found)
        report.result = []


def mistakes(items: abc.Iterable[pytest.Item]) -> list[str]:
    """
    What is wrong with the markers of *items*, each a sentence.
    """
    # A dict, since all parameters of a test say the same.
    found: dict[str, None] = {}
    for item in items:
        try:
            marked(item)
        except (TypeError, ValueError) as exc:
            name = item.nodeid.partition("[")[0]
            found[f"{name}: @pytest.mark.{NAME}: {exc}"] = None
    return list(found)


def marked(item: pytest.Item) -> Rules:
    """
    What the markers of a test say together: the nearest wins.

    Raises:
        TypeError: If an argument is unknown or of the wrong type.

        ValueError: If one has a value that makes no sense.
    """
    rules = Rules()
    for mark in _from_far_to_near(item):
        rules = rules.beneath(_read(mark))
    if rules.timeout is not None and not rules.isolate:
        msg = "timeout is for tests with isolate=True"
        raise ValueError(msg)
    return rules


def _from_far_to_near(item: pytest.Item) -> list[pytest.Mark]:
    """
    Markers of the module first, of the test's parameters last.
    """
    marks = list(item.iter_markers(NAME))
    # pytest lists those of pytest.param(..., marks=...) behind those of the
    # function, but nothing is nearer to the test.
    own = getattr(getattr(item, "callspec", None), "marks", ())
    marks.reverse()
    return sorted(marks, key=lambda mark: any(mark is one for one in own))


def _read(mark: pytest.Mark) -> Rules:
    """
    What one marker says.
    """
    arguments = _by_name(mark)
    for name in arguments.keys() - set(_ARGUMENTS):
        if name in _ELSEWHERE:
            msg = f"{name} can't be given in a marker: {_ELSEWHERE[name]}"
            raise TypeError(msg)
        msg = f"no argument {name!r}; there are {', '.join(_ARGUMENTS)}"
        raise TypeError(msg)
    return Rules(
        limits=_limits(arguments),
        flags={
            name: _flag(name, arguments[name]) for name in _FLAGS & arguments.keys()
        },
        info=_text("info", arguments.get("info")),
        isolate=_flag("isolate", arguments["isolate"])
        if "isolate" in arguments
        else None,
        timeout=_seconds(arguments.get("timeout")),
    )


def _by_name(mark: pytest.Mark) -> dict[str, object]:
    if len(mark.args) > 1:
        msg = f"takes one positional argument, the limit, not {len(mark.args)}"
        raise TypeError(msg)
    arguments: dict[str, object] = dict(mark.kwargs)
    if mark.args:
        if "limit" in arguments:
            msg = "the limit is given twice"
            raise TypeError(msg)
        arguments["limit"] = mark.args[0]
    return arguments


def _limits(arguments: abc.Mapping[str, object]) -> dict[str, Limit | None]:
    metric = _metric(arguments)
    limits: dict[str, Limit | None] = {}
    for name in LIMITS:
        if name in arguments:
            kind = metric_called(name) or metric
            limits[name] = _size(name, kind, arguments[name])
    if "limit" in arguments:
        if metric in limits:
            msg = f"limit and {metric} are the same limit: give one of them"
            raise ValueError(msg)
        limits[metric] = _size("limit", metric, arguments["limit"])
    return limits


def _metric(arguments: abc.Mapping[str, object]) -> Metric:
    """
    What ``limit``, ``peak`` and ``growth`` are about: as ``metric`` says, or
    the one metric that has a limit here.
    """
    if "metric" in arguments:
        given = arguments["metric"]
        if (metric := metric_called(given)) is None:
            msg = f"no such metric: {given!r}; there are {', '.join(METRICS)}"
            raise ValueError(msg)
        return metric
    named: list[Metric] = [
        metric for metric in METRICS if arguments.get(metric) is not None
    ]
    if not named or "limit" in arguments:
        return "footprint"
    if len(named) > 1 and {"peak", "growth"} & arguments.keys():
        msg = f"metric must say whether peak and growth are of {' or '.join(named)}"
        raise ValueError(msg)
    return named[0]


def _size(name: str, metric: Metric, value: object) -> Limit | None:
    if value is None:
        return None
    if not isinstance(value, int | str):
        msg = f"{name}={value!r}: a size is an integer or text"
        raise TypeError(msg)
    try:
        return Limit(metric, parse_size(value))
    except (TypeError, ValueError) as exc:
        msg = f"{name}={value!r}: {exc}"
        raise type(exc)(msg) from None


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        msg = f"{name}={value!r}: True or False"
        raise TypeError(msg)
    return value


def _text(name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        msg = f"{name}={value!r}: text"
        raise TypeError(msg)
    return value


def _seconds(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        msg = f"timeout={value!r}: seconds, more than 0"
        raise ValueError(msg)
    return float(value)
