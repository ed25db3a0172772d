"""
The processes that are measured, and fresh interpreters that measure.

Every child waits for the end of its standard input, which comes when this
process closes it, and also if this process is killed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHILDREN = Path(__file__).with_name("children")

_END_SECONDS = 30


@contextmanager
def small_process() -> Iterator[int]:
    """
    The pid of a process with few mappings and little memory.
    """
    with _kept_running(["cat"]) as child:
        yield child.pid


@contextmanager
def child(name: str, *args: object) -> Iterator[int]:
    """
    The pid of a process of ``children/NAME.py`` that has got ready.
    """
    command = [sys.executable, str(CHILDREN / f"{name}.py"), *map(str, args)]
    with _kept_running(command) as process:
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"the child {name} did not get ready")
        yield process.pid


def fresh(name: str, *args: object) -> list[str]:
    """
    The words that ``children/NAME.py`` prints in an interpreter of its own.
    """
    command = [sys.executable, str(CHILDREN / f"{name}.py"), *map(str, args)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return done.stdout.decode().split()


@contextmanager
def _kept_running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
