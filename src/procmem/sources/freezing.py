"""
``procmem.frozen``: stop a process with all that descend from it.

A process is only asked for its children once none of its threads runs any
more.  Then it has as many as it will have, and nobody has to run after a
process that forks faster than files can be read.  There is one more reason: a
process in ``vfork`` stops only after its child has executed another program,
which it never would if it were stopped first.

Only signals are used.  To freeze a cgroup would be simpler, but processes
would have to be moved into one, and accounted anew.
"""

from __future__ import annotations

import errno
import time
from collections import abc
from contextlib import contextmanager

import attrs

from procmem.errors import ProcessGoneError, ProcmemError
from procmem.formats.stat import parse_stat
from procmem.sources.base import PinnedProcess, Source
from procmem.sources.descendants import (
    children_by_parent,
    children_listed,
    lists_children,
)
from procmem.sources.holds import HOLDS, Block
from procmem.sources.live import LiveProcess
from procmem.sources.procfs import ProcFS
from procmem.sources.stopping import (
    Identity,
    Posture,
    Stoppable,
    copy_of,
    leader_of,
    live,
)

__all__ = ["Frozen", "StillRunningError", "frozen"]

_SHORTEST_PAUSE = 0.0002
_LONGEST_PAUSE = 0.02


@attrs.frozen(kw_only=True)
class Frozen:
    """
    Processes that stand still.

    Attributes:
        pids: Those that were stopped and will be continued, parents before
            their children.

        already_stopped: Those that somebody else had stopped before.  They
            are left as they are, now and at the end.
    """

    pids: tuple[int, ...]
    already_stopped: tuple[int, ...] = ()


@attrs.define
class StillRunningError(ProcmemError, TimeoutError):
    """
    Some processes did not stop in time.

    A process that waits for a disk or a network file system stops only when
    that has answered.

    Attributes:
        pids: The processes.

        seconds: How long they were waited for.
    """

    pids: tuple[int, ...]
    seconds: float

    def __attrs_post_init__(self) -> None:
        self.errno = errno.ETIMEDOUT

    def __str__(self) -> str:
        pids = ", ".join(map(str, self.pids))
        return f"still running {self.seconds:g} s after being stopped: {pids}"


@contextmanager
def frozen(
    pid: int | PinnedProcess,
    *,
    tree: bool = True,
    source: Source | None = None,
    time_limit: float = 10.0,
) -> abc.Generator[Frozen, None, None]:
    """
    Stop a process and all that descend from it, for as long as a ``with``
    statement takes.

    They get ``SIGSTOP``, and in the end ``SIGCONT``, also if this process is
    killed meanwhile: a small helper process watches over that.  What was
    stopped before is neither stopped nor continued.  Blocks may be nested and
    overlap; a process goes on when the last one has ended that stopped it.

    Args:
        pid: The process; neither this one nor one that it descends from.

        tree: Stop its descendants too.

        source: Where to look; None means the live ``/proc``.

        time_limit: Seconds until all have to stand still.

    Yields:
        Which processes were stopped.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If one of them may not be stopped.

        StillRunningError: If one of them does not stop.

        UnsupportedError: If the kernel is older than Linux 5.3, or the helper
            can't be started.

        ValueError: If this process would have to stop itself, or *pid* is no
            process that can be stopped: recorded, or a part of the kernel.
            In each of these cases what was stopped has been continued.
    """
    block = Block()
    root = Stoppable(_meant(pid, source))
    try:
        yield _Family(root, block).stop(tree=tree, time_limit=time_limit)
    finally:
        try:
            HOLDS.release(block)
        except BaseException:
            # Interrupted; but nobody is to be left behind.
            HOLDS.release(block)
            raise
        finally:
            if not HOLDS.keeps(root):
                root.close()


def _meant(pid: int | PinnedProcess, source: Source | None) -> LiveProcess:
    """
    The process that is meant, as one of our own to let go.
    """
    if isinstance(pid, int):
        process = live((ProcFS() if source is None else source).pin(pid))
    else:
        process = live(pid)
        if source is not None and source != process.source:
            msg = f"{pid} is pinned in {process.source}, not in {source}"
            raise ValueError(msg)
        process = copy_of(process)
    try:
        leader = leader_of(process)
    except BaseException:
        process.close()
        raise
    if leader == process.pid:
        return process
    # The number was that of a thread, and threads are stopped together.
    process.close()
    return live(process.source.pin(leader))


class _Family:
    """
    A process and its descendants, on the way to standing still.

    Args:
        root: The process.

        block: For whom they are stopped.
    """

    def __init__(self, root: Stoppable, block: Block) -> None:
        self._root = root
        self._source = root.process.source
        self._block = block
        self._lists_children = lists_children(root)
        # In the order in which they were found.
        self._members: dict[Identity, Stoppable] = {}
        self._held: set[Identity] = set()
        self._ended: set[Identity] = set()
        self._spared = _own_line(self._source)
        if root.pid in self._spared:
            msg = f"process {root.pid} is this one or one that it descends from"
            raise ValueError(msg)
        if root.is_kernel_thread():
            msg = f"process {root.pid} is a part of the kernel, which can't be stopped"
            raise ValueError(msg)

    def stop(self, *, tree: bool, time_limit: float) -> Frozen:
        """
        Stop all of them, and wait until they stand still.
        """
        try:
            self._stop(tree=tree, time_limit=time_limit)
        finally:
            for member in self._members.values():
                if not HOLDS.keeps(member):
                    member.close()
        stopped: list[int] = []
        already: list[int] = []
        for identity, member in self._members.items():
            if identity not in self._ended:
                pids = stopped if identity in self._held else already
                pids.append(member.pid)
        return Frozen(pids=tuple(stopped), already_stopped=tuple(already))

    def _stop(self, *, tree: bool, time_limit: float) -> None:
        deadline = time.monotonic() + time_limit
        pause = _SHORTEST_PAUSE
        running = self._take([self._root])
        while running:
            moving, still = self._looked_at(running)
            found = self._take(self._children(still)) if tree else []
            if tree and not moving and not found:
                # A member that inherits orphans may have got some since.
                found = self._take(self._children(self._members.values()))
            running = moving + found
            if running and time.monotonic() > deadline:
                raise StillRunningError(
                    tuple(member.pid for member in running), time_limit
                )
            if still or found:
                pause = _SHORTEST_PAUSE
            else:
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _take(self, found: abc.Iterable[Stoppable]) -> list[Stoppable]:
        """
        Stop those that are new; which they are.
        """
        fresh: list[Stoppable] = []
        for process in found:
            if process.identity in self._members or process.pid in self._spared:
                process.close()
            else:
                self._members[process.identity] = process
                fresh.append(process)
        self._held |= HOLDS.hold(self._block, fresh)
        return fresh

    def _looked_at(
        self, running: list[Stoppable]
    ) -> tuple[list[Stoppable], list[Stoppable]]:
        """
        Those that still move, and those that do not any more.
        """
        moving: list[Stoppable] = []
        still: list[Stoppable] = []
        for member in running:
            try:
                posture = member.posture()
            except ProcessGoneError:
                if member is self._root:
                    raise
                posture = Posture.ENDED
            if posture is Posture.ENDED:
                self._ended.add(member.identity)
            (moving if posture is Posture.MOVING else still).append(member)
        # Whoever had stopped them has continued them.
        free = [member for member in moving if member.identity not in self._held]
        self._held |= HOLDS.hold(self._block, free)
        return moving, still

    def _children(self, parents: abc.Iterable[Stoppable]) -> abc.Iterator[Stoppable]:
        if self._lists_children:
            return children_listed(parents)
        return children_by_parent(parents, self._source)


def _own_line(source: ProcFS) -> set[int]:
    """
    This process and those that it descends from, by their numbers in *source*.
    """
    line: set[int] = set()
    data = source.read("self/stat")
    while data is not None:
        stat = parse_stat(data, page_size=1)
        line.add(stat.pid)
        data = source.read(f"{stat.ppid}/stat")
    return line
