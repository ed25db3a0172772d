"""
The processes that this interpreter keeps stopped, and for whom.

Blocks of :func:`procmem.frozen` may overlap, in one thread or in several.  A
process is stopped for the first that wants it and continued for the last, so
what is held is kept once for the whole interpreter, with the blocks that hold
it.  So is the watcher: it starts with the first process and ends with the last.
"""

from __future__ import annotations

import os
import threading
from collections import abc
from signal import SIGCONT, SIGSTOP

import attrs

from procmem.errors import ProcessGoneError, ProcmemError
from procmem.sources.stopping import Identity, Stoppable
from procmem.sources.watching import Watcher

__all__ = ["HOLDS", "Block", "Holds"]


class Block:
    """
    One use of :func:`procmem.frozen`: who holds processes.
    """

    __slots__ = ()


@attrs.define
class _Hold:
    """
    A process that we have stopped.

    Attributes:
        process: The process.

        blocks: For whom it is stopped.  Empty while it is being continued.
    """

    process: Stoppable
    blocks: set[Block]


class Holds:
    """
    What is held; every method may be called by any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[Identity, _Hold] = {}
        self._watcher: Watcher | None = None

    def hold(self, block: Block, processes: abc.Iterable[Stoppable]) -> set[Identity]:
        """
        Stop those of *processes* that run, and hold those that we had stopped
        before.

        What was stopped by somebody else stays as it is, and what has ended
        is left out.  It is not waited for anything: see
        :meth:`Stoppable.is_still`.

        Args:
            block: Who wants to hold them.

            processes: The processes.  Those that are held are let go with
                the block; all others remain the caller's.

        Returns:
            What the block holds now of *processes*.

        Raises:
            StopDeniedError: If one of them may not be stopped.

            UnsupportedError: If the system lacks what this needs.
        """
        ours: set[Identity] = set()
        with self._lock:
            fresh: list[Stoppable] = []
            for process in processes:
                if known := self._held.get(process.identity):
                    known.blocks.add(block)
                    ours.add(process.identity)
                    if process.runs():
                        # Somebody has continued it.
                        process.send(SIGSTOP)
                elif process.runs():
                    fresh.append(process)
            if fresh:
                ours |= self._stop(block, fresh)
        return ours

    def _stop(self, block: Block, fresh: list[Stoppable]) -> set[Identity]:
        # Who may be stopped in the next moment is watched from now on.
        watcher = self._watch(fresh)
        stopped: set[Identity] = set()
        try:
            for process in fresh:
                # Before the signal: an interrupt must not come in between.
                self._held[process.identity] = _Hold(process, {block})
                try:
                    process.send(SIGSTOP)
                except (ProcmemError, OSError) as exc:
                    del self._held[process.identity]
                    if not isinstance(exc, ProcessGoneError):
                        raise
                else:
                    stopped.add(process.identity)
        finally:
            watcher.forget(
                [process for process in fresh if process.identity not in self._held]
            )
        return stopped

    def _watch(self, fresh: list[Stoppable]) -> Watcher:
        """
        The watcher, which knows of *fresh* too.
        """
        if self._watcher is not None:
            try:
                self._watcher.hold(fresh)
            except ConnectionError:
                # Somebody has ended it.  The next one gets all.
                self._watcher.end()
                self._watcher = None
            else:
                return self._watcher
        self._watcher = Watcher()
        self._watcher.hold([*(hold.process for hold in self._held.values()), *fresh])
        return self._watcher

    def release(self, block: Block) -> None:
        """
        Let go of what a block holds, and continue what no other one holds.

        If it is interrupted, it can be called again.
        """
        with self._lock:
            for hold in self._held.values():
                hold.blocks.discard(block)
            # Children before their parents, which then have not seen them
            # stopped.
            free = [hold.process for hold in self._held.values() if not hold.blocks]
            for process in reversed(free):
                try:
                    process.send(SIGCONT)
                except (OSError, ProcmemError):
                    # It is gone, or became another user's since.
                    continue
            if self._watcher is not None:
                self._watcher.forget(free)
            for process in free:
                del self._held[process.identity]
                process.close()
            if self._watcher is not None and not self._held:
                self._watcher.end()
                self._watcher = None

    def keeps(self, process: Stoppable) -> bool:
        """
        Whether *process* is let go by :meth:`release` and by nobody else.
        """
        with self._lock:
            hold = self._held.get(process.identity)
            return hold is not None and hold.process is process

    def forget_all(self) -> None:
        """
        Hold nothing, and leave everything as it is: for a process that was
        forked from the one that does hold it.
        """
        self._lock = threading.Lock()
        for hold in self._held.values():
            hold.process.close()
        self._held.clear()
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None


HOLDS = Holds()
"""What this interpreter holds."""

os.register_at_fork(after_in_child=HOLDS.forget_all)
