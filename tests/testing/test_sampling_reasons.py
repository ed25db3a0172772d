"""
What is a reason to read in full, and what is made of it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from procmem.testing.sampling import bounds
from procmem.testing.sampling.bounds import fault_size
from procmem.testing.sampling.counters import Cheap, Figures
from procmem.testing.sampling.expecting import Course, Expected
from procmem.testing.sampling.pace import Pace
from tests.testing.sampling_targets import MIB


def _course(*, read: int) -> Course:
    """
    One of which so much was read.
    """
    course = Course()
    course.take(Expected(read, 0), 0.0)
    course.read(read, Expected(read, 0))
    return course


def test_what_may_have_come_is_a_reason() -> None:
    """
    It is read once it is worth it and has settled; before that, only that it
    has waited for long is a reason.
    """
    course = _course(read=100 * MIB)
    course.take(Expected(100 * MIB, MIB), 1.0)
    assert not course.is_promising()
    course.take(Expected(100 * MIB, 50 * MIB), 2.0)
    assert course.is_promising()
    assert (False, False) == (course.is_settled(2.0), course.waits_long(2.0))
    course.take(Expected(100 * MIB, 51 * MIB), 2.1)
    assert (True, False) == (course.is_settled(2.1), course.waits_long(2.1))
    assert course.waits_long(3.0)
    assert not course.is_above()
    assert 0.51 == course.promise()


def test_what_was_partly_read_is_no_reason_any_more() -> None:
    """
    It is known then, but has still to be read in full.
    """
    course = _course(read=100 * MIB)
    course.take(Expected(100 * MIB, 50 * MIB), 1.0)
    course.read_partly(Expected(150 * MIB, 0))
    assert (False, True) == (course.is_promising(), course.is_above())
    course.read(150 * MIB, Expected(150 * MIB, 0))
    assert (False, False) == (course.is_promising(), course.is_above())


def test_what_is_left_behind_is_a_reason() -> None:
    """
    What a member shared that ended may still be there.
    """
    course = _course(read=100 * MIB)
    course.leave(60 * MIB)
    course.take(Expected(40 * MIB, 0), 1.0)
    assert not course.is_promising()
    course.take(Expected(50 * MIB, 0), 2.0)
    assert course.is_promising()
    assert not course.is_above()


def test_what_promises_much_is_worth_a_debt() -> None:
    """
    The more it promises, the deeper the debt; in the long run it is paid for.
    """
    pace = Pace(share=0.02, interval=0.01, now=0.0)
    pace.pay(0.01)
    assert (False, False, True) == tuple(
        pace.affords(0.01, promise) for promise in (0.0, 0.005, 0.05)
    )
    readings, now = 0, 0.0
    while now < 1000:
        now += 0.1
        pace.fill(now, 0.01)
        if pace.affords(0.01, 1.0):
            pace.pay(0.01)
            readings += 1
    assert 0.01 * readings < 0.02 * 1000 / 3


def test_a_part_leaves_something() -> None:
    """
    Where a part would do, all are not read as deep into debt.
    """
    pace = Pace(share=0.02, interval=0.01, now=0.0)
    assert pace.affords_all(0.01, 1.0)
    pace.pay(0.02)
    assert not pace.affords_all(0.01, 1.0)
    assert pace.affords(0.01, 1.0)


def test_counters_of_a_moment_ago() -> None:
    """
    Between two looks counters were what fits the RSS then.
    """
    before = Cheap(10, 10, 6, 3, 1, 0)
    after = Cheap(30, 30, 26, 3, 1, 0)
    assert before == after.when_rss_was(10, before)
    assert Cheap(20, 20, 16, 3, 1, 0) == after.when_rss_was(20, before)
    assert after == after.when_rss_was(30, before)
    # What fell since does not tell when.
    assert before == before.when_rss_was(8, after)
    assert Cheap(10, 14, 10, 3, 1, 0) == before.with_more(4)


def test_figures_without_shared_memory() -> None:
    """
    No more is taken away than there is.
    """
    figures = Figures(10, 12, 8, 20, pss_shmem=4, pss_file=2)
    assert Figures(7, 9, 8, 20, 1, 2) == figures.without_shmem(3)
    assert Figures(6, 8, 8, 20, 0, 2) == figures.without_shmem(9)


@pytest.mark.parametrize(
    ("enabled", "sizes", "expected"),
    [
        ("always [madvise] never", {}, 4),
        ("[always] madvise never", {}, 2048),
        ("always [madvise] never", {64: "[always] inherit madvise never"}, 64),
        ("always [madvise] never", {64: "always [inherit] madvise never"}, 4),
        ("always madvise [never]", {16: "[always] inherit madvise never"}, 16),
        (None, {}, 4),
    ],
)
def test_what_a_page_fault_can_bring(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    enabled: str | None,
    sizes: dict[int, str],
    expected: int,
) -> None:
    """
    The largest size that comes without being asked for.
    """
    monkeypatch.setattr(bounds, "_HUGE", tmp_path)
    if enabled is not None:
        (tmp_path / "enabled").write_text(f"{enabled}\n")
        (tmp_path / "hpage_pmd_size").write_text(f"{2 * MIB}\n")
    for size, text in sizes.items():
        folder = tmp_path / f"hugepages-{size}kB"
        folder.mkdir()
        (folder / "enabled").write_text(f"{text}\n")
    assert expected << 10 == fault_size(4096)
