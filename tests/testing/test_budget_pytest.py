"""
What a failure looks like in a run of pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import mmap
from procmem.testing import budget

def test_block():
    with budget(growth="10 MiB", info="test_block"):
        kept = bytes(b"x") * (32 << 20)

@budget(growth="10 MiB")
def test_function():
    global kept
    kept = bytes(b"x") * (32 << 20)

@budget(growth="10 MiB")
def test_untouched():
    mmap.mmap(-1, 300 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
"""


@pytest.mark.parametrize("options", [[], ["-O"]], ids=["plain", "optimized"])
def test_failures(tmp_path: Path, options: list[str]) -> None:
    """
    The message is shown below the test's own line, and its first line in the
    summary; no line of procmem's is, and it fails under ``python -O`` too.
    """
    (tmp_path / "test_it.py").write_text(TESTS)
    done = subprocess.run(
        [
            *[sys.executable, *options, "-m", "pytest", "-p", "no:cacheprovider"],
            "--rootdir=.",
        ],
        cwd=tmp_path,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "300", "PYTEST_ADDOPTS": ""},
    )

    out = done.stdout
    assert 1 == done.returncode, out
    assert "2 failed, 1 passed" in out
    assert "MemoryBudgetExceeded: test_block: footprint of pid " in out
    assert '>       with budget(growth="10 MiB", info="test_block"):' in out
    assert "what grew since the block started" in out
    assert "budgets.py" not in out
    summary = [line for line in out.splitlines() if line.startswith("FAILED")]
    assert 2 == len(summary)
    for line in summary:
        assert "grew by 32." in line
        assert "budget 10.0 MiB (over by 22." in line
