"""
A limit for a whole suite: ini file, environment, option, marker.
"""

from __future__ import annotations

import pytest

from tests.plugin.runs import Runner

pytest_plugins = ["pytester"]

_CODE = """
def test_5(): keep(5)

def test_20(): keep(20)

@pytest.mark.procmem(growth="30 MiB")
def test_marked(): keep(20)

@pytest.mark.procmem(growth=None)
def test_lifted(): keep(20)
"""


def test_precedence(
    run: Runner, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The environment overrides the ini file, the option both, and a marker
    all of them; "none" lifts a limit.
    """

    def failed(*options: str) -> set[str]:
        outcomes = run.quick_again(*options).outcomes
        assert 4 == len(outcomes)
        return {name for name, how in outcomes.items() if how == "failed"}

    assert {"passed"} == set(run.quick(_CODE).outcomes.values())

    pytester.makeini("[pytest]\nprocmem_growth = 2 MiB\n")
    assert {"test_5", "test_20"} == failed()
    assert {"test_20"} == failed("--procmem-growth=10 MiB")
    assert set() == failed("--procmem-growth=none")

    monkeypatch.setenv("PROCMEM_GROWTH", "10 MiB")
    assert {"test_20"} == failed()
    assert {"test_5", "test_20"} == failed("--procmem-growth=1MiB")

    monkeypatch.setenv("PROCMEM_GROWTH", "none")
    assert set() == failed()


def test_each_metric(run: Runner) -> None:
    """
    There is an option for the end of a test by each metric.
    """
    metrics = ("footprint", "pss", "uss", "rss")
    found = run.quick(
        "def test_it(): pass", *(f"--procmem-{metric}=1 MiB" for metric in metrics)
    )

    assert {"test_it": "failed"} == found.outcomes
    for metric in metrics:
        assert f": {metric} of pid" in found.text.replace("also", "")


def test_peak(run: Runner) -> None:
    """
    A default for the peak holds for all tests.
    """
    found = run(
        """
def test_small(): pass
def test_large(): touched(400)
""",
        "--procmem-peak=300 MiB",
    )

    assert {"test_small": "passed", "test_large": "failed"} == found.outcomes
