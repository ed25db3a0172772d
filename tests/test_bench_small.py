"""
The benchmarks work: each is run with sizes so small that its figures mean
nothing, and none of them is looked at.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
from bench import harness, report, scan
from bench.__main__ import BENCHMARKS, main
from bench.figures import Figure, Skipped
from bench.processes import child, small_process
from bench.scale import TINY

pytestmark = pytest.mark.bench


def other_commands() -> dict[str, list[str]]:
    """
    Peers that need less time than the real ones.
    """
    return {
        "procmem": [sys.executable, "-m", "procmem"],
        "nothing": ["true"],
        "failing": ["false"],
        "absent": ["there-is-no-such-command"],
    }


@pytest.mark.parametrize("name", BENCHMARKS)
def test_gives_figures_or_reasons(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Each benchmark says something, which can be printed and saved.
    """
    monkeypatch.setattr(scan, "commands", other_commands)
    rows = [(name, item) for item in BENCHMARKS[name](TINY)]

    assert rows
    assert name in report.table(rows)
    report.save(rows, tmp_path / "figures.json")
    found = json.loads((tmp_path / "figures.json").read_text())["found"]
    assert len(rows) == len(found)


@pytest.mark.parametrize("kind", ["large", "small", "distinct", "files"])
def test_mappings_do_not_become_one(kind: str, tmp_path: Path) -> None:
    """
    The process with many mappings has as many as it was told to make.
    """
    with child("many", kind, 80, tmp_path) as pid:
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()

    # The interpreter has its own, more if its coverage is measured.
    assert 80 <= len(lines) <= 80 + 400


def test_children_end() -> None:
    """
    A process that was measured is gone afterwards.
    """
    with small_process() as pid:
        assert Path(f"/proc/{pid}").exists()

    assert not Path(f"/proc/{pid}").exists()


class TestTakeTurns:
    def test_each_round_gives_one_time_each(self) -> None:
        """
        Two calls are timed equally often.
        """
        times = harness.take_turns(
            {"one": int, "other": dict}, rounds=3, sample=0.00001
        )

        assert {"one": 3, "other": 3} == {name: len(t) for name, t in times.items()}
        assert 3 == len(harness.ratios(times, "one", "other"))

    def test_ratio(self) -> None:
        """
        A call that takes much longer has a ratio well above 1.
        """
        times = harness.take_turns(
            {"long": lambda: time.sleep(0.005), "short": int}, rounds=3, sample=0
        )

        assert all(ratio > 1 for ratio in harness.ratios(times, "long", "short"))


def figure(limit: float | None, aim: float | None = None) -> Figure:
    """
    One of three rounds, the second of which is the median.
    """
    return Figure(what="x", unit="x", values=(1.0, 2.0, 9.0), limit=limit, aim=aim)


class TestVerdict:
    def test_median_counts(self) -> None:
        """
        One bad round among three does not break a limit.
        """
        assert figure(2.5).holds
        assert not figure(1.5).holds
        assert figure(None).holds is None

    def test_aim(self) -> None:
        """
        Within the limit there is still the aim.
        """
        assert "holds" == figure(2.5, 2.0).verdict
        assert "holds, aim missed" == figure(2.5, 1.0).verdict
        assert "MISSED" == figure(1.5, 1.0).verdict


@pytest.mark.parametrize(("limit", "status"), [(1.0, 1), (3.0, 0), (None, 0)])
def test_check(
    limit: float | None, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    With ``--check`` the exit status tells of a limit that was missed.
    """
    items: list[Figure | Skipped] = [
        Figure(what="x", unit="x", values=(2.0,), limit=limit),
        Skipped(what="y", reason="it is not here"),
    ]
    monkeypatch.setitem(BENCHMARKS, "pss", lambda _: iter(items))

    assert status == main(["pss", "--check"])
    assert 0 == main(["pss"])


def test_unknown_name() -> None:
    """
    What is not a benchmark is said, and nothing runs.
    """
    assert 2 == main(["no-such"])
