"""
Processes to be stopped, and who else may hold them.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.children import state
from tests.live.control import all_stats, stands_still

# Children end when their parent has.
FORK = """
import os, signal, sys, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
def fork(function, *arguments):
    parent = os.getpid()
    if os.fork() == 0:
        function(parent, *arguments)
        os._exit(0)
def stay(parent):
    while os.getppid() == parent:
        time.sleep(0.02)
"""

# Three children, each with one of its own.
FAMILY = f"""{FORK}
reader, writer = os.pipe()
def grandchild(parent):
    os.write(writer, b"x")
    stay(parent)
def child(parent):
    fork(grandchild)
    stay(parent)
for _ in range(3):
    fork(child)
for _ in range(3):
    os.read(reader, 1)
print(flush=True)
sys.stdin.read()
"""

# Two generations that fork all the time and live for 30 ms.
BRANCHING = f"""{FORK}
def branch(parent, depth, seconds):
    end = time.monotonic() + seconds
    while os.getppid() == parent and time.monotonic() < end:
        if depth:
            fork(branch, depth - 1, 0.03)
        time.sleep(0.005)
print(flush=True)
branch(os.getppid(), 2, 600)
"""

THREADS = """
import threading
def spin():
    while True:
        pass
for _ in range(3):
    threading.Thread(target=spin, daemon=True).start()
print(flush=True)
spin()
"""

# The child of vfork shares its parent's memory until it executes `true`.
SPAWNING = """
import subprocess
print(flush=True)
while True:
    subprocess.run(["true"])
"""

_HOLDING = """
import os, sys, time
from procmem.sources.freezing import frozen
with frozen({pid}) as found:
    print(*found.pids, flush=True)
    {then}
    time.sleep(600)
"""


def descendants(pid: int) -> set[int]:
    """
    All that a process has by now, without zombies.
    """
    stats = all_stats()
    found = {pid}
    while (
        more := {child for child, stat in stats.items() if stat.parent in found} - found
    ):
        found |= more
    return {child for child in found - {pid} if not stats[child].has_ended}


def all_still(pids: tuple[int, ...]) -> bool:
    """
    Whether there are some, and no thread of them runs.
    """
    return bool(pids) and all(map(stands_still, pids))


def runs(pid: int) -> bool:
    """
    Whether the process is neither stopped nor gone.
    """
    try:
        return state(pid) in "RSD"
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def holder(pid: int, then: str = "pass") -> Iterator[int]:
    """
    Another interpreter that holds a process, does something more, and waits.
    """
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDING.format(pid=pid, then=then)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process.pid
        finally:
            process.kill()


def watchers(pid: int) -> list[int]:
    """
    The watchers that a process has started.
    """
    children = [child for child, stat in all_stats().items() if stat.parent == pid]
    return [
        child
        for child in children
        if b"watcher" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
