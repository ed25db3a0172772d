"""
How the helper is started.
"""

from __future__ import annotations

import _socket
import json
import os
import signal
import sys
from pathlib import Path

import attrs

import procmem
from procmem.errors import UnsupportedError
from procmem.testing.sampling.member import HELPER_NAME

__all__ = ["start"]

# The first of it runs before anything is imported.  What was started ends at
# once, and what goes on is a child of its: a program that waits for its
# children is not kept waiting, and none of them is left as a zombie.
_PROGRAM = """\
import os, sys
if os.fork():
    os._exit(0)
os.setsid()
for name in os.listdir("/proc/self/fd"):
    if int(name) > 2:
        try:
            os.close(int(name))
        except OSError:
            pass
import json
paths = json.loads(sys.argv[2])
sys.path += [path for path in paths if path not in sys.path]
from procmem.testing.sampling.helper import main
main(sys.argv[3:])
"""

_FIRST_OWN = 3


def start(share: float, interval: float) -> _socket.socket:
    """
    Start a helper.

    Returns:
        The channel to it.

    Raises:
        UnsupportedError: If it cannot be started.
    """
    channel, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        try:
            pid = _spawn(theirs.fileno(), share, interval)
        finally:
            theirs.close()
        try:
            os.waitpid(pid, 0)
        except ChildProcessError:
            # This program lets the kernel wait, or another thread has done it.
            pass
    except OSError as exc:
        channel.close()
        needs = f"a Python at sys.executable that this user may run ({exc})"
        raise UnsupportedError("sampling", needs) from None
    except BaseException:
        channel.close()
        raise
    return channel


def _spawn(descriptor: int, share: float, interval: float) -> int:
    # That of a virtual environment needs some more files.  Either may be
    # missing where Python is a part of another program.
    python = getattr(sys, "_base_executable", None) or sys.executable or ""
    actions = [
        *((os.POSIX_SPAWN_CLOSE, one) for one in _inherited()),
        (os.POSIX_SPAWN_DUP2, descriptor, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    # Those are closed first, and this one is none of them.
    # Not a fork: what this process has in memory would become shared.  With
    # its signals blocked from the start, nothing but SIGKILL reaches it.
    return os.posix_spawn(
        python,
        [
            python,
            # Nothing of this program's environment changes what it does.
            "-I",
            "-S",
            "-c",
            _PROGRAM,
            # By this others know what it is before it has a name.
            HELPER_NAME.decode(),
            json.dumps(_paths()),
            str(os.getpid()),
            repr(share),
            repr(interval),
        ],
        os.environ,
        file_actions=actions,
        setsigmask=signal.valid_signals(),
    )


def _inherited() -> list[int]:
    """
    The descriptors that a child would have too: whoever holds the other end
    of one would wait for the helper to end.
    """
    found: list[int] = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 (numbers)
        descriptor = int(name)
        try:
            if descriptor >= _FIRST_OWN and os.get_inheritable(descriptor):
                found.append(descriptor)
        except OSError:
            # That of the listing itself.
            continue
    return found


def _paths() -> list[str]:
    """
    Where modules are found: those of this program after its own, and first
    of them where we are, which may have been found in another way.
    """
    own = [
        str(Path(module.__file__).resolve().parents[1])
        for module in (procmem, attrs)
        if module.__file__ is not None
    ]
    return [*own, *(os.path.abspath(path) for path in sys.path if path)]  # noqa: PTH100
