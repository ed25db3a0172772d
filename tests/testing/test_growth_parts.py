"""
How growth is judged and told, and where it is found.
"""

from __future__ import annotations

import mmap
import tracemalloc
from collections.abc import Generator

import pytest

import procmem
from procmem.testing import budget
from procmem.testing.growth import (
    MemoryGrowthDetected,
    assert_no_growth,
    assert_no_growth_async,
)
from procmem.testing.growth_course import Block
from procmem.testing.growth_report import GrowthReport
from procmem.testing.growth_where import Where, look_around
from procmem.testing.leak import KnownLeak
from tests.groups.machine import MIB

from .memory import touched


def report(*growths: int, limit: int = 100) -> GrowthReport:
    """
    A report of blocks of ten calls with this growth each.
    """
    blocks: list[Block] = []
    size = 100 * MIB
    for growth in growths:
        blocks.append(
            Block(
                calls=10,
                before=size,
                after=size + growth,
                seconds=0.0,
                allowed=4096,
            )
        )
        size += growth
    return GrowthReport(
        metric="footprint",
        limit=limit,
        pid=1,
        warmup=2,
        trial=3,
        blocks=tuple(blocks),
        noise=4096,
        seconds=1.0,
    )


class TestGrowth:
    @pytest.mark.parametrize(
        ("growths", "sentence", "verdict"),
        [
            ((MIB, MIB, MIB), "grows by 102.4 KiB a call, limit 100 B", "grows"),
            ((MIB, 0, 0), "grows by 100 B a call at most (30 calls)", "settled"),
            (
                (MIB, -MIB, MIB),
                "went up and down too much to tell whether it grows by more than 100 B",
                "unclear",
            ),
        ],
    )
    def test_summary(
        self, growths: tuple[int, ...], sentence: str, verdict: str
    ) -> None:
        """
        The sentence says whether it grows, does not, or nobody can tell.
        """
        one = report(*growths)

        assert one.summary().startswith(f"footprint of pid 1 {sentence}")
        assert f"({verdict}, " in repr(one)

    def test_unclear(self) -> None:
        """
        If the time is up before anything settles, that is a warning where a
        limit was given.
        """
        kept: list[mmap.mmap] = []

        def swing() -> None:
            if len(kept) > 2:
                kept.pop().close()
                kept.pop().close()
            else:
                kept.append(touched(16 * MIB))

        with pytest.warns(RuntimeWarning, match="went up and down too much"):
            assert_no_growth(swing, calls=1, blocks=4, max_seconds=0, per_call=10)
        for block in kept:
            block.close()

    @pytest.mark.parametrize("warmup", [0, 1, 3])
    def test_calls_are_counted(self, warmup: int) -> None:
        """
        The function is called as often as the report says.
        """
        calls: list[None] = []

        counted = assert_no_growth(
            lambda: calls.append(None), calls=4, warmup=warmup, where=False
        )

        assert warmup == counted.warmup
        assert len(calls) == counted.calls

    def test_another_loop(self) -> None:
        """
        Coroutines are awaited by whatever drives them, also where asyncio has
        no loop.
        """
        leak = KnownLeak("64 KiB")

        async def lose() -> None:
            leak()

        work = assert_no_growth_async(lose, calls=8, where=False)
        with pytest.raises(MemoryGrowthDetected) as caught:
            work.send(None)

        assert caught.value.report.per_call == pytest.approx(1 << 16, rel=0.1)
        leak.clear()

    def test_a_kernel_without_huge_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A known leak leaks as much where huge pages cannot be refused.
        """
        monkeypatch.delattr(mmap, "MADV_NOHUGEPAGE")
        leak = KnownLeak("4 MiB")
        with budget(tree=False) as measured:
            leak()

        # Perhaps in huge pages now, the first and the last only in part.
        assert 3 * MIB < measured.growth < 9 * MIB
        assert 4 * MIB == leak.leaked
        leak.clear()


class TestWhere:
    def test_nothing_to_show(self) -> None:
        """
        If nothing stands out, that is said, and nobody is blamed.
        """
        text = Where(calls=1, mappings=(), lines=()).report()

        assert "what grew in 1 more call:" in text
        assert "nothing that could be told from noise" in text
        assert "C code" not in text

    def test_whoever_traces_goes_on(self) -> None:
        """
        If somebody traces allocations already, they are still traced after
        the look, and the line that allocates is found.
        """
        kept: list[bytearray] = []
        own = procmem.pinned()
        tracemalloc.start()
        try:
            where = _ended(look_around(own, 64, 1 << 16), kept)
            assert tracemalloc.is_tracing()
            assert where.lines[0].what.startswith(f"{__file__}:")
            assert 4 * MIB <= where.lines[0].growth < 5 * MIB
        finally:
            tracemalloc.stop()
            own.close()


def _ended(steps: Generator[int, object, Where], kept: list[bytearray]) -> Where:
    """
    What a look has found when it has seen its calls.
    """
    try:
        while True:
            kept += [bytearray(1 << 16) for _ in range(next(steps))]
    except StopIteration as stop:
        where: Where = stop.value
        return where
