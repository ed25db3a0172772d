"""
Functions that keep memory and functions that do not, in this process.
"""

from __future__ import annotations

import asyncio
import ctypes
import functools
import gc
import pickle
import re
import threading
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from procmem.sources.trimming import trim
from procmem.testing.growth import (
    GrowthReport,
    MemoryGrowthDetected,
    assert_no_growth,
    assert_no_growth_async,
)
from procmem.testing.leak import KnownLeak

_KIB = 1024


@pytest.fixture
def leak() -> Iterator[Callable[[int | str], KnownLeak]]:
    """
    Leaks that are mended at the end.
    """
    # What earlier tests have left would be given back in between.
    gc.collect()
    trim()
    made: list[KnownLeak] = []

    def make(size: int | str) -> KnownLeak:
        made.append(KnownLeak(size))
        return made[-1]

    yield make
    for each in made:
        each.clear()


Leaks = Callable[[int | str], KnownLeak]


def _failure(func: Callable[[], object], **options: object) -> MemoryGrowthDetected:
    with pytest.raises(MemoryGrowthDetected) as caught:
        assert_no_growth(func, where=False, **options)  # type: ignore[arg-type]
    return caught.value


class TestKnownLeak:
    @pytest.mark.parametrize("size", ["100 B", "1 KiB", 4096, "1 MiB"])
    def test_is_found(self, leak: Leaks, size: int | str) -> None:
        """
        A leak is found, and measured to a part in a hundred.
        """
        one = leak(size)
        report = _failure(one).report

        assert report.grows
        assert one.bytes_per_call == pytest.approx(report.per_call, rel=0.01)

    def test_just_above_the_limit(self, leak: Leaks) -> None:
        """
        5 % above the limit is above it.
        """
        assert _failure(leak(1075), per_call="1 KiB").report.grows

    def test_just_below_the_limit(self, leak: Leaks) -> None:
        """
        5 % below is within it.
        """
        report = assert_no_growth(leak(972), per_call="1 KiB")

        assert not report.grows
        assert report.settled

    def test_in_c(self) -> None:
        """
        Memory that C code maps counts, though Python knows nothing of it.
        """
        libc = ctypes.CDLL(None)
        libc.malloc.restype = ctypes.c_void_p
        kept: list[int] = []

        def keep() -> None:
            kept.append(libc.malloc(ctypes.c_size_t(4000)))
            ctypes.memset(kept[-1], 1, 4000)

        try:
            assert pytest.approx(4016, rel=0.1) == _failure(keep).report.per_call
        finally:
            for address in kept:
                libc.free(ctypes.c_void_p(address))

    def test_clear(self, leak: Leaks) -> None:
        """
        What it keeps is known, and given back.
        """
        one = leak("3 MiB")
        one()
        one()
        before = one.leaked
        one.clear()

        assert (6 << 20, 0) == (before, one.leaked)
        assert "<a leak of 3.0 MiB a call, 0 B so far>" == repr(one)

    @pytest.mark.parametrize("size", [0, "0 B", -1, "1 page"])
    def test_is_a_size(self, size: int | str) -> None:
        """
        A leak is of some bytes.
        """
        with pytest.raises(ValueError):
            KnownLeak(size)


class TestFreeMemory:
    def test_objects_of_a_large_process(self) -> None:
        """
        A leak of small objects shows although much memory was free before.
        """
        litter = [[{"number": number}] for number in range(40_000)]
        # One of a hundred stays, so that hardly any page can be given back.
        kept: list[object] = [*litter[::100]]
        del litter
        gc.collect()

        with pytest.raises(MemoryGrowthDetected):
            assert_no_growth(lambda: kept.append({"user": 1}), where=False)

    def test_blocks_of_the_c_library(self) -> None:
        """
        So does one of larger blocks.
        """
        litter = [bytes(2000) for _ in range(10_000)]
        kept = litter[::100]
        del litter

        with pytest.raises(MemoryGrowthDetected):
            assert_no_growth(lambda: kept.append(bytes(2000)), where=False)


class TestRest:
    def test_nothing(self) -> None:
        """
        What allocates and lets go does not grow.
        """
        report = assert_no_growth(lambda: [bytes(1000) for _ in range(10)])

        assert report.settled

    def test_cache(self) -> None:
        """
        A cache that fills up in many calls does not grow for ever.
        """
        numbers = iter(range(10**9))

        @functools.lru_cache(10_000)
        def cached(number: int) -> list[int]:
            return [number]

        assert not assert_no_growth(lambda: cached(next(numbers))).grows

    def test_cycles(self) -> None:
        """
        What only the garbage collector can free is freed before it counts.
        """

        def cycle() -> None:
            one: list[object] = [bytes(2000)]
            one.append(one)

        assert assert_no_growth(cycle).settled

    def test_threads(self) -> None:
        """
        What another thread holds now and then is told from a leak.
        """
        done = threading.Event()

        def work() -> None:
            while not done.wait(0.001):
                len(bytearray(b"x") * (1 << 20))

        worker = threading.Thread(target=work)
        worker.start()
        try:
            assert not assert_no_growth(lambda: [0] * 100, per_call=200).grows
        finally:
            done.set()
            worker.join()

    def test_collector(self) -> None:
        """
        The garbage collector is left as it was.
        """
        before = gc.get_freeze_count()
        assert_no_growth(lambda: None, calls=1)

        assert before == gc.get_freeze_count()

    def test_trim(self) -> None:
        """
        The C library can be asked to return what is free.
        """
        assert assert_no_growth(lambda: [bytes(600)] * 3, trim=True).trimmed

    @pytest.mark.parametrize("metric", ["pss", "uss", "rss"])
    def test_metrics(self, leak: Leaks, metric: str) -> None:
        """
        Any metric finds a leak.
        """
        assert metric == _failure(leak(4096), metric=metric).report.metric


class TestAsync:
    def test_coroutine_function(self, leak: Leaks) -> None:
        """
        Coroutines are run to their end, and their leaks found.
        """
        one = leak(1 << 16)

        async def call() -> None:
            await asyncio.sleep(0)
            one()

        assert _failure(call, calls=20).report.grows
        assert _failure(lambda: call(), calls=20).report.grows  # noqa: PLW0108

    def test_number_of_calls(self) -> None:
        """
        Each call is one, of a coroutine as of a function.
        """
        calls = [0, 0]

        def function() -> None:
            calls[0] += 1

        async def coroutine() -> None:
            calls[1] += 1

        reports = [assert_no_growth(each, calls=3) for each in (function, coroutine)]

        assert [2 + 3 + 6 + 12 + 24 + 48] * 2 == calls
        assert calls == [report.calls for report in reports]

    def test_in_a_loop(self, leak: Leaks) -> None:
        """
        Where a loop runs already, there is something to await.
        """
        one = leak(1 << 16)

        async def keep() -> None:
            one()

        async def nothing() -> None:
            await asyncio.sleep(0)

        async def main() -> GrowthReport:
            with pytest.raises(MemoryGrowthDetected):
                await assert_no_growth_async(keep, calls=20, where=False)
            return await assert_no_growth_async(nothing, calls=20)

        assert asyncio.run(main()).settled

    def test_not_in_a_loop(self) -> None:
        """
        The plain function says so, and what to use in its place.
        """

        async def nothing() -> None:
            pass

        async def main() -> None:
            assert_no_growth(nothing)

        with pytest.raises(RuntimeError, match="await assert_no_growth_async"):
            asyncio.run(main())


class TestArguments:
    @pytest.mark.parametrize(
        "options",
        [
            {"per_call": "1 kb"},
            {"per_call": -1},
            {"calls": 0},
            {"blocks": 2},
            {"warmup": -1},
            {"max_seconds": -1},
            {"metric": "vms"},
        ],
    )
    def test_senseless(self, options: dict[str, object]) -> None:
        """
        What makes no sense is refused before anything is called, by name.
        """
        with pytest.raises(ValueError, match=next(iter(options))):
            assert_no_growth(pytest.fail, **options)  # type: ignore[arg-type]

    def test_unknown(self) -> None:
        """
        So is an option that there is not.
        """
        with pytest.raises(TypeError, match="percall"):
            assert_no_growth(pytest.fail, percall=1)  # type: ignore[call-arg]

    def test_generators(self) -> None:
        """
        A generator function does nothing when called, and is refused.
        """

        def numbers() -> Iterator[int]:
            yield 1

        with pytest.raises(TypeError, match="makes generators"):
            assert_no_growth(numbers)

    @pytest.mark.parametrize("error", [KeyError, StopIteration, AssertionError])
    def test_errors(self, error: type[Exception]) -> None:
        """
        What the function raises comes out as it is.
        """

        def fail() -> None:
            raise error("mine")

        with pytest.raises(error, match="mine"):
            assert_no_growth(fail)

    def test_doubt(self) -> None:
        """
        A limit that so few calls can't show is warned of, if it was given.
        """
        with pytest.warns(RuntimeWarning, match="84 calls|33 calls|limit of 1.0 KiB"):
            assert_no_growth(lambda: None, calls=1, per_call="1 KiB")

        assert not assert_no_growth(lambda: None, calls=1).grows


class TestFailure:
    def test_message(self, leak: Leaks) -> None:
        """
        The first line says it all, then come the blocks and how it was done.
        """
        failure = _failure(leak(1 << 16), calls=16, blocks=4, per_call=100)
        first, *rest = str(failure).splitlines()

        assert re.fullmatch(
            r"footprint of pid \d+ grows by 6\d\.\d KiB a call, limit 100 B "
            r"\(by 1\d\.\d MiB in 240 calls\)",
            first,
        )
        assert ["block", "calls", "before", "after", "growth", "a", "call"] == (
            rest[0].split()
        )
        assert ["16", "32", "64", "128"] == [line.split()[1] for line in rest[1:5]]
        assert all("above the limit" in line for line in rest[1:5])
        assert max(map(len, rest)) <= 80

    def test_limit_and_value_differ(self, leak: Leaks) -> None:
        """
        A growth that is hardly above the limit does not print as the limit.
        """
        first = str(_failure(leak(1075), per_call=1024)).splitlines()[0]

        assert "limit 1.0 KiB" in first
        assert "grows by 1.0 KiB a call" not in first

    def test_pickled(self, leak: Leaks) -> None:
        """
        It can be sent to another process.
        """
        failure = _failure(leak(1 << 16), calls=16)
        again = pickle.loads(pickle.dumps(failure))

        assert str(failure) == str(again)
        assert failure.report == again.report

    def test_where(self) -> None:
        """
        It tells the line of Python that allocated what stays.
        """
        kept: list[bytearray] = []
        # Large enough that malloc has none left from earlier tests.
        with pytest.raises(MemoryGrowthDetected) as caught:
            assert_no_growth(lambda: kept.append(bytearray(1 << 20)), calls=1)
        where = caught.value.report.where

        assert where is not None
        assert __file__ in where.lines[0].what
        assert f"  {where.lines[0].what}\n" in str(caught.value)
        assert not tracemalloc.is_tracing()

    def test_where_not_in_python(self, leak: Leaks) -> None:
        """
        Of what no Python object holds, it tells the mappings.
        """
        one = leak(1 << 16)
        with pytest.raises(MemoryGrowthDetected) as caught:
            assert_no_growth(one, calls=16)
        where = caught.value.report.where

        assert where is not None
        assert () == where.lines
        assert "anonymous" == where.mappings[0].what
        assert "no line of Python" in str(caught.value)
