"""
What counts as the same memory in two readings.
"""

from __future__ import annotations

import operator
import pickle

import attrs
import pytest

import procmem
from procmem.differences import between_groups
from tests.differences.readings import (
    HIGH,
    LOW,
    MIB,
    PAGE,
    Member,
    file,
    group,
    landmarks,
    memory,
    reading,
)
from tests.kernel.samples import mapping

ARENA = 64 * MIB


def changes(
    before: procmem.Snapshot, after: procmem.Snapshot
) -> dict[str, tuple[str, int, int]]:
    """
    Of each row but the landmarks the change, and how many mappings it was and is.
    """
    return {
        row.label: (row.change, row.mappings_before, row.mappings_after)
        for row in (after - before).rows
        if row.label not in {"[stack]", "[vdso]"}
    }


def in_place(
    before: list[procmem.Mapping], after: list[procmem.Mapping]
) -> dict[str, tuple[str, int, int]]:
    """
    The changes of one process.
    """
    return changes(reading([*before, *landmarks()]), reading([*after, *landmarks()]))


def in_two_runs(
    before: list[procmem.Mapping], after: list[procmem.Mapping]
) -> dict[str, tuple[str, int, int]]:
    """
    The changes from one run to another, where all is at other places.
    """
    return changes(
        reading([*before, *landmarks()], pid=7),
        reading([*after, *landmarks(2**21)], pid=8),
    )


class TestOneProcess:
    def test_heap_grows(self) -> None:
        """
        A heap that got longer is the same heap.
        """
        expected = {"[heap]": ("grown", 1, 1)}

        assert expected == in_place(
            [memory(LOW, MIB, "[heap]")], [memory(LOW, 2 * MIB, "[heap]")]
        )

    def test_stack_grows_downwards(self) -> None:
        """
        So is a stack that now begins below where it did.
        """
        before, after = (mapping(HIGH - n * PAGE, n, "[stack]", rss=n) for n in (1, 3))
        rows = (reading([after]) - reading([before])).rows

        assert [("[stack]", "grown")] == [(row.label, row.change) for row in rows]

    def test_mappings_become_one(self) -> None:
        """
        What the kernel made one mapping of is what it was made of.
        """
        two = [memory(LOW, PAGE), memory(LOW + 2 * PAGE, PAGE)]
        one = [memory(LOW, 3 * PAGE)]

        assert {"anonymous memory": ("grown", 2, 1)} == in_place(two, one)
        assert {"anonymous memory": ("shrunk", 1, 2)} == in_place(one, two)

    def test_protected(self) -> None:
        """
        A part that got other permissions is still a part of the same.
        """
        before = [memory(LOW, 4 * PAGE)]
        after = [
            memory(LOW, 2 * PAGE),
            memory(LOW + 2 * PAGE, 2 * PAGE, permissions="r--p"),
        ]

        assert {"anonymous memory": ("same", 1, 2)} == in_place(before, after)

    def test_arena(self) -> None:
        """
        An arena of malloc that grows into its reservation is known as one, and
        what is accessible is not mixed up with what is not.
        """

        def arena(used: int) -> list[procmem.Mapping]:
            start = 0x7F00_0000_0000
            rest = memory(start + used, ARENA - used, permissions="---p", used=0)
            return [memory(start, used), rest]

        before, after = (
            reading([*arena(used), *landmarks()]) for used in (MIB, 3 * MIB)
        )
        rows = [row for row in (after - before).rows if row.arena]

        assert [("grown", 2 * MIB), ("same", 0)] == [
            (row.change, row.growth()) for row in rows
        ]
        assert {"malloc arenas"} == {row.label for row in rows}
        grouped = next(row for row in (after - before).grouped() if row.arena)
        assert (2, 2, "malloc arenas") == (
            grouped.mappings_before,
            grouped.mappings_after,
            grouped.label,
        )

    def test_no_arena(self) -> None:
        """
        Memory that happens to begin where an arena might is none.
        """
        start = 0x7F00_0000_0000
        alone = reading([memory(start, MIB)])
        guarded = reading(
            [memory(start, MIB), memory(start + MIB, PAGE, permissions="---p")]
        )

        assert not any(row.arena for row in (guarded - alone).rows)

    def test_elsewhere(self) -> None:
        """
        Memory at another place is other memory.
        """
        diff = reading([memory(LOW + MIB, MIB), *landmarks()]) - reading(
            [memory(LOW, MIB), *landmarks()]
        )

        assert ["gone", "new"] == sorted(
            row.change for row in diff.rows if row.kind == "anonymous"
        )

    def test_file_elsewhere(self) -> None:
        """
        A file that was mapped anew at another place is the same file.
        """
        expected = {"a.so": ("same", 1, 1)}

        assert expected == in_place(
            [file(LOW, "/lib/a.so")], [file(LOW + MIB, "/lib/a.so")]
        )

    def test_file_deleted(self) -> None:
        """
        A file that was unlinked meanwhile is what it was, by its new name.
        """
        expected = {"a.so (deleted)": ("same", 1, 1)}

        assert expected == in_place(
            [file(LOW, "/lib/a.so")], [file(LOW, "/lib/a.so (deleted)")]
        )

    def test_file_replaced(self) -> None:
        """
        Another file that has its name is not.
        """
        before = reading([file(LOW, "/lib/a.so", inode=7), *landmarks()])
        after = reading([file(LOW, "/lib/a.so", inode=8), *landmarks()])
        diff = after - before

        assert 1 == len(diff.new) == len(diff.gone)

    def test_exec(self) -> None:
        """
        After an exec addresses say nothing, although the process is the same.
        """
        before = reading([memory(LOW, MIB, "[heap]"), *landmarks()])
        after = reading([memory(LOW + 2**30, MIB, "[heap]"), *landmarks(2**21)])

        assert {"[heap]": ("same", 1, 1)} == changes(before, after)
        assert ["stayed"] == [member.change for member in (after - before).members]

    def test_forked_child(self) -> None:
        """
        A child is laid out as its parent, so what it has is compared in place.
        """
        parent = reading([memory(LOW, MIB), *landmarks()], pid=1)
        child = reading([memory(LOW, 2 * MIB), *landmarks()], pid=2, start_time=2)

        assert {"anonymous memory": ("grown", 1, 1)} == changes(parent, child)
        assert ["gone", "new"] == [m.change for m in (child - parent).members]


class TestTwoRuns:
    def test_heap(self) -> None:
        """
        Addresses differ, and the heap is the heap.
        """
        expected = {"[heap]": ("grown", 1, 1)}

        assert expected == in_two_runs(
            [memory(LOW, MIB, "[heap]")], [memory(LOW + 2**30, 2 * MIB, "[heap]")]
        )

    def test_equal_ones(self) -> None:
        """
        Of several that are alike, the n-th is the n-th; of equal size first.
        """
        before = [
            memory(LOW + n * MIB, size) for n, size in enumerate((PAGE, 8 * PAGE))
        ]
        after = [
            memory(LOW + 2**30 + n * MIB, size)
            for n, size in enumerate((9 * PAGE, 8 * PAGE))
        ]
        diff = reading([*after, *landmarks(2**21)], pid=8) - reading(
            [*before, *landmarks()], pid=7
        )

        assert [("grown", 8 * PAGE), ("same", 0)] == sorted(
            (row.change, row.growth()) for row in diff.rows if row.kind == "anonymous"
        )

    @pytest.mark.parametrize(
        "name",
        ["/memfd:cache (deleted)", "/dev/zero (deleted)", "/SYSV00000000 (deleted)"],
    )
    def test_other_inode(self, name: str) -> None:
        """
        Shared memory has another inode in each run; its name decides then.
        """
        before = [file(LOW, name, inode=7)]
        after = [file(LOW + 2**30, name, inode=8)]

        assert [("same", 1, 1)] == [*in_two_runs(before, after).values()]

    def test_upgraded(self) -> None:
        """
        A library that was replaced between the runs is compared by its name.
        """
        before = [file(LOW, "/lib/a.so", inode=7, offset=0)]
        after = [file(LOW + 2**30, "/lib/a.so", inode=8, offset=PAGE, size=MIB)]

        assert {"a.so": ("grown", 1, 1)} == in_two_runs(before, after)

    def test_thread_stacks(self) -> None:
        """
        The number of a thread, which is part of a name, means nothing.
        """
        before = [memory(LOW, MIB, "[stack:12]")]
        after = [memory(LOW + 2**30, MIB, "[stack:34]")]

        assert {"thread stacks": ("same", 1, 1)} == in_two_runs(before, after)

    def test_other_program(self) -> None:
        """
        What only one of them maps is new or gone.
        """
        expected = {"a.so": ("gone", 1, 0), "b.so": ("new", 0, 1)}

        assert expected == in_two_runs(
            [file(LOW, "/lib/a.so", inode=7)], [file(LOW, "/lib/b.so", inode=8)]
        )


class TestGroups:
    def test_members(self) -> None:
        """
        Processes come, go and stay; a number that was taken again is another
        process.
        """
        before = group(
            *(
                Member.of(reading([memory(LOW, MIB)], pid=pid, start_time=1))
                for pid in (1, 2, 3)
            )
        )
        after = group(
            *(
                Member.of(reading([memory(LOW, MIB)], pid=pid, start_time=start))
                for pid, start in ((1, 1), (3, 9), (4, 9))
            )
        )
        diff = between_groups(after, before)

        assert [
            (1, 1, "stayed"),
            (2, 1, "gone"),
            (3, 1, "gone"),
            (3, 9, "new"),
            (4, 9, "new"),
        ] == [(one.pid, one.start_time, one.change) for one in diff.members]
        assert ["gone", "gone", "new", "new", "same"] == sorted(
            row.change for row in diff.rows
        )
        assert 0 == diff.growth() == sum(one.delta.footprint for one in diff.members)

    def test_twins_count_once(self) -> None:
        """
        What has the memory of another has no rows; if the other ends, the
        memory is still the same.
        """
        snapshots = [reading([memory(LOW, MIB)], pid=pid) for pid in (1, 2)]
        before = group(
            Member.of(snapshots[0]), Member.of(snapshots[1], same_memory_as=1)
        )
        after = group(Member.of(snapshots[1]))

        assert [("same", 1, 1)] == [
            (row.change, row.mappings_before, row.mappings_after)
            for row in between_groups(after, before).rows
        ]
        assert ["same"] == [row.change for row in between_groups(before, after).rows]

    def test_two_runs(self) -> None:
        """
        If no process is in both, those of one name are compared in order.
        """
        before = group(
            Member.of(reading([memory(LOW, MIB, "[heap]"), *landmarks()], pid=1)),
            Member.of(reading([memory(LOW, 4 * MIB, "[heap]"), *landmarks(1)], pid=2)),
        )
        after = group(
            Member.of(reading([memory(LOW, 2 * MIB, "[heap]"), *landmarks(2)], pid=8)),
            Member.of(reading([memory(LOW, 4 * MIB, "[heap]"), *landmarks(3)], pid=9)),
        )
        diff = between_groups(after, before)

        assert [("grown", 8), ("same", 9)] == [
            (row.change, row.pid) for row in diff.rows if row.kind == "heap"
        ]
        assert ["gone", "gone", "new", "new"] == [one.change for one in diff.members]

    def test_without_mappings(self) -> None:
        """
        Of processes whose mappings were not read there is a row each.
        """
        before, after = (
            group(
                *(
                    Member.of(
                        reading([memory(LOW, size)], pid=pid), with_mappings=False
                    )
                    for pid in (1, pids)
                )
            )
            for size, pids in ((MIB, 2), (3 * MIB, 3))
        )
        rows = between_groups(after, before).rows

        assert [
            ("sample (pid 1)", "grown", 2 * MIB),
            ("sample (pid 2)", "gone", -MIB),
            ("sample (pid 3)", "new", 3 * MIB),
        ] == [(row.label, row.change, row.growth()) for row in rows]

    def test_incomplete(self) -> None:
        """
        What is missing in either is told, and in which.
        """
        full = group(Member.of(reading([memory(LOW, MIB)])))
        partial = attrs.evolve(full, complete=False, missing=("process 9",))
        diff = between_groups(full, partial)

        assert (False, ("before: process 9",)) == (diff.complete, diff.missing)
        assert "incomplete" in repr(diff)
        assert between_groups(full, full).complete


class TestRows:
    def test_labels(self) -> None:
        """
        Rows are called what a person would call them.
        """
        names = [
            None,
            "[heap]",
            "/usr/lib/libc.so.6",
            "/dev/zero (deleted)",
            "[anon:cache]",
            "/memfd:x (deleted)",
        ]
        after = reading([memory(LOW + n * MIB, PAGE, n_) for n, n_ in enumerate(names)])
        empty = reading([])

        assert [
            "anonymous memory",
            "[heap]",
            "libc.so.6",
            "shared anonymous memory",
            "[anon:cache]",
            "/memfd:x (deleted)",
        ] == [row.label for row in (after - empty).rows]

    def test_groups_files_by_path(self) -> None:
        """
        Files that have only the last part of their names in common are two.
        """
        parts = [
            file(LOW, "/a/x.so", inode=1),
            file(LOW + MIB, "/a/x.so", inode=1, offset=PAGE, permissions="rw-p"),
            file(LOW + 2 * MIB, "/b/x.so", inode=2),
        ]
        diff = reading(parts) - reading([])

        assert [("x.so", 2), ("x.so", 1)] == [
            (row.label, row.mappings_after) for row in diff.grouped()
        ]

    def test_others(self) -> None:
        """
        What is not among the largest is one row that says how many it is; a
        single one is itself.
        """
        after = reading(
            [memory(LOW + n * MIB, n * PAGE, f"[anon:{n}]") for n in (1, 2, 3)]
        )
        diff = after - reading([])

        assert ["[anon:3]", "2 others"] == [row.label for row in diff.top(1)]
        assert ["[anon:3]", "[anon:2]", "[anon:1]"] == [r.label for r in diff.top(2)]
        assert ["3 others"] == [row.label for row in diff.top(0)]
        with pytest.raises(ValueError, match="not a number of rows: -1"):
            diff.top(-1)

    def test_wrong_words(self) -> None:
        """
        A metric or a side that there is not is refused.
        """
        diff = reading([memory(LOW, MIB)]) - reading([])
        with pytest.raises(ValueError, match="no such metric: 'vss'; there are"):
            diff.growth("vss")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="neither 'before' nor 'after': 'now'"):
            diff.rows[0].size("rss", "now")  # type: ignore[arg-type]

    def test_missing(self) -> None:
        """
        A figure that a system does not print is an error, and never 0.
        """
        old = attrs.evolve(reading([memory(LOW, MIB)]), usage=procmem.Usage(rss=MIB))
        diff = old - old
        with pytest.raises(procmem.UnsupportedError):
            diff.growth()
        with pytest.raises(procmem.UnsupportedError):
            diff.top(3)

        assert 0 == diff.growth("rss")
        assert repr(diff).startswith("<Diff: rss 0 B; 0 new")

    def test_only_maps(self) -> None:
        """
        Where mappings have no counters, there is one row for the process.
        """
        bare = [attrs.evolve(memory(LOW, MIB), usage=None)]
        before = attrs.evolve(
            reading([memory(LOW, MIB)]), mappings=procmem.Mappings(bare)
        )
        after = reading([memory(LOW, 2 * MIB)])
        rows = (after - before).rows

        assert [("sample (pid 4711)", "grown", MIB)] == [
            (row.label, row.change, row.growth()) for row in rows
        ]

    def test_repr(self) -> None:
        """
        They show what they are about in one line.
        """
        diff = reading([memory(LOW, 2 * MIB)]) - reading([memory(LOW, MIB)])

        assert "<Diff: footprint +1.0 MiB; 0 new, 0 gone, 1 grown, 0 shrunk>" == repr(
            diff
        )
        assert (
            "<DiffRow 'anonymous memory': grown, footprint 1.0 MiB to 2.0 MiB>"
            == repr(diff.rows[0])
        )

    def test_other_type(self) -> None:
        """
        Nothing but a snapshot can be taken from one.
        """
        with pytest.raises(TypeError):
            operator.sub(reading([]), 3)

    def test_hugetlb(self) -> None:
        """
        Huge pages have a metric of their own, as no other counts them.
        """
        huge = mapping(
            LOW, 512, "/anon_hugepage (deleted)", vm_flags="ht", private_hugetlb=2 * MIB
        )
        diff = reading([huge], private_hugetlb=2 * MIB) - reading([])

        assert (2 * MIB, 0) == (diff.growth("hugetlb"), diff.growth())
        assert [2 * MIB] == [row.growth("hugetlb") for row in diff.top(3, "hugetlb")]

    def test_swapped_out(self) -> None:
        """
        Memory that went to swap is neither less nor more.
        """
        before = memory(LOW, MIB)
        after = mapping(LOW, 256, swap=MIB, swap_pss=MIB)
        diff = reading([after]) - reading([before])

        assert (-MIB, MIB, 0) == (
            diff.growth("rss"),
            diff.growth("swap"),
            diff.rows[0].growth("footprint"),
        )


def test_pickles() -> None:
    """
    A difference can be handed to another process.
    """
    diff = reading([memory(LOW, 2 * MIB)]) - reading([memory(LOW, MIB)])

    assert diff == pickle.loads(pickle.dumps(diff))
