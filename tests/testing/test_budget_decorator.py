from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from procmem.testing import MemoryBudgetExceeded, budget

from .memory import MIB, touched


def test_a_function() -> None:
    """
    A decorated function works as before, with its name, signature and text.
    """

    @budget("1 TiB")
    def add(one: int, *, two: int = 2) -> int:
        """
        What it does.
        """
        return one + two

    assert 3 == add(1)
    assert 4 == add(1, two=3)
    assert "add" == add.__name__
    assert "(one: 'int', *, two: 'int' = 2) -> 'int'" == str(inspect.signature(add))
    assert "What it does." == inspect.getdoc(add)


def test_a_function_that_costs_too_much() -> None:
    """
    Each call is judged.
    """
    kept = []

    @budget(growth="8 MiB", tree=False)
    def take(size: int) -> None:
        kept.append(touched(size))

    take(MIB)
    with pytest.raises(MemoryBudgetExceeded):
        take(16 * MIB)
    take(MIB)
    for block in kept:
        block.close()


def test_methods() -> None:
    """
    Methods are decorated like functions; around static and class methods the
    budget comes first.
    """

    class Thing:
        @budget("1 TiB")
        def method(self, value: int) -> tuple[str, int]:
            return type(self).__name__, value

        @staticmethod
        @budget("1 TiB")
        def static(value: int) -> int:
            return value

        @classmethod
        @budget("1 TiB")
        def of_class(cls) -> str:
            return cls.__name__

    assert ("Thing", 1) == Thing().method(1)
    assert 2 == Thing.static(2)
    assert "Thing" == Thing.of_class()


def test_recursion() -> None:
    """
    A function that calls itself has a window for each call.
    """

    @budget("1 TiB", tree=False)
    def factorial(number: int) -> int:
        return number * factorial(number - 1) if number else 1

    assert 120 == factorial(5)


def test_threads() -> None:
    """
    Calls by several threads at once do not disturb each other.
    """
    failures: list[BaseException] = []

    @budget("1 TiB", tree=False)
    def work() -> None:
        touched(MIB).close()

    def run() -> None:
        try:
            for _ in range(10):
                work()
        except BaseException as exc:  # noqa: BLE001 (told below)
            failures.append(exc)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == failures


def test_async_functions() -> None:
    """
    An async function stays one, and its budget lasts until it is done.
    """

    @budget(growth="8 MiB", tree=False)
    async def take(size: int) -> str:
        await asyncio.sleep(0)
        kept.append(touched(size))
        await asyncio.sleep(0)
        return "done"

    kept: list[object] = []
    assert inspect.iscoroutinefunction(take)
    assert "done" == asyncio.run(take(MIB))
    with pytest.raises(MemoryBudgetExceeded):
        asyncio.run(take(16 * MIB))


def test_async_functions_at_once() -> None:
    """
    Two that overlap without being nested have a window each.
    """

    @budget("1 TiB", tree=False)
    async def wait(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    async def run() -> list[float]:
        return list(await asyncio.gather(wait(0.02), wait(0.01), wait(0.03)))

    assert [0.02, 0.01, 0.03] == asyncio.run(run())


def test_partial_functions() -> None:
    """
    What has no name of its own can be decorated too.
    """
    assert 8 == budget("1 TiB")(functools.partial(pow, 2))(3)


def test_generators() -> None:
    """
    A generator runs after the call, so a budget around the call would say
    nothing: it is refused.
    """

    def generator() -> Iterator[int]:
        yield 1

    async def async_generator() -> AsyncIterator[int]:
        yield 1

    for function in (generator, async_generator):
        with pytest.raises(TypeError, match="generator"):
            budget("1 MiB")(function)


def test_what_is_no_function() -> None:
    """
    Classes, descriptors and values are refused with what to do instead.
    """
    with pytest.raises(TypeError, match="on its methods"):
        budget("1 MiB")(int)
    with pytest.raises(TypeError, match="below @staticmethod"):
        budget("1 MiB")(staticmethod(len))
    with pytest.raises(TypeError, match="below @property"):
        budget("1 MiB")(property(len))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not int"):
        budget("1 MiB")(5)  # type: ignore[arg-type]
