"""
Every program at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from tests.live.control import NotHereError, StartError, end, temporary_folder
from tests.live.programs.languages import LANGUAGES
from tests.live.programs.running import Entry, Program
from tests.live.programs.servers import SERVERS
from tests.live.programs.small import SMALL

# Those that take long are first, so that they don't start last and alone.
PROGRAMS: dict[str, Program] = SERVERS | LANGUAGES | SMALL

# More than the CPUs of a small machine: starting is waiting, too.
_AT_ONCE = 4

_END_SECONDS = 60.0

_ROOT = Path(__file__).parents[3]

# From linux/prctl.h.
_PR_SET_CHILD_SUBREAPER = 36


class Absent(NamedTuple):
    """
    A program that could not be started, and why.

    Attributes:
        label: Its name in `PROGRAMS`.
        reason: What is missing, or how it failed.
        installed: Whether it is there at all, and therefore should work.
    """

    label: str
    reason: str
    installed: bool


class Fleet(NamedTuple):
    """
    Real processes of real programs.

    Attributes:
        entries: All processes.
        absent: The programs that are not among them.
        seconds: How long the start took.
    """

    entries: tuple[Entry, ...]
    absent: tuple[Absent, ...]
    seconds: float

    @property
    def pids(self) -> tuple[int, ...]:
        """
        Its processes, in the order of the entries.
        """
        return tuple(entry.pid for entry in self.entries)

    @property
    def executables(self) -> frozenset[str]:
        """
        The different programs that they run.
        """
        return frozenset(entry.executable for entry in self.entries)


@contextlib.contextmanager
def fleet(*, without: Collection[str] = ()) -> Iterator[Fleet]:
    """
    Start every program that is here, and remove them all at the end.

    Another process does it. It ends the programs when its input is closed, so
    they go even if the tests are killed, and the tests stay without threads,
    which matters for those that fork.

    Args:
        without: Names in `PROGRAMS` to leave out.
    """
    with (
        temporary_folder() as folder,
        (folder / "errors").open("w+b") as errors,
    ):
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.live.programs", *without],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=folder,
            # The folders of all programs are inside of this one, so whoever
            # works there is known even if the keeper fails.
            env=os.environ | {"PYTHONPATH": str(_ROOT), "TMPDIR": str(folder)},
            start_new_session=True,
        )
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        try:
            line = keeper.stdout.readline()
            if not line:
                errors.seek(0)
                raise StartError(errors.read().decode(errors="replace"))
            yield _load(line)
        finally:
            keeper.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                keeper.wait(_END_SECONDS)
            end(keeper, folder)
        if keeper.returncode != 0:
            errors.seek(0)
            msg = f"fleet: not ended well: {errors.read().decode(errors='replace')}"
            raise StartError(msg)


def _load(line: bytes) -> Fleet:
    entries, absent, seconds = json.loads(line)
    return Fleet(
        entries=tuple(Entry(*entry) for entry in entries),
        absent=tuple(Absent(*program) for program in absent),
        seconds=seconds,
    )


def keep(without: Collection[str]) -> None:
    """
    Start the programs, print what there is, and wait for the end of the input.
    """
    _adopt()
    start = time.monotonic()
    entries: list[Entry] = []
    absent: list[Absent] = []
    up: list[AbstractContextManager[list[Entry]]] = []

    def enter(label: str) -> None:
        program = PROGRAMS[label]()
        try:
            entries.extend(program.__enter__())
        except NotHereError as exc:
            absent.append(Absent(label, str(exc), installed=False))
        except (StartError, OSError, subprocess.SubprocessError) as exc:
            absent.append(Absent(label, str(exc), installed=True))
        else:
            up.append(program)

    def leave(program: AbstractContextManager[list[Entry]]) -> None:
        program.__exit__(None, None, None)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            # list(): raise what a thread has raised.
            list(
                pool.map(
                    enter,
                    [label for label in PROGRAMS if label not in without],
                )
            )
            known = list(PROGRAMS)
            entries.sort(key=lambda entry: (entry.executable, entry.pid))
            absent.sort(key=lambda program: known.index(program.label))
            # Some helpers of the first seconds are gone again.
            living = [entry for entry in entries if Path(f"/proc/{entry.pid}").exists()]
            seconds = time.monotonic() - start
            print(json.dumps([living, absent, seconds]), flush=True)
            sys.stdin.read()
        finally:
            list(pool.map(leave, up))
            _reap()


def _adopt() -> None:
    """
    Become the parent of every descendant that loses its own.

    The first process of a container often never waits for anybody, and what
    it adopts would stay as a zombie.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _reap() -> None:
    """
    Wait for all who have been adopted. All have ended by now.
    """
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
