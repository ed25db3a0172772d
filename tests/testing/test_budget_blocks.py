"""
Budgets around blocks of this process.
"""

from __future__ import annotations

import mmap
import os
import pickle

import pytest

import procmem
from procmem.testing import Measurement, MemoryBudgetExceeded, budget
from procmem.testing.judging import bounds_of, missed
from procmem.testing.limits import Amount, Limits

from .memory import MIB, touched

# What the interpreter may need for itself in between.
NOISE = 2 * MIB


def test_what_a_block_costs() -> None:
    """
    A measurement says what a block made, to the memory that Python needs
    besides.
    """
    with budget() as measured:
        kept = touched(32 * MIB)

    assert isinstance(measured, Measurement)
    assert 32 * MIB <= measured.growth < 32 * MIB + NOISE
    assert measured.after == measured.before + measured.growth
    assert measured.after == measured.lower == measured.upper
    assert measured.exact
    assert measured.complete
    assert () == measured.missing
    assert (os.getpid(),) == measured.pids
    assert os.getpid() in measured.by_pid
    assert measured.peak is None
    kept.close()


@pytest.mark.parametrize("metric", ["footprint", "pss", "uss", "rss"])
def test_metrics(metric: str) -> None:
    """
    Memory that one process has alone is in each metric, give or take what
    others that come and go share of its libraries.
    """
    with budget(metric=metric) as measured:  # type: ignore[arg-type]
        kept = touched(16 * MIB)

    assert abs(measured.growth - 16 * MIB) < 2 * NOISE
    assert metric == measured.metric
    kept.close()


def test_untouched_memory_costs_nothing() -> None:
    """
    Address space that nobody has written to is no memory: 300 MiB of it pass
    a growth limit of 10.
    """
    with budget(growth="10 MiB"):
        kept = mmap.mmap(-1, 300 * MIB, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

    kept.close()


def limits_of(what: str, amount: int) -> Limits:
    """
    One limit.
    """
    amounts: dict[str, Amount | None] = {what: amount}
    return Limits.checked(metric="footprint", strict=False, **amounts)


@pytest.mark.parametrize("what", ["limit", "growth", "peak", "swap", "hugetlb"])
def test_limits_are_inclusive(what: str) -> None:
    """
    A figure that equals its limit is within it; one byte more is not.
    """
    with budget(measure_peak=True, tree=False) as measured:
        kept = touched(MIB)
    figure = bounds_of(measured, what)[0]  # type: ignore[arg-type]

    assert () == missed(measured, limits_of(what, figure))
    if figure:
        found = missed(measured, limits_of(what, figure - 1))
        assert [(figure, 1)] == [(one.value, one.excess) for one in found]
    kept.close()


def test_growth_that_exceeds() -> None:
    """
    A block that grows more than it may fails, and the error has all that was
    measured.
    """
    with pytest.raises(MemoryBudgetExceeded) as caught, budget(growth="5 MiB"):
        kept = touched(16 * MIB)

    error = caught.value
    assert isinstance(error, AssertionError)
    assert 5 * MIB == error.limit
    assert "growth" == error.which
    assert "footprint" == error.metric
    assert error.value == error.measurement.growth
    assert 16 * MIB <= error.value < 16 * MIB + NOISE
    assert error.value == error.diff.total.footprint
    assert () == error.saved
    kept.close()


def test_errors_can_be_pickled() -> None:
    """
    The error crosses to another process with its text and figures: as
    pytest-xdist needs it.
    """
    with pytest.raises(MemoryBudgetExceeded) as caught, budget(growth=0):
        kept = touched(8 * MIB)

    error = caught.value
    again = pickle.loads(pickle.dumps(error))

    assert str(error) == str(again)
    assert error.limit == again.limit
    assert error.measurement.after == again.measurement.after
    kept.close()


def test_exceptions_pass_through() -> None:
    """
    What goes wrong in the block is what is raised, whatever the limits, and
    what was measured is there all the same.
    """
    with pytest.raises(KeyError, match="mine"), budget(0) as measured:
        raise KeyError("mine")

    assert measured.ended
    assert measured.after > 0


def test_inside_a_block() -> None:
    """
    Inside the block there is what was before it, and nothing pretends to be
    the end.
    """
    with budget("1 TiB") as measured:
        assert measured.before > 0
        assert not measured.ended
        assert "still going on" in repr(measured)
        with pytest.raises(RuntimeError, match="not ended"):
            print(measured.after)
        with pytest.raises(RuntimeError, match="not ended"):
            print(measured.diff)


def test_a_measurement_does_not_change() -> None:
    """
    Nobody can set what was measured.
    """
    with budget() as measured:
        pass

    with pytest.raises(AttributeError):
        measured.after = 0  # type: ignore[misc]


def test_one_budget_for_two_blocks() -> None:
    """
    A budget serves one block after the other, but not two at once.
    """
    one = budget("1 TiB")
    with one as first:
        pass
    with one as second, pytest.raises(RuntimeError, match="in use"), one:
        pass

    assert first is not second
    assert second.ended


def test_nested_blocks() -> None:
    """
    Each of two nested blocks has its own start and end.
    """
    with budget() as outer:
        first = touched(16 * MIB)
        with budget() as inner:
            second = touched(8 * MIB)
        second.close()

    assert 8 * MIB <= inner.growth < 8 * MIB + NOISE
    assert 16 * MIB <= outer.growth < 16 * MIB + NOISE
    first.close()


def test_a_fork_that_leaves_the_block() -> None:
    """
    A fork that leaves the block is not judged: it is not its block.
    """
    with budget(growth="1 TiB") as measured:
        pid = os.fork()
    if pid == 0:
        # Here the block has ended too, without an answer.
        os._exit(int(measured.ended))

    assert 0 == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert measured.ended


def test_several_limits_that_are_missed() -> None:
    """
    The worst is named first, and the others are named.
    """
    with (
        pytest.raises(MemoryBudgetExceeded) as caught,
        budget("1 MiB", growth="8 MiB", tree=False),
    ):
        kept = touched(16 * MIB)

    assert ["limit", "growth"] == [one.what for one in caught.value.missed]
    first, second, *_ = str(caught.value).splitlines()
    assert first.startswith("footprint of pid")
    assert "budget 1.0 MiB" in first
    assert second.startswith("  also: footprint of pid")
    assert "grew by" in second
    kept.close()


def test_by_kind() -> None:
    """
    What each kind of mapping has adds up to the total, but for what the
    kernel rounds off and what reading takes.
    """
    with budget() as measured:
        kept = touched(16 * MIB, mmap.MAP_SHARED)

    kinds = measured.by_kind
    assert kinds[procmem.MappingKind.SHARED_MEMORY].rss >= 16 * MIB
    total = sum(usage.rss for usage in kinds.values())
    assert abs(total - measured.usage.rss) < NOISE
    kept.close()


def test_without_detail() -> None:
    """
    What was not read is missing and not nothing.
    """
    with budget(detail=False) as measured:
        pass

    with pytest.raises(procmem.UnsupportedError):
        print(measured.by_kind)
    assert measured.diff.total.rss == measured.usage.rss - measured.usage_before.rss


def test_rows_of_the_diff_add_up() -> None:
    """
    The rows of the difference add up to the growth to the byte.
    """
    with budget() as measured:
        kept = touched(8 * MIB)

    rows = measured.diff.rows
    assert measured.growth == sum(row.growth("footprint") for row in rows)
    kept.close()


def test_evidence() -> None:
    """
    It says what was read and how long that took.
    """
    with budget() as measured:
        pass

    assert "kernel" == measured.evidence.method
    assert {"smaps_rollup", "smaps", "stat", "status"} == set(measured.evidence.files)
    assert measured.evidence.seconds is not None
    assert measured.seconds is not None
    assert {} == measured.evidence.bounds


def test_report() -> None:
    """
    On success too there is a text that says it all.
    """
    with budget(info="what for") as measured:
        kept = touched(8 * MIB)

    first, *_ = measured.report().splitlines()
    assert first.startswith("what for: footprint of pid ")
    assert "since the block started" in first
    kept.close()
