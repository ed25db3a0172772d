"""
Processes that never rest: they map and unmap, exec, or fork in a loop.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.live.control import end, temporary_folder, wait_until
from tests.live.processes.children import Holder, child

_MIB = 1 << 20


@contextlib.contextmanager
def restless(held: int = 8 * _MIB) -> Iterator[Holder]:
    """
    Maps, splits, touches and unmaps, but always holds the same *held* bytes.
    """
    with child("restless", held) as facts:
        yield Holder(facts.pid, facts.area("held", held))


@contextlib.contextmanager
def forker(held: int = _MIB) -> Iterator[Holder]:
    """
    Has up to four children, each for a few milliseconds; all hold *held* bytes.

    The children share the first half of them with nobody and the second half
    with the parent. `children_of()` tells who they are.
    """
    with child("forker", held) as facts:
        yield Holder(facts.pid, facts.area("held", held))


def children_of(pid: int) -> list[int]:
    """
    The children that a process has just now.
    """
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in path.read_text().split()]


# Reads as: go on only as long as the tests live, and count.
_EXEC_LOOP = """\
[ "$PPID" = "$1" ] || exit
exec sh "$0" "$1" $(($2 + 1))
"""

# The kernel limits one string to 32 pages.
_STRING = 64 << 10


class Execer(NamedTuple):
    """
    A process that execs itself in a loop, many hundred times a second.

    Attributes:
        pid: Its number, which stays the same.

        held:
            Bytes of anonymous memory that it always has. They are environment
            variables, which the kernel copies to the new stack before the old
            memory goes, so there is no moment without them.
    """

    pid: int
    held: int

    def execs(self) -> int:
        """
        How often it has exec'ed so far.
        """
        while True:
            words = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
            # Not there while the new memory is but the arguments are not.
            if len(words) > 1 and words[-2].isdigit():
                return int(words[-2])


@contextlib.contextmanager
def execer(held: int = 256 << 10) -> Iterator[Execer]:
    """
    A shell that replaces itself by itself.

    Args:
        held: Bytes, up to about 1 MiB, after which execve(2) has no room.
    """
    strings = {f"HELD_{number}": "x" * _STRING for number in range(held // _STRING)}
    with temporary_folder() as folder:
        script = folder / "loop"
        script.write_text(_EXEC_LOOP)
        process = subprocess.Popen(
            ["sh", str(script), str(os.getpid()), "0"],
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=os.environ | strings,
            start_new_session=True,
        )
        try:
            it = Execer(process.pid, len(strings) * _STRING)
            # Before its first exec it is still a copy of the tests.
            wait_until(lambda: it.execs() > 0, seconds=10, what="an exec")
            yield it
        finally:
            end(process, folder)
