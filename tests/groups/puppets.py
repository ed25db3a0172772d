"""
Trees of processes that tests direct.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.children import wait_for

_ROOT = Path(__file__).parents[2]


class Puppet:
    """
    A process that obeys, the first of its tree.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid
        self.answer()

    def order(self, line: str) -> None:
        """
        Have it run a line, and do not wait for that.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """
        What the line gave.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "it has ended"
        return json.loads(line)

    def run(self, line: str) -> Any:
        """
        Have it run a line; what that gave.
        """
        self.order(line)
        return self.answer()

    def tell(self, pid: int, line: str) -> Any:
        """
        Have one of its children run a line; what that gave.
        """
        return self.run(f"tell({pid}, {line!r})")

    def fork(self, count: int = 1) -> list[int]:
        """
        Have it make children; their pids.
        """
        pids: list[int] = self.run(f"many({count})")
        return pids

    def end(self) -> None:
        """
        End it, and wait for it.
        """
        self._process.kill()
        self._process.wait()

    def reap(self, pid: int) -> None:
        """
        End one of its children, and have it wait for it.
        """
        self.run(f"(os.kill({pid}, 9), os.waitpid({pid}, 0))")


@contextlib.contextmanager
def puppet() -> Iterator[Puppet]:
    """
    A tree of one process, for now; all that are in it then are ended.
    """
    process = subprocess.Popen(
        [sys.executable, "-S", "-m", "tests.groups.puppet"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        start_new_session=True,
    )
    with process:
        try:
            yield Puppet(process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            wait_for(lambda: not _session(process.pid) - {process.pid})


def _session(number: int) -> set[int]:
    """
    Those of a session that have not ended.
    """
    found: set[int] = set()
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with contextlib.suppress(OSError):
                fields = Path("/proc", name, "stat").read_text().rpartition(")")[2]
                state, _, _, session = fields.split()[:4]
                if int(session) == number and state not in "ZX":
                    found.add(int(name))
    return found
