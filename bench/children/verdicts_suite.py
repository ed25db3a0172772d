"""
Tests that are right exactly if the verdict of a budget is: for ``pytest -n 4``.

Each maps and touches memory of a known size, or has a program do so, under a
limit 5 % above the need, which has to hold, or 5 % below, which must not.
"""

from __future__ import annotations

import contextlib
import gc
import mmap
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from procmem.testing import Budget, MemoryBudgetExceeded, budget

NEED, SHARE = int(os.environ["VERDICTS_NEED"]), float(os.environ["VERDICTS_SHARE"])
RUNS = range(int(os.environ["VERDICTS_RUNS"]))

both = pytest.mark.parametrize("above", [True, False], ids=["above", "below"])


@pytest.fixture(params=RUNS, autouse=True)
def repeated() -> None:
    """
    Each test runs so often.
    """


def limit(*, above: bool) -> int:
    return round(NEED * (1 + SHARE if above else 1 - SHARE))


@contextlib.contextmanager
def verdict(expected: Budget, *, above: bool) -> Iterator[None]:
    if above:
        with expected:
            yield
    else:
        with pytest.raises(MemoryBudgetExceeded), expected:
            yield


def touched() -> mmap.mmap:
    block = mmap.mmap(-1, NEED, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    block[:: mmap.PAGESIZE] = b"x" * (NEED // mmap.PAGESIZE)
    return block


def had() -> int:
    gc.collect()
    with budget(tree=False) as measured:
        pass
    return measured.after


@both
def test_growth(above: bool) -> None:
    with verdict(budget(growth=limit(above=above)), above=above):
        block = touched()
    block.close()


@both
def test_peak(above: bool) -> None:
    with verdict(budget(peak=had() + limit(above=above)), above=above):
        touched().close()


@both
def test_footprint(above: bool) -> None:
    program = str(Path(__file__).with_name("needing.py"))
    with subprocess.Popen(
        [sys.executable, "-I", "-S", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        try:
            with verdict(budget(limit(above=above), target=child), above=above):
                child.stdin.write(f"hold {NEED}\n")
                child.stdin.flush()
                assert child.stdout.readline() == "done\n"
        finally:
            child.stdin.close()
