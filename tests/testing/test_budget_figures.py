"""
Swap and hugetlb, from what the kernel prints of them.
"""

from __future__ import annotations

import pytest

import procmem
from procmem.testing import Measurement
from procmem.testing.judging import missed
from procmem.testing.limits import Limits
from procmem.testing.parts import Parts
from procmem.testing.reading import Reading
from procmem.testing.texts import Text

KIB = 1024


def measured(
    *processes: dict[str, int], copies: dict[int, int] | None = None
) -> Measurement:
    """
    A measurement of some processes with these counters, in kB.
    """
    texts = tuple(
        Text(
            pid=pid,
            stat=b"%d (some) S 0" % pid + b" 0" * 49,
            status=b"",
            totals=_rollup(counters),
            file="smaps_rollup",
            smaps=None,
        )
        for pid, counters in enumerate(processes, start=1)
    )
    reading = Reading(
        texts=texts, unreadable={}, copies=copies or {}, taken=0.0, seconds=0.0
    )
    return Measurement(
        Parts(limits=Limits(), root=1, info="", entry=reading, exit=reading)
    )


def _rollup(counters: dict[str, int]) -> bytes:
    lines = [f"{key}: {value:>10} kB\n" for key, value in counters.items()]
    return ("10-20 ---p 00000000 00:00 0 [rollup]\n" + "".join(lines)).encode()


def test_swap() -> None:
    """
    Swap is the share of each process, added up.
    """
    both = measured({"Swap": 90, "SwapPss": 30}, {"Swap": 90, "SwapPss": 60})

    assert 90 * KIB == both.swap
    assert () == missed(both, Limits(swap=90 * KIB))
    [found] = missed(both, Limits(swap=90 * KIB - 1))
    assert ("swap", 90 * KIB) == (found.what, found.value)


def test_hugetlb() -> None:
    """
    What several processes have of hugetlbfs may be the same pages: the least
    is that of the one that has most of them, the most is the sum, and
    ``strict`` judges by that.
    """
    one = {"Shared_Hugetlb": 4096, "Private_Hugetlb": 2048}
    two = {"Shared_Hugetlb": 2048, "Private_Hugetlb": 0}
    both = measured(one, two)

    assert 6144 * KIB == both.hugetlb
    assert 8192 * KIB == both.hugetlb_upper
    assert () == missed(both, Limits(hugetlb=6144 * KIB))
    [found] = missed(both, Limits(hugetlb=6144 * KIB, strict=True))
    assert found.at_most


def test_copies_count_once() -> None:
    """
    Of two that have one address space one counts.
    """
    counters = {"Pss_Anon": 8, "Pss_Shmem": 0, "SwapPss": 0}
    both = measured(counters, counters, copies={2: 1})

    assert 8 * KIB == both.after


def test_what_the_kernel_does_not_tell() -> None:
    """
    A limit for what cannot be known is an error and no pass.
    """
    old = measured({"Rss": 8})

    assert old.swap is None
    assert old.hugetlb is None
    assert "not known here" in repr(old)
    for limits in (Limits(swap=1), Limits(hugetlb=1), Limits(limit=1)):
        with pytest.raises(procmem.UnsupportedError):
            missed(old, limits)


def test_a_peak_without_an_upper_bound() -> None:
    """
    Nobody can judge strictly by a bound that is not known.
    """
    with pytest.raises(procmem.UnsupportedError):
        missed(measured({"Rss": 8}), Limits(peak=1, strict=True))
