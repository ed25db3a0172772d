"""
The readings of :func:`procmem.testing.assert_no_growth`: this process, once it
has settled.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections import abc
from typing import TYPE_CHECKING, Self, get_args

import attrs

from procmem.formats.picking import picked
from procmem.reading.totals import read_total
from procmem.sources.procfs import ProcFS
from procmem.testing.growth_course import Course, Plan, Reading, course
from procmem.testing.growth_report import GrowthReport
from procmem.testing.growth_where import look_around
from procmem.testing.limits import Metric

if TYPE_CHECKING:
    from types import TracebackType

    from procmem.sources.base import PinnedProcess

__all__ = ["Gauge", "Watch", "watched"]

# The kernel's keys of each metric.
_KEYS: dict[Metric, tuple[bytes, ...]] = {
    "footprint": (b"Pss_Anon", b"Pss_Shmem", b"SwapPss"),
    "pss": (b"Pss",),
    "uss": (b"Private_Clean", b"Private_Dirty"),
    "rss": (b"Rss",),
}

# The looks at where growth comes from take calls that make up so many pages,
# and this part of the time; tracing makes them slower.
_LOOK = 256
_SHARE = 1 / 40

# A usual object: Python tells how many it has allocated, not how large.
_OBJECT = 64


class Gauge:
    """
    How much memory this process has, once what it will give back is given.

    In a ``with`` statement, all objects that there are at its beginning are
    left alone by the garbage collector until its end (:func:`gc.freeze`): to
    go through them each time may take longer than all calls together, and
    they are no fewer or more for it.

    Args:
        metric: What to count.

        settle: Whether to collect garbage.

        trim: Whether to have the C library return what is free.
    """

    __slots__ = ("_freezes", "_process", "_settle", "metric", "page_size", "trims")

    def __init__(self, metric: Metric, *, settle: bool, trim: bool) -> None:
        if metric not in get_args(Metric):
            msg = f"no such metric: {metric!r}; there are {', '.join(get_args(Metric))}"
            raise ValueError(msg)
        source = ProcFS()
        self.metric: Metric = metric
        self.page_size = source.page_size
        self.trims = trim
        self._settle = settle
        self._freezes = False
        self._process = source.pin(None)

    @property
    def process(self) -> PinnedProcess:
        """
        This process.
        """
        return self._process

    def level(self) -> int:
        """
        Bytes in use now.
        """
        if self._settle:
            gc.collect()
        if self.trims:
            from procmem.sources.trimming import trim

            trim()
        text = self._process.read("smaps_rollup")
        found = picked(text, _KEYS[self.metric])
        return read_total(self._process, self.metric) if found is None else found

    def __enter__(self) -> Self:
        # Who has frozen objects wants them to stay so.
        if self._settle and not gc.get_freeze_count():
            gc.collect()
            gc.freeze()
            self._freezes = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._freezes:
            gc.unfreeze()
        self._process.close()


@attrs.frozen(kw_only=True)
class Watch:
    """
    What to do with a function.

    Attributes:
        plan: What to find out.

        warmup: Calls before anything is measured.

        where: Whether to look where growth comes from.

        info: What to say first in case of a failure.
    """

    plan: Plan
    warmup: int
    where: bool
    info: str = ""


def watched(watch: Watch, gauge: Gauge) -> abc.Generator[int, float, GrowthReport]:
    """
    Everything but the calls: yields how many to make next (0 to wait a
    little), is sent how many seconds they took, and returns the report.
    """
    plan = attrs.evolve(watch.plan, page_size=gauge.page_size)
    start = time.perf_counter()
    if watch.warmup:
        yield watch.warmup
    found = yield from _readings(course(plan), gauge)
    report = GrowthReport(
        metric=gauge.metric,
        limit=plan.limit,
        pid=os.getpid(),
        warmup=watch.warmup,
        trial=found.trial,
        blocks=found.blocks,
        noise=plan.noise,
        seconds=time.perf_counter() - start,
        trimmed=gauge.trims,
        info=watch.info,
    )
    if not report.grows or not watch.where:
        return report
    calls = _enough(report, plan)
    where = yield from look_around(gauge.process, calls, report.per_call)
    return attrs.evolve(report, where=where)


def _readings(
    steps: abc.Generator[int, Reading, Course], gauge: Gauge
) -> abc.Generator[int, float, Course]:
    start = time.perf_counter()
    calls = next(steps)
    while True:
        seconds = yield calls
        level = gauge.level()
        try:
            elapsed = time.perf_counter() - start
            calls = steps.send(Reading(level, seconds, elapsed, held()))
        except StopIteration as stop:
            found: Course = stop.value
            return found


def held() -> int:
    """
    What the allocators of Python and of C have handed out, in bytes, about.
    """
    from procmem.sources.trimming import in_use

    return sys.getallocatedblocks() * _OBJECT + in_use()


def _enough(report: GrowthReport, plan: Plan) -> int:
    """
    How many calls show what grew, and do not take long.
    """
    last = report.blocks[-1]
    wanted = int(_LOOK * plan.page_size / report.per_call) + 1
    if last.seconds > 0:
        time_for = int(plan.max_seconds * _SHARE * last.calls / last.seconds)
        wanted = min(wanted, max(1, time_for))
    return min(wanted, last.calls)
