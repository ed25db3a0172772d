"""
Live processes of every kind that a quick test can make for itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

NOBODY = 65534

# Memory of every sort: touched, shared with the parent, mapped from a file.
_HOLDER = """
import mmap, sys
private = bytearray(b"x") * (8 << 20)
shared = mmap.mmap(-1, 2 << 20)
shared.write(b"x" * (1 << 20))
print(flush=True)
sys.stdin.read()
"""

_LEADERLESS = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
print(flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""


def state(pid: int) -> str:
    """
    The letter of its state.
    """
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_for(condition: Callable[[], bool]) -> None:
    """
    Wait until *condition* is true, but not for ever.
    """
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.001)


@contextlib.contextmanager
def script(code: str) -> Iterator[int]:
    """
    The pid of a Python that runs *code* and has printed a line.
    """
    with subprocess.Popen(
        [sys.executable, "-S", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        try:
            assert child.stdout is not None
            child.stdout.readline()
            yield child.pid
        finally:
            child.kill()


@contextlib.contextmanager
def stopped() -> Iterator[int]:
    """
    A process that holds some memory and does not run.
    """
    with script(_HOLDER) as pid:
        os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: state(pid) == "T")
        yield pid


@contextlib.contextmanager
def leaderless() -> Iterator[int]:
    """
    A process whose first thread has ended while another sleeps.
    """
    with script(_LEADERLESS) as pid:
        wait_for(lambda: state(pid) == "Z")
        yield pid


@contextlib.contextmanager
def forked() -> Iterator[int]:
    """
    A copy of this process that sleeps; may be killed and reaped meanwhile.
    """
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    try:
        yield pid
    finally:
        reap(pid)


def kill(pid: int) -> None:
    """
    Make a zombie of it.
    """
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: state(pid) == "Z")


def reap(pid: int) -> None:
    """
    End it and wait for it, if that has not been done.
    """
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def as_nobody(function: Callable[[], str]) -> str:
    """
    What *function* returns in a child that has dropped all rights.
    """
    if os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            answer = function()
        except BaseException as exc:  # noqa: BLE001 (it is told to the parent)
            answer = f"failed: {exc!r}"
        os.write(writer, answer.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        answer = answers.read()
    os.waitpid(pid, 0)
    return answer


def descriptors() -> set[str]:
    """
    The descriptors that this process holds.
    """
    # listdir() has one of its own, which is closed by now.
    return {
        fd for fd in os.listdir("/proc/self/fd") if Path("/proc/self/fd", fd).exists()
    }
