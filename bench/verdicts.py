"""
How often a budget is wrong: it fails although there is enough room, or passes
although there is not.

The true need is what a child program maps and touches itself.  Limits are set
5 % above and 5 % below it.  The figure of a whole process has its interpreter
in it as well, some 3 MiB here, which is why the need is so large that 5 % of
it are more.

``python -m bench.verdicts [--quick] [--runs N]``; ends with 1 if one was wrong.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

from bench.figures import Figure, Measured, Skipped
from bench.processes import CHILDREN
from bench.scale import Scale
from procmem.testing import MemoryBudgetExceeded, budget

NEED = 96 * 1024**2
SHARE = 0.05
NEIGHBOURS = 8
WORKERS = 4
RUNS = 500
QUICK_RUNS = 20

_PYTHON = [sys.executable, "-I", "-S"]

Wrong = Counter[tuple[str, str]]
"""Wrong verdicts by what was budgeted and what was wrong."""


def run(scale: Scale) -> Measured:
    runs = RUNS if scale.rounds > 20 else QUICK_RUNS if scale.rounds > 5 else 1
    for where, neighbours in (("alone", 0), (f"beside {NEIGHBOURS}", NEIGHBOURS)):
        wrong = count(runs, neighbours)
        for what in ("footprint", "growth", "peak", "own growth", "own peak"):
            for how in ("false failures", "false passes"):
                yield Figure(
                    what=f"{what} budget, {where}: {how}",
                    unit=f"of {runs}",
                    values=(float(wrong[what, how]),),
                    limit=0,
                )
    if importlib.util.find_spec("xdist") is None:
        yield Skipped(what="budgets with -n 4", reason="pytest-xdist is not installed")
        return
    wrong = count_with_xdist(runs)
    for what in ("footprint", "growth", "peak"):
        for how in ("false failures", "false passes"):
            yield Figure(
                what=f"{what} budget, pytest -n {WORKERS}: {how}",
                unit=f"of {runs}",
                values=(float(wrong[what, how]),),
                limit=0,
            )


def count(runs: int, neighbours: int = 0) -> Wrong:
    """
    Wrong verdicts, beside so many programs that do the same.
    """
    wrong: Wrong = Counter()
    with ExitStack() as stack:
        for _ in range(neighbours):
            neighbour = stack.enter_context(_needing())
            _tell(neighbour, "hold")
        for _ in range(runs):
            for above in (True, False):
                wrong += _one(above=above)
        wrong += _own(runs)
    return wrong


def count_with_xdist(runs: int) -> Wrong:
    """
    The same in tests, of which several run at a time.
    """
    suite = CHILDREN / "verdicts_suite.py"
    settings = {
        "VERDICTS_NEED": str(NEED),
        "VERDICTS_SHARE": str(SHARE),
        "VERDICTS_RUNS": str(runs),
    }
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", str(suite), "-q", "--noconftest"),
                *("-n", str(WORKERS), "-c", os.devnull),
                *("-pno:cacheprovider", "-pno:asyncio", "-pno:memray"),
                *("--rootdir", folder, f"--junitxml={report}"),
            ],
            check=False,
            env=os.environ | settings,
            stdout=subprocess.PIPE,
            text=True,
        )
        cases = list(ET.parse(report).iter("testcase"))
    expected = 6 * runs
    if len(cases) != expected:
        msg = f"{len(cases)} of {expected} tests ran:\n{done.stdout[-2000:]}"
        raise RuntimeError(msg)
    wrong: Wrong = Counter()
    for case in cases:
        name = case.get("name", "")
        if case.find("failure") is not None or case.find("error") is not None:
            what = name.partition("[")[0].removeprefix("test_")
            wrong[what, "false failures" if "above" in name else "false passes"] += 1
    return wrong


def _one(*, above: bool) -> Wrong:
    limit = round(NEED * (1 + SHARE if above else 1 - SHARE))
    wrong: Wrong = Counter()
    how = "false failures" if above else "false passes"
    with _needing() as child:
        verdicts = {
            "peak": _fails(child, "spike", peak=limit),
            "growth": _fails(child, "hold", growth=limit),
            "footprint": _fails(child, None, limit=limit),
        }
    for what, fails in verdicts.items():
        if fails is above:
            wrong[what, how] += 1
    return wrong


def _fails(
    child: subprocess.Popen[str],
    order: str | None,
    *,
    limit: int | None = None,
    peak: int | None = None,
    growth: int | None = None,
) -> bool:
    try:
        with budget(limit, peak=peak, growth=growth, target=child):
            if order is not None:
                _tell(child, order)
    except MemoryBudgetExceeded:
        return True
    return False


def _own(runs: int) -> Wrong:
    """
    The same for budgets that a process sets itself.
    """
    wrong: Wrong = Counter()
    for share in (SHARE, -SHARE):
        script = str(Path(CHILDREN) / "budgeted.py")
        arguments = [sys.executable, script, str(NEED), str(share), str(runs)]
        done = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True)
        growth, peak = map(int, done.stdout.split())
        if share > 0:
            wrong["own growth", "false failures"] += growth
            wrong["own peak", "false failures"] += peak
        else:
            wrong["own growth", "false passes"] += runs - growth
            wrong["own peak", "false passes"] += runs - peak
    return wrong


@contextmanager
def _needing() -> Iterator[subprocess.Popen[str]]:
    command = [*_PYTHON, str(Path(CHILDREN) / "needing.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            _answer(child, "ready")
            yield child
        finally:
            assert child.stdin is not None
            child.stdin.close()


def _tell(child: subprocess.Popen[str], order: str) -> None:
    assert child.stdin is not None
    child.stdin.write(f"{order} {NEED}\n")
    child.stdin.flush()
    _answer(child, "done")


def _answer(child: subprocess.Popen[str], expected: str) -> None:
    assert child.stdout is not None
    if child.stdout.readline().strip() != expected:
        raise RuntimeError("the child did not do as it was told")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.verdicts", description=__doc__
    )
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} runs")
    options = parser.parse_args()
    runs = QUICK_RUNS if options.quick else options.runs
    total = 0
    for neighbours in (0, NEIGHBOURS):
        wrong = count(runs, neighbours)
        total += wrong.total()
        print(f"{runs} runs of each beside {neighbours} others: {wrong.total()} wrong")
        for (what, how), number in sorted(wrong.items()):
            print(f"  {what} budget: {number} {how}")
    wrong = count_with_xdist(runs)
    print(f"{runs} runs of each with pytest -n {WORKERS}: {wrong.total()} wrong")
    for (what, how), number in sorted(wrong.items()):
        print(f"  {what} budget: {number} {how}")
    return 1 if total + wrong.total() else 0


if __name__ == "__main__":
    sys.exit(main())
