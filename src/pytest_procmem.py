"""
The plugin that pytest finds: memory budgets for tests.

pytest loads this module in every run of everybody who has procmem installed,
so it needs nothing but the standard library and pytest, declares what there
is, and loads the rest (:mod:`procmem.pytest_plugin`) once a test, a setting
or a fixture asks for memory.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator
    from functools import partial

    from procmem.pytest_plugin.probe import MemoryProbe
    from procmem.pytest_plugin.session import Session
    from procmem.testing import Budget

__all__ = ["memory_budget", "memory_probe"]

# What a suite may set for all of its tests: an ini value `procmem_peak`, an
# environment variable `PROCMEM_PEAK`, an option `--procmem-peak`.
_LIMITS = {
    "footprint": "footprint at the end of a test",
    "pss": "PSS at the end of a test",
    "uss": "USS at the end of a test",
    "rss": "RSS at the end of a test",
    "peak": "largest footprint during a test",
    "growth": "footprint at the end of a test less that at its start",
    "swap": "swapped memory at the end of a test",
    "hugetlb": "memory in pages of hugetlbfs at the end of a test",
}

_OPTIONS = ("top", "peaks", "artifacts", "save", "compare", "fail")

_MARKER = (
    "procmem(limit=None, *, footprint, pss, uss, rss, peak, growth, swap, hugetlb,"
    " metric, tree=True, strict=False, info, isolate=False, timeout):"
    " how much memory the test may use, as in procmem.testing.budget()."
    " The nearest marker wins, argument by argument; None lifts a limit."
)

_SESSION = "procmem-session"


# Options and settings


def pytest_addoption(parser: pytest.Parser) -> None:
    """
    All options begin with ``--procmem-``.
    """
    group = parser.getgroup("procmem", "memory budgets (procmem)")
    for name, meaning in _LIMITS.items():
        text = f"{meaning}, at most, for tests that set no other limit"
        # None, so that one that was not given can be told from one that was.
        group.addoption(
            f"--procmem-{name}",
            metavar="SIZE",
            default=None,
            help=f'{text}: "200 MiB"; "none" lifts the limit of the ini file',
        )
        parser.addini(f"procmem_{name}", f"{text} (a size)", default=None)
    group.addoption(
        "--procmem-top",
        metavar="N",
        type=int,
        default=None,
        help="measure all tests and show the N that used most memory",
    )
    group.addoption(
        "--procmem-peaks",
        action="store_true",
        default=None,
        help="measure all tests and look for their peaks, too, which takes longer",
    )
    group.addoption(
        "--procmem-artifacts",
        metavar="DIR",
        default=None,
        help="where tests that fail for memory leave what was measured, for"
        " `procmem diff`",
    )
    group.addoption(
        "--procmem-save",
        metavar="FILE",
        default=None,
        help="measure all tests and save the figures of those that pass",
    )
    group.addoption(
        "--procmem-compare",
        metavar="FILE",
        default=None,
        help="measure all tests and show what changed since FILE was saved",
    )
    group.addoption(
        "--procmem-fail",
        metavar="FIGURE:EXCESS",
        action="append",
        default=None,
        help="fail the run if a test needs that much more than was saved:"
        ' "footprint:10%%" or "growth:5 MiB"; with --procmem-compare, may be'
        " repeated",
    )


def pytest_configure(config: pytest.Config) -> None:
    """
    Make the marker known, and begin if a setting asks for it.
    """
    config.addinivalue_line("markers", _MARKER)
    if (
        any(config.getoption(f"procmem_{name}") is not None for name in _OPTIONS)
        or any(config.getoption(f"procmem_{name}") is not None for name in _LIMITS)
        or any(f"PROCMEM_{name.upper()}" in os.environ for name in _LIMITS)
        or any(config.getini(f"procmem_{name}") for name in _LIMITS)
    ):
        _begin(config)


# In the old form, which every version of pytest understands: a wrapper of the
# new form would break the runs of people who only have procmem installed.
@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, None]:
    """
    Look for markers among what was collected, and check their arguments.
    """
    outcome = yield
    report: pytest.CollectReport = outcome.get_result()
    marked = [
        node
        for node in report.result or ()
        if isinstance(node, pytest.Item) and node.get_closest_marker("procmem")
    ]
    if marked:
        _begin(collector.config)
        from procmem.pytest_plugin.marking import refuse_mistakes

        refuse_mistakes(report, marked)


def pytest_collection_finish(session: pytest.Session) -> None:
    """
    Prepare the tests that will run; plugins may have marked some meanwhile.
    """
    marked = [item for item in session.items if item.get_closest_marker("procmem")]
    if marked:
        _begin(session.config).prepare(marked)


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """
    Begin even if a fixture set the first marker.
    """
    if item.get_closest_marker("procmem"):
        _begin(item.config)


def _begin(config: pytest.Config) -> Session:
    """
    From here on tests are measured.
    """
    from procmem.pytest_plugin.session import Session

    session = config.pluginmanager.get_plugin(_SESSION)
    if not isinstance(session, Session):
        session = Session(config)
        config.pluginmanager.register(session, _SESSION)
    return session


# Fixtures


@pytest.fixture
def memory_budget(request: pytest.FixtureRequest) -> partial[Budget]:
    """
    ``procmem.testing.budget`` whose failures name the test, and are saved
    where ``--procmem-artifacts`` says.
    """
    from procmem.pytest_plugin.probe import budget_of

    return budget_of(request)


@pytest.fixture
def memory_probe() -> MemoryProbe:
    """
    Measures this process and its children without limiting them.
    """
    from procmem.pytest_plugin.probe import MemoryProbe

    return MemoryProbe()
