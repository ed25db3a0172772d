"""
Whether a function keeps memory each time it is called.

How many calls are made and what decides is in
:mod:`procmem.testing.growth_course`; this module makes the calls, and
:mod:`procmem.testing.growth_gauge` takes the readings.
"""

from __future__ import annotations

import asyncio
import inspect
import time
import warnings
from collections import abc
from contextlib import closing
from itertools import repeat
from typing import TYPE_CHECKING, Self, cast

from procmem.sizes import format_size, parse_size
from procmem.testing.growth_course import Plan
from procmem.testing.growth_gauge import Gauge, Watch, watched
from procmem.testing.growth_options import NAMES, GrowthOptions
from procmem.testing.growth_report import GrowthReport, MemoryGrowthDetected

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Unpack

__all__ = [
    "GrowthOptions",
    "GrowthReport",
    "MemoryGrowthDetected",
    "assert_no_growth",
    "assert_no_growth_async",
]

_DEFAULT = 64
_FEWEST_BLOCKS = 3

# What others hold for a moment is gone after that, in seconds.
_PAUSE = 0.005

_Asynchronous = abc.Callable[[], abc.Awaitable[object]]


def assert_no_growth(
    func: abc.Callable[[], object], **options: Unpack[GrowthOptions]
) -> GrowthReport:
    """
    Call *func* again and again, and fail if each call leaves memory behind.

    After a warm-up it is called in *blocks*, each twice as long as the one
    before, and this process is measured after each.  Memory is lost if the
    last three blocks have all grown by more than *per_call* for each of their
    calls, and by more than a few pages.  As long as the last block has grown
    so, more are added: a cache that fills up stops growing, a leak does not.

    What is measured is the process, so memory counts that C code allocates
    or maps, and what other threads keep.

    Args:
        func: What to call, without arguments.  If it returns a coroutine,
            that is run to its end each time, in an event loop made for the
            purpose; where one runs already, await
            :func:`assert_no_growth_async`.

        **options: See :class:`GrowthOptions`.

    Returns:
        What was measured.

    Raises:
        MemoryGrowthDetected: If memory is lost.

        ValueError: If *per_call* is no size, or another option makes no
            sense.

        TypeError: If *func* is a generator function, whose calls do nothing.

        RuntimeError: If it is asynchronous and an event loop runs already.

        ProcmemError: If this process may not be read.

    Warns:
        RuntimeWarning: If *per_call* was given and, within the time, a loss
            above it could not be told from noise.
    """
    watch = _watch(func, options)
    with (
        _gauge(options) as gauge,
        _Caller(func) as make,
        closing(watched(watch, gauge)) as steps,
    ):
        wanted = _next(steps, None)
        while isinstance(wanted, int):
            wanted = _next(steps, make(wanted))
    return _judged(wanted, options)


async def assert_no_growth_async(
    func: abc.Callable[[], abc.Awaitable[object]], **options: Unpack[GrowthOptions]
) -> GrowthReport:
    """
    The same as :func:`assert_no_growth` inside an event loop: await what
    *func* returns, again and again.

    The calls follow one another.  Tasks that they start and leave behind
    have a moment to end before each reading, if there seems to be growth.
    """
    watch = _watch(func, options)
    with _gauge(options) as gauge, closing(watched(watch, gauge)) as steps:
        wanted = _next(steps, None)
        while isinstance(wanted, int):
            wanted = _next(steps, await _await_many(func, wanted))
    return _judged(wanted, options)


def _next(
    steps: abc.Generator[int, float, GrowthReport], seconds: float | None
) -> int | GrowthReport:
    """
    How often to call next, or the report.
    """
    # Not around the calls: a function may raise StopIteration, too.
    try:
        return next(steps) if seconds is None else steps.send(seconds)
    except StopIteration as stop:
        return cast("GrowthReport", stop.value)


def _gauge(options: GrowthOptions) -> Gauge:
    return Gauge(
        options.get("metric", "footprint"),
        settle=options.get("settle", True),
        trim=options.get("trim", False),
    )


def _watch(func: abc.Callable[[], object], options: GrowthOptions) -> Watch:
    """
    What to do, or an error that says what is wrong with it.
    """
    if inspect.isgeneratorfunction(func) or inspect.isasyncgenfunction(func):
        msg = f"{func!r} makes generators: calling it runs none of its code"
        raise TypeError(msg)
    if unknown := set(options) - NAMES:
        msg = f"no such option: {', '.join(sorted(unknown))}"
        raise TypeError(msg)
    calls, blocks = options.get("calls"), options.get("blocks", 5)
    warmup, max_seconds = options.get("warmup", 2), options.get("max_seconds", 10.0)
    for name, value, least in (
        ("calls", calls, 1),
        ("blocks", blocks, _FEWEST_BLOCKS),
        ("warmup", warmup, 0),
        ("max_seconds", max_seconds, 0),
    ):
        if value is not None and value < least:
            msg = f"{name}={value!r}: must be at least {least}"
            raise ValueError(msg)
    try:
        limit = parse_size(options.get("per_call", _DEFAULT))
    except (TypeError, ValueError) as exc:
        msg = f"per_call={options.get('per_call')!r}: {exc}"
        raise type(exc)(msg) from None
    return Watch(
        plan=Plan(
            limit=limit,
            page_size=0,
            blocks=blocks,
            calls=calls,
            max_seconds=max_seconds,
        ),
        warmup=warmup,
        where=options.get("where", True),
        info=options.get("info", ""),
    )


def _judged(report: GrowthReport, options: GrowthOptions) -> GrowthReport:
    if report.grows:
        raise MemoryGrowthDetected(report)
    if "per_call" in options and (doubt := _doubt(report)):
        warnings.warn(
            f"{doubt}: allow more calls (max_seconds=, calls=), or give the limit "
            "that you mean",
            RuntimeWarning,
            stacklevel=3,
        )
    return report


def _doubt(report: GrowthReport) -> str | None:
    """
    Why growth above the limit may have been missed, or None.
    """
    if not report.settled:
        return report.summary()
    if not 0 < report.limit < report.resolution:
        return None
    return (
        f"{report.calls} calls show no growth below "
        f"{format_size(round(report.resolution), decimals=1)} a call, which is more "
        f"than the limit of {format_size(report.limit)}"
    )


class _Caller:
    """
    Calls the function so many times, and runs the coroutines that it makes.
    """

    __slots__ = ("_func", "_runner", "_started")

    def __init__(self, func: abc.Callable[[], object]) -> None:
        self._func = func
        self._runner: asyncio.Runner | None = None
        self._started = False

    def __call__(self, calls: int) -> float:
        """
        Make *calls* calls, or wait a little if that is 0; the seconds it took.
        """
        if not self._started and calls:
            self._started = True
            if inspect.iscoroutine(first := self._func()):
                self._runner = _runner(first)
                self._runner.run(first)
            calls -= 1
            if not calls:
                return 0.0
        if self._runner is not None:
            asynchronous = cast("_Asynchronous", self._func)
            return self._runner.run(_await_many(asynchronous, calls))
        if not calls:
            time.sleep(_PAUSE)
            return 0.0
        func: abc.Callable[[], object] = self._func
        started = time.perf_counter()
        for _ in repeat(None, calls):
            func()
        return time.perf_counter() - started

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            self._runner.close()


def _runner(first: abc.Coroutine[object, object, object]) -> asyncio.Runner:
    """
    Something that runs coroutines, unless an event loop runs here already.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.Runner()
    first.close()
    msg = "an event loop is running: await assert_no_growth_async(...)"
    raise RuntimeError(msg)


async def _await_many(func: _Asynchronous, calls: int) -> float:
    if not calls:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            # Another library's loop.
            time.sleep(_PAUSE)  # noqa: ASYNC251
        else:
            await asyncio.sleep(_PAUSE)
        return 0.0
    started = time.perf_counter()
    for _ in repeat(None, calls):
        await func()
    return time.perf_counter() - started
