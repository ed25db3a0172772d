"""
Memory limits in tests of unittest, run by unittest.
"""

from __future__ import annotations

import asyncio
import mmap
import unittest
from collections.abc import Callable

import pytest

from procmem.testing.cases import MemoryAssertions
from procmem.testing.exceeded import MemoryBudgetExceeded
from procmem.testing.growth import MemoryGrowthDetected
from procmem.testing.leak import KnownLeak

_MIB = 1 << 20


class _Case(MemoryAssertions, unittest.TestCase):
    """
    A test case, to be given a test.
    """

    # Not for pytest to find.
    __test__ = False

    body: Callable[[_Case], object]

    def runTest(self) -> None:  # noqa: N802 (unittest's name)
        """
        What unittest calls.
        """
        type(self).body(self)


def _result(body: Callable[[_Case], object]) -> unittest.TestResult:
    """
    What unittest makes of a test.
    """
    case = type("Case", (_Case,), {"body": body})()
    result = unittest.TestResult()
    case.run(result)
    return result


def _counts(result: unittest.TestResult) -> tuple[int, int]:
    return len(result.failures), len(result.errors)


def _memory(size: int) -> mmap.mmap:
    """
    Memory that is touched.
    """
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.write(b"x" * size)
    return memory


class TestBelow:
    def test_within(self) -> None:
        """
        A block that keeps to its limits passes, and tells what it took.
        """
        taken: list[int] = []

        def body(case: _Case) -> None:
            with case.assertMemoryBelow("4 GiB", growth="16 MiB") as measured:
                memory = _memory(8 * _MIB)
            taken.append(measured.growth)
            memory.close()

        assert (0, 0) == _counts(_result(body))
        assert 8 * _MIB <= taken[0] <= 16 * _MIB

    def test_beyond(self) -> None:
        """
        One that does not is a failure, which names the test.
        """

        def body(case: _Case) -> None:
            with case.assertMemoryBelow("1 MiB"):
                pass

        result = _result(body)

        assert (1, 0) == _counts(result)
        assert "Case.runTest" in result.failures[0][1]
        assert "budget 1.0 MiB" in result.failures[0][1]

    def test_message(self) -> None:
        """
        What the test says comes first instead.
        """
        with (
            pytest.raises(MemoryBudgetExceeded, match=r"^too much"),
            _Case().assertMemoryBelow(1, msg="too much"),
        ):
            pass

    def test_sub_tests(self) -> None:
        """
        In a subTest it fails that one.
        """

        def body(case: _Case) -> None:
            for limit in ("1 MiB", "4 GiB", "2 MiB"):
                with case.subTest(limit), case.assertMemoryBelow(limit):
                    pass

        assert (2, 0) == _counts(_result(body))

    def test_another_error(self) -> None:
        """
        What goes wrong in the block is told as it is.
        """

        def body(case: _Case) -> None:
            with case.assertMemoryBelow(1):
                raise KeyError("mine")

        result = _result(body)

        assert (0, 1) == _counts(result)
        assert "KeyError: 'mine'" in result.errors[0][1]

    def test_no_size(self) -> None:
        """
        A limit that is no size is an error.
        """

        def body(case: _Case) -> None:
            case.assertMemoryBelow("1 mb")

        assert (0, 1) == _counts(_result(body))


class TestGrowthOfABlock:
    def test_within(self) -> None:
        """
        A block that grows by less than its limit passes.
        """

        def body(case: _Case) -> None:
            with case.assertMemoryGrowthBelow("16 MiB"):
                memory = _memory(8 * _MIB)
            memory.close()

        assert (0, 0) == _counts(_result(body))

    def test_beyond(self) -> None:
        """
        One that grows by more fails.
        """
        kept: list[mmap.mmap] = []

        def body(case: _Case) -> None:
            with case.assertMemoryGrowthBelow("7 MiB"):
                kept.append(_memory(8 * _MIB))

        result = _result(body)
        kept[0].close()

        assert (1, 0) == _counts(result)

    def test_options(self) -> None:
        """
        What makes sense for functions alone is refused.
        """
        with pytest.raises(TypeError, match="calls: only with a function"):
            _Case().assertMemoryGrowthBelow(1, calls=3)  # type: ignore[call-overload]


class TestGrowthOfAFunction:
    def test_within(self) -> None:
        """
        A function that leaves nothing behind passes, and is reported on.
        """
        report = _Case().assertMemoryGrowthBelow("1 KiB", lambda: [0] * 9, calls=300)

        assert report.settled
        assert 1024 == report.limit

    def test_beyond(self) -> None:
        """
        One that leaks fails, and the message begins with the test.
        """
        leak = KnownLeak("64 KiB")

        def body(case: _Case) -> None:
            case.assertMemoryGrowthBelow("1 KiB", leak, calls=16, where=False)

        result = _result(body)
        leak.clear()

        assert (1, 0) == _counts(result)
        assert "Case.runTest: footprint of pid" in result.failures[0][1]
        assert "KiB a call, limit 1.0 KiB" in result.failures[0][1]

    def test_options(self) -> None:
        """
        What makes sense for blocks alone is refused.
        """
        with pytest.raises(TypeError, match="only for a with block"):
            _Case().assertMemoryGrowthBelow(1, pytest.fail, tree=False)  # type: ignore[call-overload]

    def test_asynchronous(self) -> None:
        """
        In an event loop there is one to await.
        """
        leak = KnownLeak("64 KiB")

        class Case(MemoryAssertions, unittest.IsolatedAsyncioTestCase):
            async def test_leak(self) -> None:
                async def keep() -> None:
                    leak()

                await self.assertMemoryGrowthBelowAsync(1, keep, calls=16, where=False)

            async def test_none(self) -> None:
                with self.assertMemoryGrowthBelow("64 MiB"):
                    await asyncio.sleep(0)

                async def nothing() -> None:
                    await asyncio.sleep(0)

                await self.assertMemoryGrowthBelowAsync(64, nothing, calls=90)

        result = unittest.TestResult()
        unittest.TestLoader().loadTestsFromTestCase(Case).run(result)
        leak.clear()

        assert 2 == result.testsRun
        assert (1, 0) == _counts(result)
        assert MemoryGrowthDetected.__name__ in result.failures[0][1]
