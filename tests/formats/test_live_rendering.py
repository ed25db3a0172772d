"""
The renderer that the round trips trust prints what this kernel prints.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import procmem
from tests.kernel.rendering import (
    render_maps,
    render_rollup,
    render_smaps,
    render_status,
)

_SLEEPS = {
    "python": [sys.executable, "-c", "import time; print(flush=True); time.sleep(99)"],
    "shell": ["sh", "-c", "echo; read x"],
    "cat": ["sh", "-c", "echo; exec cat"],
}


@pytest.fixture(params=["self", *_SLEEPS])
def pid(request: pytest.FixtureRequest) -> Iterator[int]:
    """
    This process, or a child at rest.
    """
    if request.param == "self":
        yield os.getpid()
        return
    with subprocess.Popen(
        _SLEEPS[request.param], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.send_signal(signal.SIGSTOP)
        yield child.pid
        child.kill()


def text_of(pid: int, file: str) -> bytes:
    """
    One of its files, or the reason for skipping.
    """
    path = Path("/proc", str(pid), file)
    if not path.exists():
        pytest.skip(f"this kernel has no {file}")
    return path.read_bytes()


def test_maps(pid: int) -> None:
    """
    Rendering what was parsed reproduces maps byte for byte.
    """
    text = text_of(pid, "maps")

    assert text == render_maps(procmem.parse_maps(text))


def test_smaps(pid: int) -> None:
    """
    Rendering what was parsed reproduces smaps byte for byte.
    """
    text = text_of(pid, "smaps")

    assert text == render_smaps(procmem.parse_smaps(text))


def test_smaps_rollup(pid: int) -> None:
    """
    Rendering what was parsed reproduces smaps_rollup byte for byte.
    """
    text = text_of(pid, "smaps_rollup")
    start, end = text.split()[0].split(b"-")
    rendered = render_rollup(
        procmem.parse_smaps_rollup(text), start=int(start, 16), end=int(end, 16)
    )

    assert text == rendered


def test_status(pid: int) -> None:
    """
    Rendering what was parsed reproduces status byte for byte, given the
    order of its fields.
    """
    text = text_of(pid, "status")
    keys = [line.split(b":")[0].decode() for line in text.splitlines()]

    assert text == render_status(procmem.parse_status(text), keys)


@pytest.mark.parametrize("file", ["stat", "statm"])
def test_numbers(pid: int, file: str) -> None:
    """
    The fields of stat and statm are the numbers at the places that the
    manual gives.
    """
    text = text_of(pid, file)
    words = text.rpartition(b")")[2].split()
    if file == "statm":
        statm = procmem.parse_statm(text, page_size=1)

        assert [statm.size, statm.resident, statm.shared] == list(map(int, words[:3]))
        assert [statm.text, statm.lib, statm.data, statm.dirty] == [
            int(word) for word in words[3:]
        ]
    else:
        stat = procmem.parse_stat(text, page_size=1)

        # The state is the third field.
        assert [stat.state, stat.ppid] == [words[0].decode(), int(words[4 - 3])]
        assert [stat.start_time, stat.vsize, stat.rss] == [
            int(words[field - 3]) for field in (22, 23, 24)
        ]
