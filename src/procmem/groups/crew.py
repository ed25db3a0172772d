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
from typing import Generic, TypeVar

from procmem.groups.deadline import Deadline
from procmem.groups.helper import Helper

__all__ = ["Crew", "processors"]

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")

_MOST_THREADS = 8

# What Python has to do is done faster for several results in a row, but
# nobody else can begin with anything meanwhile.
_IN_A_ROW = 8


class Crew(Generic[_Job, _Result]):
    """
    Some threads that do jobs in the order given.

    Args:
        jobs: What to do.

        work: Does one of them.  It is called by several threads at once.

        is_large: Whether a job takes long enough to be worth a helper, which
            otherwise takes longer to be handed the interpreter than the job
            takes.  Large jobs come first.

        digest: Is called with each result by the thread that runs the crew,
            for some in a row, while the others work on.
    """

    __slots__ = (
        "_digest",
        "_digested",
        "_failures",
        "_is_large",
        "_is_over",
        "_results",
        "_waiting",
        "_work",
    )

    def __init__(
        self,
        jobs: abc.Iterable[_Job],
        work: abc.Callable[[_Job], _Result],
        *,
        is_large: abc.Callable[[_Job], bool],
        digest: abc.Callable[[_Result], object] | None = None,
    ) -> None:
        # Several threads may take from a deque, and append to a list.
        self._waiting = deque(jobs)
        self._work = work
        self._is_large = is_large
        self._digest = digest
        self._digested = 0
        self._results: list[_Result] = []
        self._failures: list[BaseException] = []
        self._is_over = False

    def run(
        self,
        deadline: Deadline,
        *,
        threads: int | None = None,
        spare: Helper | None = None,
    ) -> list[_Result]:
        """
        The results of all that was done in time, in any order.

        Args:
            deadline: When to end.

            threads: How many, at most; None for as many as there are
                processors.

            spare: A helper that is there anyhow, and used if one is needed.
        """
        most = min(threads or processors(), sum(map(self._is_large, self._waiting)))
        helpers = [Helper() for _ in range(most - 1)]
        if deadline.exists:
            self._wait_for(helpers, deadline)
        else:
            self._work_with([*([spare] if spare else []), *helpers][: most - 1])
        if self._failures:
            raise self._failures[0]
        self._digest_results()
        return list(self._results)

    def _wait_for(self, helpers: list[Helper], deadline: Deadline) -> None:
        if self._waiting and not deadline.has_passed:
            for helper in helpers:
                helper.do_last(self._help)
            helpers.append(Helper())
            helpers[-1].do_last(lambda: self._help(only_large=False))
        for helper in helpers:
            helper.join(deadline.left)
        self._stop()

    def _work_with(self, helpers: abc.Iterable[Helper]) -> None:
        for helper in helpers:
            helper.do_last(self._help)
        try:
            for _ in self._turns():
                if len(self._results) >= self._digested + _IN_A_ROW:
                    self._digest_results()
        finally:
            # After an interrupt, have the helpers stop.
            self._waiting.clear()
        self._digest_results()
        for helper in helpers:
            helper.join()

    def _digest_results(self) -> None:
        if self._digest is not None:
            some = self._results[self._digested :]
            for result in some:
                self._digest(result)
            self._digested += len(some)

    def _stop(self) -> None:
        self._waiting.clear()
        self._is_over = True

    def _help(self, *, only_large: bool = True) -> None:
        try:
            for job in self._turns():
                if only_large and not self._is_large(job):
                    return
        except BaseException as exc:  # noqa: BLE001 (run() raises it)
            self._failures.append(exc)
            self._waiting.clear()

    def _turns(self) -> abc.Iterator[_Job]:
        """
        Do one job after the other, and give each when it is done.
        """
        while not self._is_over:
            try:
                job = self._waiting.popleft()
            except IndexError:
                return
            self._results.append(self._work(job))
            yield job


def processors() -> int:
    """
    How many threads are of use here.
    """
    return min(_MOST_THREADS, len(os.sched_getaffinity(0)))
