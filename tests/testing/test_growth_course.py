"""
What is judged to be growth, on memory that is made up.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import hypothesis.strategies as st
from hypothesis import given

from procmem.testing.growth_course import Course, Plan, Reading, course

_PAGE = 4096
_MIB = 1 << 20

Memory = Callable[[int], float]
"""Bytes in use after so many calls."""


def _judged(
    memory: Memory,
    *,
    held: Memory = lambda _: 0,
    seconds: float = 1e-6,
    pause: float = 0.005,
    **plan: int | None,
) -> Course:
    """
    What becomes of a program with that memory, of which its allocators know
    *held*, whose calls take *seconds*.
    """
    options = {"limit": 64, **plan}
    steps = course(Plan(page_size=_PAGE, **options))  # type: ignore[arg-type]
    calls, made, elapsed = next(steps), 0, 0.0
    while True:
        made += calls
        took = calls * seconds
        elapsed += took + (0 if calls else pause)
        level = 50 * _MIB + int(memory(made)) // _PAGE * _PAGE
        try:
            known = int(held(made))
            calls = steps.send(Reading(level, took, elapsed, known))
        except StopIteration as stop:
            found: Course = stop.value
            return found


class TestLeaks:
    @given(st.integers(64, 10 * _MIB), st.sampled_from([1e-7, 1e-5, 1e-4]))
    def test_every_leak_above_the_limit(self, size: int, seconds: float) -> None:
        """
        What grows by 5 % more than the limit with each call is found.
        """
        assert _judged(
            lambda calls: 1.05 * size * calls, limit=size, seconds=seconds
        ).grows

    @given(st.integers(1, 10 * _MIB), st.sampled_from([1e-7, 1e-5, 1e-4]))
    def test_no_leak_below_the_limit(self, size: int, seconds: float) -> None:
        """
        What grows by 5 % less is not.
        """
        found = _judged(lambda calls: 0.95 * size * calls, limit=size, seconds=seconds)

        assert not found.grows

    @given(st.integers(2, 1000), st.integers(100, 10_000))
    def test_a_leak_now_and_then(self, every: int, size: int) -> None:
        """
        A leak that only some calls have is found by what it is on average.
        """
        found = _judged(lambda calls: calls // every * size * every)

        assert found.grows

    def test_a_leak_that_starts_late(self) -> None:
        """
        A leak that starts before the last block is found.
        """
        assert _judged(lambda calls: max(0, calls - 5000) * 200).grows

    @given(st.integers(100, 10_000), st.integers(0, 100 * _MIB))
    def test_a_leak_into_free_memory(self, size: int, free: int) -> None:
        """
        A leak that first fills up what was free before is found behind it.
        """
        found = _judged(
            lambda calls: max(0, size * calls - free), held=lambda calls: size * calls
        )

        assert found.grows

    def test_a_table_that_doubles(self) -> None:
        """
        What doubles whenever it is full grows with each block.
        """
        assert _judged(lambda calls: 100 * 2 ** max(0, calls - 1).bit_length()).grows

    def test_a_leak_that_something_hides(self) -> None:
        """
        Memory that another part of the program gives back once hides nothing.
        """
        found = _judged(lambda calls: 200 * calls - _MIB * (calls > 5000))

        assert found.grows

    def test_slow_calls(self) -> None:
        """
        The fewer calls there is time for, the larger a leak must be.
        """
        small = _judged(lambda calls: 100 * calls, seconds=0.1)
        large = _judged(lambda calls: 20_000 * calls, seconds=0.1)

        assert (False, True) == (small.grows, large.grows)


class TestRest:
    def test_a_cache_in_free_memory(self) -> None:
        """
        What fills up free memory and then stays is no leak.
        """
        found = _judged(lambda _: 0, held=lambda calls: 100 * min(calls, 10_000))

        assert not found.grows
        assert found.blocks[-1].rested

    def test_nothing(self) -> None:
        """
        Where nothing grows, no more than the regular blocks are run.
        """
        found = _judged(lambda _: 0)

        assert [256, 512, 1024, 2048, 4096] == [block.calls for block in found.blocks]

    @given(st.integers(1, 200_000), st.integers(1, 100))
    def test_a_cache(self, entries: int, size: int) -> None:
        """
        A cache that fills up is no leak.
        """
        assert not _judged(lambda calls: min(calls, entries) * size).grows

    @given(st.integers(1, 20_000), st.integers(1, 1_000))
    def test_memory_that_is_freed_later(self, period: int, size: int) -> None:
        """
        What is freed only after many calls is no leak.
        """
        assert not _judged(lambda calls: calls % period * size).grows

    @given(st.integers(0, 2**32), st.integers(1, 30))
    def test_noise(self, seed: int, size: int) -> None:
        """
        What others hold at the moment is no leak, however much it is.
        """
        noise = random.Random(seed)

        assert not _judged(lambda _: noise.random() * size * _MIB).grows

    def test_fading_growth(self) -> None:
        """
        What grows ever more slowly comes to rest.
        """
        assert not _judged(lambda calls: 20_000 * calls**0.5).grows

    def test_one_step(self) -> None:
        """
        A step in the last block is looked into, and is no leak.
        """
        found = _judged(lambda calls: (calls > 8000) * 10 * _MIB)

        assert not found.grows
        assert len(found.blocks) > 5
        assert not found.blocks[-1].rose


class TestExpense:
    @given(st.floats(1e-7, 1.0), st.integers(0, 200))
    def test_time(self, seconds: float, size: int) -> None:
        """
        It takes no longer than it may, by more than one block with one call.
        """
        found = _judged(lambda calls: size * calls, seconds=seconds)
        spent = (found.trial + sum(block.calls for block in found.blocks)) * seconds

        assert spent <= 10 + 40 * seconds

    @given(st.integers(1, 100 * _MIB))
    def test_memory(self, size: int) -> None:
        """
        A leak is called one before it has eaten much, unless that takes no
        more than a few calls.
        """
        found = _judged(lambda calls: size * calls)
        calls = found.trial + sum(block.calls for block in found.blocks)

        assert calls * size <= max(100 * _MIB, 40 * size)

    def test_calls_as_told(self) -> None:
        """
        With a number of calls given, so many are made and nothing is added.
        """
        found = _judged(lambda calls: 1000 * calls, calls=10, blocks=4)

        assert 0 == found.trial
        assert [10, 20, 40, 80] == [block.calls for block in found.blocks]
        assert found.grows
