"""
Whatever was read, the rows of a difference add up to its total.
"""

from __future__ import annotations

from collections import Counter
from typing import get_args

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import procmem
from procmem.differences.row import Metric
from procmem.model.usage import COUNTERS
from tests.differences.readings import (
    KIB,
    MIB,
    PAGE,
    Group,
    Member,
    file,
    landmarks,
    memory,
    reading,
    snapshots,
    two,
)

_FEW = settings(max_examples=40)
METRICS = get_args(Metric)
SWAPPED = {"new": "gone", "gone": "new", "grown": "shrunk", "shrunk": "grown"}


def names(diff: procmem.Diff) -> list[str]:
    """
    The counters that the total and all rows have.
    """
    usages = [diff.total, *(row.delta for row in diff.rows)]
    other = {key for usage in usages for key, _ in usage.other}
    return [
        name
        for name in (*COUNTERS, "uss", "shared", *other)
        if all(isinstance(usage.get(name), int) for usage in usages)
    ]


def check(diff: procmem.Diff, rows: tuple[procmem.DiffRow, ...]) -> None:
    """
    *rows* add up to the total, by counters and by metrics.
    """
    for name in names(diff):
        parts = [row.delta.get(name) for row in rows]
        assert diff.total.get(name) == sum(p for p in parts if isinstance(p, int))
    for metric in METRICS:
        for side in ("before", "after"):
            try:
                expected = diff.size(metric, side)
                sizes = [row.size(metric, side) for row in rows]
            except procmem.UnsupportedError:
                continue
            assert expected == sum(sizes)


def _counters(usage: procmem.Usage) -> tuple[object, ...]:
    named = [usage.get(name) for name in (*COUNTERS, "uss", "shared")]
    return (*named, usage.other)


def swapped(diff: procmem.Diff) -> Counter[tuple[object, ...]]:
    """
    What the rows say, with before and after exchanged.
    """
    return Counter(
        (
            SWAPPED.get(row.change, "same"),
            *(row.mappings_after, row.mappings_before),
            *(row.footprint_after, row.footprint_before),
            *(_counters(row.after), _counters(row.before)),
        )
        for row in diff.rows
    )


def said(diff: procmem.Diff) -> Counter[tuple[object, ...]]:
    """
    What the rows say.
    """
    return Counter(
        (
            row.change,
            *(row.mappings_before, row.mappings_after),
            *(row.footprint_before, row.footprint_after),
            *(_counters(row.before), _counters(row.after)),
        )
        for row in diff.rows
    )


class TestSnapshots:
    @settings(_FEW)
    @given(two())
    def test_rows(self, both: tuple[procmem.Snapshot, procmem.Snapshot]) -> None:
        """
        Every counter that the total and all rows have adds up, in the rows
        and when they are grouped, and every mapping is in exactly one row.
        """
        before, after = both
        diff = after - before

        check(diff, diff.rows)
        check(diff, diff.grouped())
        assert len(before.mappings) == sum(row.mappings_before for row in diff.rows)
        assert len(after.mappings) == sum(row.mappings_after for row in diff.rows)

    @settings(_FEW)
    @given(two(), st.integers(0, 4), st.sampled_from(METRICS))
    def test_top(
        self,
        both: tuple[procmem.Snapshot, procmem.Snapshot],
        count: int,
        metric: Metric,
    ) -> None:
        """
        The largest and the rest add up; no more are given than asked for.
        """
        diff = both[1] - both[0]
        try:
            rows = diff.top(count, metric)
        except procmem.UnsupportedError:
            return
        check(diff, rows)
        changes = [abs(row.growth(metric)) for row in rows[:count]]

        assert sorted(changes, reverse=True) == changes
        assert len(rows) <= count + 1

    @settings(_FEW)
    @given(two())
    def test_swapped(self, both: tuple[procmem.Snapshot, procmem.Snapshot]) -> None:
        """
        The other way round, everything that came goes and what grew shrinks.
        """
        before, after = both

        assert swapped(after - before) == said(before - after)
        assert swapped(before - after) == said(after - before)

    @given(snapshots())
    def test_itself(self, snapshot: procmem.Snapshot) -> None:
        """
        Nothing has changed between a reading and itself.
        """
        diff = snapshot - snapshot

        assert {"same"} >= {row.change for row in diff.rows}
        assert {0, None} >= {diff.total.get(name) for name in COUNTERS}
        assert () == diff.new + diff.gone + diff.grown + diff.shrunk
        assert ["stayed"] == [member.change for member in diff.members]

    def test_is_not_empty(self) -> None:
        """
        Of a usual process the check is about all that smaps prints.
        """
        before = reading([memory(PAGE, PAGE), *landmarks()])
        after = reading([memory(PAGE, 3 * PAGE), *landmarks()], pss=MIB)
        diff = after - before

        assert {"rss", "pss", "uss", "swap", "private_dirty"} <= {*names(diff)}
        assert 2 * PAGE == diff.total.rss == sum(row.delta.rss for row in diff.rows)
        assert diff.total.pss == sum(row.delta.pss for row in diff.rows)
        assert ["rounding, drift, copied pages"] == [
            row.label for row in diff.rows if row.is_rest
        ]


class TestGroups:
    @settings(_FEW)
    @given(two(), two(), st.booleans())
    def test_rows(
        self,
        one: tuple[procmem.Snapshot, procmem.Snapshot],
        other: tuple[procmem.Snapshot, procmem.Snapshot],
        with_mappings: bool,
    ) -> None:
        """
        Over several processes rows add up, with their mappings or without.
        """
        from procmem.differences import between_groups

        before, after = (
            Group(
                members=tuple(
                    Member.of(snapshot, with_mappings=with_mappings)
                    for snapshot in {s.pid: s for s in pair}.values()
                )
            )
            for pair in zip(one, other, strict=True)
        )
        diff = between_groups(after, before)

        check(diff, diff.rows)
        check(diff, diff.grouped())


@pytest.mark.parametrize("metric", METRICS)
def test_footprint_of_copies(metric: Metric) -> None:
    """
    What is only bounded counts with the least; the rest row has the remainder.
    """
    copied = attrs.evolve(
        file(PAGE, "/lib/a.so", permissions="rw-p"),
        usage=procmem.Usage.of(
            {
                **dict.fromkeys(COUNTERS, 0),
                "rss": 4 * PAGE,
                "pss": PAGE,
                "shared_dirty": 4 * PAGE,
                "anonymous": PAGE,
            }
        ),
    )
    before = reading([*landmarks()])
    after = reading([copied, *landmarks()], pss_anon=KIB)
    diff = after - before

    assert diff.growth(metric) == sum(row.growth(metric) for row in diff.rows)
    assert 0 == diff.new[0].growth("footprint")
    assert KIB == next(row for row in diff.rows if row.is_rest).growth("footprint")
