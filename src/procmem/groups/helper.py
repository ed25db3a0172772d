"""
A thread that is given something to do, and then something else.
"""

from __future__ import annotations

from collections import abc
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread

__all__ = ["Helper"]


class Helper:
    """
    A thread that does one thing after the other.
    """

    __slots__ = ("_jobs", "_thread")

    def __init__(self) -> None:
        self._jobs: SimpleQueue[abc.Callable[[], object] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def do(self, job: abc.Callable[[], object]) -> None:
        """
        Have something done after all else.
        """
        self._jobs.put(job)
        if self._thread is None:
            # A daemon: the end of the program need not wait until a read is
            # done.
            self._thread = Thread(target=self._work, daemon=True)
            self._thread.start()

    def _work(self) -> None:
        for job in iter(self._jobs.get, None):
            job()

    @property
    def is_free(self) -> bool:
        """
        Whether it has nothing to do after what it is doing.
        """
        return self._jobs.empty()

    def do_last(self, job: abc.Callable[[], object]) -> None:
        """
        The same, with nothing after it: to join it takes less time then.
        """
        self.do(job)
        self._jobs.put(None)

    def drop(self) -> None:
        """
        Leave undone what was not begun with.
        """
        with suppress(Empty):
            while True:
                self._jobs.get_nowait()

    def join(self, seconds: float | None = None) -> None:
        """
        Wait until all is done, but no longer than some seconds.
        """
        if self._thread is not None:
            # Perhaps the second, for want of the first.
            self._jobs.put(None)
            self._thread.join(seconds)
            self._thread = None
            self._jobs = SimpleQueue()
