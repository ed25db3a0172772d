"""
What is asked and answered, as text and back, and how it is paid for.
"""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from procmem.testing.sampling.counters import (
    Cheap,
    Faults,
    Figures,
    cheap_of,
    fields_of,
    figures_of,
    ignores_children,
)
from procmem.testing.sampling.pace import Pace
from procmem.testing.sampling.sampled import (
    METRICS,
    MemberPeak,
    Metric,
    Sampled,
    Target,
)

sizes = st.integers(0, 2**60)
maybe = st.none() | sizes
seconds = st.floats(0, 1e9)
pids = st.integers(1, 2**22)
metrics: st.SearchStrategy[Metric] = st.sampled_from(METRICS)

member_peaks = st.builds(
    MemberPeak,
    pid=pids,
    start_time=sizes,
    name=st.text(),
    parent=pids,
    lower=maybe,
    estimate=sizes,
    upper=maybe,
    hwm=maybe,
    hwm_rose=st.booleans(),
    file_rss=sizes,
    swap=sizes,
    first_seen=seconds,
    last_seen=seconds,
    ended=st.booleans(),
    denied=st.booleans(),
)


@given(
    st.builds(
        Sampled,
        metric=metrics,
        lower=maybe,
        estimate=maybe,
        upper=maybe,
        last=maybe,
        at=st.dictionaries(pids, sizes),
        at_seconds=st.none() | seconds,
        ticks=sizes,
        members=st.lists(member_peaks).map(tuple),
        unobserved=maybe,
        unobserved_children=st.booleans(),
        denied=st.lists(pids).map(tuple),
        gone=st.lists(pids).map(tuple),
        notes=st.lists(st.text()).map(tuple),
    )
)
def test_what_was_seen_survives_as_text(sampled: Sampled) -> None:
    """
    What the helper sends is what is received, on one line.
    """
    text = sampled.to_json()
    assert "\n" not in text
    assert sampled == Sampled.from_json(text)


def test_names_that_are_no_text_survive() -> None:
    """
    A name is bytes of the kernel's, and comes through as it was.
    """
    name = b"a\nb \xff".decode(errors="surrogateescape")
    sampled = Sampled(metric="pss", members=(peak(name=name),))
    assert sampled == Sampled.from_json(sampled.to_json())


def peak(name: str = "python", hwm: int | None = 10) -> MemberPeak:
    """
    Of one member.
    """
    return MemberPeak(
        pid=7,
        start_time=1,
        name=name,
        parent=1,
        lower=5,
        estimate=6,
        upper=12,
        hwm=hwm,
        hwm_rose=True,
        file_rss=1,
        swap=2,
        first_seen=0.0,
        last_seen=1.0,
        ended=False,
    )


@given(
    st.builds(
        Target,
        pids=st.lists(pids),
        start_times=st.lists(sizes),
        tree=st.booleans(),
        only_descendants=st.booleans(),
        leave_out=st.lists(pids),
        metric=metrics,
    )
)
def test_a_target_survives_as_text(target: Target) -> None:
    """
    What is asked is what the helper receives.
    """
    assert target == Target.from_json(target.to_json())


def test_an_unknown_metric_is_refused() -> None:
    """
    A misspelled one is not taken for another.
    """
    with pytest.raises(ValueError, match="metric"):
        Target(pids=(1,), metric="vss")  # type: ignore[arg-type]


def test_a_better_mark_raises_the_upper_bounds() -> None:
    """
    By as much as it is above the mark that was seen.
    """
    sampled = Sampled(metric="footprint", upper=100, members=(peak(),))
    better = sampled.with_mark(7, 15)
    assert (105, 17, 15) == (
        better.upper,
        better.by_pid[7].upper,
        better.by_pid[7].hwm,
    )
    assert sampled == sampled.with_mark(7, 3)
    assert sampled == sampled.with_mark(8, 15)
    unknown = attrs.evolve(sampled, upper=None)
    assert unknown == unknown.with_mark(7, 15)


def test_counters_of_status() -> None:
    """
    In bytes, with the swap that is printed further down.
    """
    status = (
        b"Name:\tx\nVmHWM:\t      7 kB\nVmRSS:\t      6 kB\nRssAnon:\t  3 kB\n"
        b"RssFile:\t  2 kB\nRssShmem:\t  1 kB\nVmData:\t  9 kB\nVmSwap:\t  5 kB\n"
        b"SigIgn:\t0000000000010000\n"
    )
    cheap = Cheap(7 << 10, 6 << 10, 3 << 10, 2 << 10, 1 << 10, 5 << 10)
    assert cheap == cheap_of(status)
    assert [9 << 10, 6 << 10, 6 << 10, 6 << 10] == [cheap.of(m) for m in METRICS]
    assert [8 << 10, 7 << 10] == [cheap.mark(m, 1 << 10) for m in METRICS[:2]]
    assert ignores_children(status)


def test_counters_of_an_old_status() -> None:
    """
    Before Linux 4.5 the parts were not printed: then all may be its own.
    """
    assert Cheap(7 << 10, 6 << 10, 6 << 10, 0, 0, 0) == cheap_of(
        b"Name:\tx\nVmHWM:\t7 kB\nVmRSS:\t6 kB\nVmData:\t9 kB\n"
    )


def test_counters_of_a_zombie() -> None:
    """
    There are none.
    """
    assert None is cheap_of(b"Name:\tx\nState:\tZ (zombie)\nThreads:\t1\n")


def test_fields_after_a_name_that_looks_like_them() -> None:
    """
    A name may hold spaces, parentheses and ends of lines.
    """
    stat = b"9 (a) S 1 (\n) S 4 " + b" ".join(b"%d" % n for n in range(5, 53)) + b"\n"
    fields = fields_of(stat)
    assert (b"a) S 1 (\n", 4, Faults(10 + 12, 11 + 13), 22, b"28") == fields


def test_figures_of_a_rollup() -> None:
    """
    Counters are found by their whole keys; without one there is no figure.
    """
    keys = (
        "Rss Pss Pss_Anon Pss_File Pss_Shmem Private_Clean Private_Dirty Swap SwapPss"
    )
    lines = [f"{key}: {1 << n} kB" for n, key in enumerate(keys.split())]
    rollup = "\n".join(["0-1 ---p 0 00:00 0 [rollup]", *lines, ""]).encode()
    footprint, uss = (4 + 16 + 256) << 10, (32 + 64) << 10
    assert figures_of(rollup) == Figures(
        footprint, 2 << 10, uss, 1 << 10, pss_shmem=16 << 10, pss_file=8 << 10
    )
    assert None is figures_of(rollup.replace(b"SwapPss", b"Another"))


def test_readings_are_saved_up_for() -> None:
    """
    What costs more than was saved has to wait, but not for ever.
    """
    pace = Pace(share=0.02, interval=0.01, now=0.0)
    assert pace.affords(0.004)
    pace.pay(0.04)
    pace.fill(1.0, 0.04)
    assert not pace.affords(0.0)
    waited = 1
    while not pace.affords(0.04):
        waited += 1
        pace.fill(waited, 0.04)
    # Of the 2 %, readings have less than a third.
    assert 0.04 / waited < 0.02 / 3


def test_dear_ticks_are_far_apart() -> None:
    """
    Ticks that cost 1 ms come so seldom that they stay within the share;
    cheap ones as often as was asked for, and twice while something moves.
    """
    pace = Pace(share=0.02, interval=0.01, now=0.0)
    pace.fill(0.0, 0.0)
    assert 0.005 == pace.pause(0.00001, moving=True)
    assert 0.01 == pace.pause(0.00001, moving=False)
    pauses = [pace.pause(0.001, moving=True) for _ in range(60)]
    assert pauses[-1] > 0.001 / 0.02
