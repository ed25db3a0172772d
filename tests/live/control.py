"""
Watch, stop and end processes that the live tests start.

Nothing here uses procmem: what the tests compare procmem with must not stand on
procmem's own parsers. All there is to know comes from ``/proc/PID/stat`` and a
few links next to it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
import unittest
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

# States in which no instruction of the program runs any more, as
# proc_pid_stat(5) names them: stopped, traced, zombie, dead.
_STILL = frozenset("TtZX")
_ENDED = frozenset("ZX")

_PF_KTHREAD = 0x0020_0000

_STOP_SECONDS = 10.0
_END_SECONDS = 10.0


class NotHereError(unittest.SkipTest):
    """
    This machine lacks what a test needs; the message says what and why.

    A test that does not catch it is skipped, with the message as the reason.
    """


class StartError(Exception):
    """
    A program is installed but did not come up; the message says how.
    """


class Stat(NamedTuple):
    """
    The few fields of ``/proc/PID/stat`` that matter here.

    Attributes:
        state: The one-letter state.
        parent: Pid of the parent.
        session: Pid of the session's leader.
        flags: The kernel's ``PF_*`` flags.
        ticks: Time spent on a CPU so far, user and system, in clock ticks.
        start: When it started, in clock ticks since boot.
    """

    state: str
    parent: int
    session: int
    flags: int
    ticks: int
    start: int

    @property
    def is_kernel_thread(self) -> bool:
        """
        Whether it is a part of the kernel and has no memory of its own.
        """
        return bool(self.flags & _PF_KTHREAD)

    @property
    def has_ended(self) -> bool:
        """
        Whether it is only there until its parent has asked for it.
        """
        return self.state in _ENDED


def read_stat(pid: int, *, task: int | None = None) -> Stat | None:
    """
    The state of a process or of one of its tasks, or None if there is none.
    """
    path = f"/proc/{pid}/stat" if task is None else f"/proc/{pid}/task/{task}/stat"
    try:
        data = Path(path).read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name may hold anything, even ") T 1 (": only the last parenthesis is
    # the kernel's.
    fields = data[data.rindex(b")") + 2 :].split()
    return Stat(
        state=fields[0].decode(),
        parent=int(fields[1]),
        session=int(fields[3]),
        flags=int(fields[6]),
        ticks=int(fields[11]) + int(fields[12]),
        start=int(fields[19]),
    )


def all_stats() -> dict[int, Stat]:
    """
    Every process that ``/proc`` lists now.
    """
    stats = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and (stat := read_stat(int(path.name))):
            stats[int(path.name)] = stat
    return stats


def family(
    root: int, folder: Path | None = None, *, start: int | None = None
) -> dict[int, Stat]:
    """
    What lives of a program: its first process and all that belong to it.

    Being a descendant is not enough, because daemons leave their parents; so
    whoever is still in the session of *root* or works in *folder* counts too.
    Kernel threads and what has ended don't. With *start*, a stranger who has
    got the number of *root* after its end is not taken for it.
    """
    stats = all_stats()
    stranger = root in stats and start not in (None, stats[root].start)
    members: set[int] = set()
    wave = {
        pid
        for pid, stat in stats.items()
        if (not stranger and root in (pid, stat.session)) or _works_in(pid, folder)
    }
    while wave:
        members |= wave
        wave = {
            pid
            for pid, stat in stats.items()
            if stat.parent in wave and pid not in members
        }
    return {
        pid: stats[pid]
        for pid in sorted(members)
        if not stats[pid].has_ended and not stats[pid].is_kernel_thread
    }


def _works_in(pid: int, folder: Path | None) -> bool:
    if folder is None:
        return False
    try:
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(folder)
    except OSError:
        return False


def tasks(pid: int) -> list[int]:
    """
    The ids of all threads of a process; none if it is gone.
    """
    try:
        return [int(path.name) for path in Path(f"/proc/{pid}/task").iterdir()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def wait_until(check: Callable[[], bool], *, seconds: float, what: str) -> None:
    """
    Poll *check*, rarely enough to leave the CPU to who is waited for.

    Raises:
        TimeoutError: If it is not true after *seconds*; says *what* is not.
    """
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            msg = f"not within {seconds:g} s: {what}"
            raise TimeoutError(msg)
        time.sleep(0.01)


def stands_still(pid: int) -> bool:
    """
    Whether no thread of the process runs. True for one that is gone.

    The leader being in state T is not enough: the other threads stop one by
    one, each when it next leaves the kernel.
    """
    return all(
        stat is None or stat.state in _STILL
        for stat in (read_stat(pid, task=task) for task in tasks(pid))
    )


@contextlib.contextmanager
def stopped(pids: Iterable[int]) -> Iterator[tuple[int, ...]]:
    """
    Stop all of *pids*, and let them go on at the end whatever happens.

    Yields:
        Those that stand still. What exited before it could be stopped is left
        out, so compare the count if it matters.

    Raises:
        TimeoutError: If one does not stop.
    """
    starts = {pid: stat.start for pid in pids if (stat := read_stat(pid))}
    try:
        for pid, start in starts.items():
            send(pid, start, signal.SIGSTOP)
        wait_until(
            lambda: all(map(stands_still, starts)),
            seconds=_STOP_SECONDS,
            what=f"all of {sorted(starts)} stopped",
        )
        yield tuple(pid for pid in starts if _is_stopped(pid))
    finally:
        # The last to be stopped goes on first, so that none that waits for
        # another sees it stopped for longer than needed.
        for pid, start in reversed(starts.items()):
            send(pid, start, signal.SIGCONT)


def _is_stopped(pid: int) -> bool:
    stat = read_stat(pid)
    # A leader that has exited while threads live on is a zombie for good; the
    # threads are what was stopped.
    return stat is not None and (not stat.has_ended or len(tasks(pid)) > 1)


def send(pid: int, start: int, signal_number: signal.Signals) -> None:
    """
    Signal a process, but only if it is still the one that began at *start*.
    """
    stat = read_stat(pid)
    if stat is not None and stat.start == start:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number)


def end(
    process: subprocess.Popen[bytes],
    folder: Path | None = None,
    *,
    politely: signal.Signals = signal.SIGTERM,
) -> None:
    """
    End a program with its whole family, and wait until nothing of it is left.

    Args:
        process: Its first process, the leader of a session of its own.

        folder: A folder that only this program works in.

        politely: The signal after which it cleans up after itself.
    """
    first = read_stat(process.pid)
    start = first.start if first else None
    members = family(process.pid, folder, start=start)
    for pid, stat in members.items():
        send(pid, stat.start, signal.SIGCONT)
    if process.poll() is None:
        process.send_signal(politely)
    if process.stdin is not None:
        # Many read their commands from there and end with them.
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)

    def nothing_left() -> bool:
        process.poll()
        # Who has lost its parent is found by session and folder, or because
        # it was seen before.
        left = family(process.pid, folder, start=start)
        for pid, stat in members.items():
            now = read_stat(pid)
            if now and now.start == stat.start and not now.has_ended:
                left[pid] = now
        for pid, stat in left.items():
            send(pid, stat.start, signal.SIGKILL)
        return not left and process.returncode is not None

    wait_until(nothing_left, seconds=_END_SECONDS, what=f"end of {process.args!r}")
    if process.stdout is not None:
        process.stdout.close()


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """
    An empty folder that is gone at the end.

    Its name tells which process made it, so that a test finds its leftovers
    while other tests run.
    """
    prefix = f"procmem-live-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        folder = Path(name).resolve()
        # Servers run as users of their own have to get to their sockets.
        folder.chmod(0o711)
        yield folder


def leftover_folders(pid: int) -> list[Path]:
    """
    What `temporary_folder()` made in the process *pid* and is still there.
    """
    return sorted(Path(tempfile.gettempdir()).glob(f"procmem-live-{pid}-*"))
