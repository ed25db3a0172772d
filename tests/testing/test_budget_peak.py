"""
The peak of blocks: between start and end.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from procmem.testing import MemoryBudgetExceeded, budget

from .memory import MIB, holder, touched

NOISE = 6 * MIB


def spike(size: int) -> None:
    """
    Memory that comes and goes at once.
    """
    touched(size).close()


@pytest.mark.parametrize("tree", [False, True])
def test_a_spike(tree: bool) -> None:
    """
    What came and went in the block is in its peak, and not in its end.
    """
    with budget(measure_peak=True, tree=tree) as measured:
        spike(64 * MIB)

    assert measured.growth < 32 * MIB
    assert measured.peak is not None
    assert abs(measured.peak - measured.before - 64 * MIB) < NOISE
    assert measured.peak_lower is not None
    assert measured.peak_upper is not None
    assert measured.peak_lower <= measured.peak <= measured.peak_upper
    assert "peak" in measured.report()


def test_a_peak_that_is_too_high() -> None:
    """
    A peak above its limit fails, although the end is within it.
    """
    with budget(tree=False) as now:
        pass
    with (
        pytest.raises(MemoryBudgetExceeded) as caught,
        budget(peak=now.after + 32 * MIB, tree=False),
    ):
        spike(64 * MIB)

    assert "peak" == caught.value.which
    assert str(caught.value).startswith("peak footprint of pid")


def test_nested_peaks() -> None:
    """
    Each of nested and following blocks has its own peak, and none erases
    another's.
    """
    with budget(measure_peak=True, tree=False) as outer:
        spike(96 * MIB)
        with budget(measure_peak=True, tree=False) as first:
            spike(64 * MIB)
        with budget(measure_peak=True, tree=False) as second:
            spike(32 * MIB)

    for measured, size in ((outer, 96), (first, 64), (second, 32)):
        assert measured.peak is not None
        assert abs(measured.peak - measured.before - size * MIB) < NOISE


def test_a_spike_of_a_child() -> None:
    """
    A child that takes 300 MiB without letting other threads of its run, gives
    it back and waits, does not pass a peak of 100 MiB.
    """
    code = (
        "import sys\n"
        "block = bytes(300 << 20).replace(b'\\0', b'x')\n"
        "del block\n"
        "print(flush=True)\n"
        "sys.stdin.read()\n"
    )
    with pytest.raises(MemoryBudgetExceeded) as caught, budget(peak="100 MiB"):
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    assert caught.value.value >= 290 * MIB
    assert caught.value.measurement.samples > 0
    assert os.getpid() in caught.value.measurement.by_pid


def test_the_helper_does_not_count() -> None:
    """
    The helper that samples is in no tree.
    """
    with budget(measure_peak=True), budget() as measured:
        pass

    assert (os.getpid(),) == measured.pids


def test_without_peak() -> None:
    """
    Nobody looks for a peak that was not asked for.
    """
    with holder(0) as child, budget(target=child) as measured:
        pass

    assert measured.peak is None
    assert measured.peak_upper is None
    assert 0 == measured.samples
    assert measured.unobserved is None
