"""
Every script in ``examples/`` prints what is stored beside it, apart from
numbers, and ``examples/README.md`` shows exactly what is stored.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest

import procmem

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))

# Read from what is stored in the repository, so each number is what it was.
EXACT = {"parse_saved_smaps.py"}


def stored(script: str) -> str:
    """
    What *script* printed when somebody looked at it.
    """
    return (EXAMPLES / script).with_suffix(".out").read_text("utf-8")


def shape(output: str) -> list[str]:
    """
    What must be the same on every machine: the words.

    Sizes and numbers differ, and with them columns; so do names of programs,
    which examples print in quotes, which kinds of mappings there are, and how
    many rows a list has.
    """
    text = re.sub(r"'[^'\n]*'", "'NAME'", output)
    text = re.sub(
        rf"  ({'|'.join(procmem.MappingKind)})$", " KIND", text, flags=re.MULTILINE
    )
    text = re.sub(r"[0-9][0-9.,]* (B|KiB|MiB|GiB)\b", "SIZE", text)
    text = re.sub(r"[0-9][0-9.,]*", "N", text)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return [line for line, _ in itertools.groupby(lines)]


@pytest.mark.parametrize("script", SCRIPTS)
def test_output(script: str) -> None:
    """
    The script runs without a warning and prints what is stored.
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", script],
        cwd=EXAMPLES,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ("", 0) == (done.stderr, done.returncode)
    if script in EXACT:
        assert stored(script) == done.stdout
    assert shape(stored(script)) == shape(done.stdout)


@pytest.mark.parametrize("script", SCRIPTS)
def test_readme(script: str) -> None:
    """
    The README shows the stored output under the command.
    """
    readme = (EXAMPLES / "README.md").read_text("utf-8")

    assert f"```console\n$ python {script}\n{stored(script)}```\n" in readme


def test_nothing_is_left() -> None:
    """
    There is no stored output without a script.
    """
    outputs = sorted(path.with_suffix(".py").name for path in EXAMPLES.glob("*.out"))

    assert outputs == SCRIPTS
