"""
Doing the same for many processes, by several threads and within a time.

Nearly all of it is the kernel walking page tables, and Python lets other
threads run meanwhile.  A read that has begun cannot be given up: of a process
of 200 GiB it takes seconds, and for ever if somebody holds on to its address
space.  So where there is a limit on time, this thread reads nothing itself:
it waits until all is done or the time is over, and what is not done by then
is left to threads that nobody listens to any more.
"""

from __future__ import annotations

import os
from collections import abc, deque
from threading import Thread
from typing import Generic, TypeVar

from procmem.groups.deadline import Deadline

__all__ = ["Crew", "processors"]

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")

_MOST_THREADS = 8


class Crew(Generic[_Job, _Result]):
    """
    Some threads that do jobs in the order given.

    Args:
        jobs: What to do.

        work: Does one of them.  It is called by several threads at once.

        is_large: Whether a job takes long enough to be worth a helper, which
            otherwise takes longer to be handed the interpreter than the job
            takes.  Large jobs come first.
    """

    __slots__ = ("_failures", "_is_large", "_is_over", "_results", "_waiting", "_work")

    def __init__(
        self,
        jobs: abc.Iterable[_Job],
        work: abc.Callable[[_Job], _Result],
        *,
        is_large: abc.Callable[[_Job], bool],
    ) -> None:
        # Several threads may take from a deque, and append to a list.
        self._waiting = deque(jobs)
        self._work = work
        self._is_large = is_large
        self._results: list[_Result] = []
        self._failures: list[BaseException] = []
        self._is_over = False

    def run(self, deadline: Deadline, *, threads: int | None = None) -> list[_Result]:
        """
        The results of all that was done in time, in any order.

        Args:
            deadline: When to end.

            threads: How many, at most; None for as many as there are
                processors.
        """
        most = min(threads or processors(), sum(map(self._is_large, self._waiting)))
        helpers: list[Thread] = []
        if deadline.exists:
            if self._waiting and not deadline.has_passed:
                helpers = [self._helper(only_large=False)]
                helpers += [self._helper() for _ in range(most - 1)]
            for helper in helpers:
                helper.join(deadline.left)
            self._stop()
        else:
            helpers = [self._helper() for _ in range(most - 1)]
            try:
                self._take_turns(only_large=False)
            finally:
                # After an interrupt, have the helpers stop.
                self._waiting.clear()
            for helper in helpers:
                helper.join()
        if self._failures:
            raise self._failures[0]
        return list(self._results)

    def _stop(self) -> None:
        self._waiting.clear()
        self._is_over = True

    def _helper(self, *, only_large: bool = True) -> Thread:
        # Daemons: the end of the program need not wait until a read is done.
        helper = Thread(target=self._help, args=(only_large,), daemon=True)
        helper.start()
        return helper

    def _help(self, only_large: bool) -> None:
        try:
            self._take_turns(only_large=only_large)
        except BaseException as exc:  # noqa: BLE001 (run() raises it)
            self._failures.append(exc)
            self._waiting.clear()

    def _take_turns(self, *, only_large: bool) -> None:
        while not self._is_over:
            try:
                job = self._waiting.popleft()
            except IndexError:
                return
            self._results.append(self._work(job))
            if only_large and not self._is_large(job):
                return


def processors() -> int:
    """
    How many threads are of use here.
    """
    return min(_MOST_THREADS, len(os.sched_getaffinity(0)))
