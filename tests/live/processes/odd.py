"""
Processes that are unlike others: without memory, without leader, half hidden.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from typing import NamedTuple

from tests.live.control import NotHereError, read_stat, wait_until
from tests.live.processes.children import Area, Holder, child
from tests.live.processes.rights import require_root

_MIB = 1 << 20

# The parent of all kernel threads, in the first pid namespace.
_KTHREADD = 2

# "nobody" nearly everywhere, and never somebody.
NOBODY = 65534


def kernel_thread() -> int:
    """
    The pid of a kernel thread.

    Raises:
        NotHereError: In a container, which sees none.
    """
    stat = read_stat(_KTHREADD)
    if stat is None or not stat.is_kernel_thread:
        msg = f"process {_KTHREADD} is no kernel thread"
        raise NotHereError(msg)
    return _KTHREADD


@contextlib.contextmanager
def zombie() -> Iterator[int]:
    """
    The pid of a process that has ended and that nobody has waited for.
    """
    with subprocess.Popen(["true"], start_new_session=True) as process:

        def has_ended() -> bool:
            stat = read_stat(process.pid)
            return stat is not None and stat.has_ended

        wait_until(has_ended, seconds=10, what="a zombie")
        yield process.pid


class Leaderless(NamedTuple):
    """
    A process whose first thread has ended.

    Attributes:
        pid: Its number; ``/proc/PID`` looks like a zombie's.
        task: The thread that lives on.
        held: Private anonymous memory, all touched.
    """

    pid: int
    task: int
    held: Area


@contextlib.contextmanager
def leaderless(held: int = _MIB) -> Iterator[Leaderless]:
    """
    A process without its first thread, which holds *held* bytes.
    """
    with child("leaderless", held) as facts:
        yield Leaderless(facts.pid, facts.told["task"], facts.area("held", held))


class Twins(NamedTuple):
    """
    Two processes with one address space.

    Attributes:
        pid: The one that made it.
        other: The one that joined, not a thread of the first.
        held: Private anonymous memory, all touched.
    """

    pid: int
    other: int
    held: Area


@contextlib.contextmanager
def twins(held: int = _MIB) -> Iterator[Twins]:
    """
    Two processes that share all of their memory.
    """
    with child("twins", held) as facts:
        yield Twins(facts.pid, facts.told["other"], facts.area("held", held))


@contextlib.contextmanager
def undumpable(held: int = _MIB) -> Iterator[Holder]:
    """
    A process of the tests' user that only the privileged may look into.
    """
    with child("guarded", held, 0) as facts:
        yield Holder(facts.pid, facts.area("held", held))


@contextlib.contextmanager
def owned_by(
    uid: int = NOBODY,
    gid: int | None = None,
    *,
    held: int = _MIB,
    dumpable: bool = True,
) -> Iterator[Holder]:
    """
    A process of another user.

    Args:
        uid: The user.

        gid: The group; the number of the user if None.

        held: Bytes of memory to touch.

        dumpable: Whether others with that user may look into it.

    Raises:
        NotHereError: If the tests don't run as root.
    """
    require_root()
    group = uid if gid is None else gid
    with child("guarded", held, int(dumpable), uid, group) as facts:
        yield Holder(facts.pid, facts.area("held", held))
