"""
What is shown of groups that are odd: figures that nobody knows, parents that
make a ring, and more processes than anyone reads.
"""

from __future__ import annotations

import attrs
import pytest

import procmem
from procmem.cli.tree import Seen
from procmem.differences import between_groups
from procmem.groups.identity import Identity, identity_of
from procmem.render.group_html import group_table
from procmem.render.tree import generations, tree_text
from tests.cli_machine import old_process
from tests.differences.readings import LOW, MIB, Member, group, memory, reading
from tests.groups.machine import Files, machine, process, stat
from tests.html_page import read

DASH = "\N{EN DASH}"


def old(pid: int) -> Files:
    """
    A process on a kernel whose totals do not tell a footprint.
    """
    files = process(pid)
    inexact = old_process(exact=False)
    return {**files, **{file: inexact[file] for file in ("smaps_rollup", "smaps")}}


def several(count: int) -> procmem.Group:
    """
    Some processes of different sizes, the largest first.
    """
    source = machine(
        {
            pid: process(pid, anonymous=(count + 1 - pid) * MIB, layout=(pid, pid, pid))
            for pid in range(1, count + 1)
        }
    )
    return procmem.group(range(1, count + 1), source=source)


def identity(pid: int, parent: int) -> Identity:
    """
    Who a process is.
    """
    return identity_of(stat(pid, parent=parent), page_size=4096)


class TestHtml:
    def test_no_footprint(self) -> None:
        """
        Where the kernel tells no footprint, a dash stands in its place, and
        the sentence says that it is unknown; the rest is there.
        """
        source = machine({1: process(1), 7: old(7), 8: old(8)})
        found = procmem.group([7, 8], source=source)
        page = read(group_table(found))

        assert (
            "2 processes: footprint unknown; with the files in memory, 40.0 MiB."
            == (page.sentence)
        )
        assert ["7", DASH, "20.0 MiB", "16.0 MiB", "24.0 MiB", "0 B", "worker"] in (
            page.rows
        )
        assert ["total", DASH, "40.0 MiB"] == page.rows[-1][:3]

    def test_unknown_stands_last(self) -> None:
        """
        The largest come first, and those whose size is not known last.
        """
        source = machine(
            {1: process(1), 7: old(7), 8: process(8, anonymous=MIB), 9: process(9)}
        )
        page = read(group_table(procmem.group([7, 8, 9], source=source)))

        assert ["9", "8", "7"] == [row[0] for row in page.rows[1:-1]]

    def test_counted_elsewhere(self) -> None:
        """
        Of a process that has the memory of another it says where it counts.
        """
        first, second = several(2).members
        twin = attrs.evolve(second, same_memory_as=1)
        page = read(group_table(procmem.Group(members=(first, twin))))

        assert ["worker", "worker (counted in 1)"] == [
            row[-1] for row in page.rows[1:-1]
        ]

    def test_nothing_known(self) -> None:
        """
        Nor is anything made up where not even the share of files is known.
        """
        bare = attrs.evolve(several(1).members[0], usage=procmem.Usage())
        page = read(group_table(procmem.Group(members=(bare,))))

        assert "1 process: footprint unknown; with the files in memory, unknown." == (
            page.sentence
        )

    @pytest.mark.parametrize(("count", "folded"), [(20, 0), (21, 1)])
    def test_smaller_ones(self, count: int, folded: int) -> None:
        """
        Twenty stand in the open, and the others are folded away below them.
        """
        page = read(group_table(several(count)))

        assert folded == page.tags["details"]
        assert bool(folded) == ("1 smaller ones" in page.texts)
        total = [row[0] for row in page.rows].index("total")
        assert 20 == total - 1
        assert [str(pid) for pid in range(21, count + 1)] == [
            row[0] for row in page.rows[total + 1 :] if row[0].isdecimal()
        ]


class TestDifference:
    @pytest.mark.parametrize(("count", "rest"), [(200, 0), (203, 3)])
    def test_too_many(self, count: int, rest: int) -> None:
        """
        Two hundred processes are listed, and of the rest how many there are.
        """
        heap = [memory(LOW, MIB, "[heap]")]
        after = group(*(Member.of(reading(heap, pid=p + 1)) for p in range(count)))
        page = read(between_groups(group(), after)._repr_html_())
        listed = [row for row in page.rows if "(pid" in row[-1]]

        assert 200 == len(listed)
        assert f"{count} processes" in page.texts
        assert bool(rest) == ([f"and {rest} more"] in page.rows)


class TestTree:
    def test_ring(self) -> None:
        """
        Two that were read as each other's parent are listed all the same, once
        each, below nobody.
        """
        found = procmem.group([1, 7, 8, 9], source=_ring())
        seen = Seen(1, found, {})

        assert [(1, 0), (9, 1), (7, 0), (8, 0)] == generations(seen)
        lines = tree_text(seen).splitlines()
        assert ["1 worker", "9 worker", "7 worker", "8 worker"] == [
            line.split("0.0")[-1].strip() for line in lines if line.endswith("worker")
        ]

    def test_no_figures(self) -> None:
        """
        What a process costs is a question mark where the kernel does not tell,
        and an unknown amount in the sentence.
        """
        source = machine({1: process(1), 7: old(7)})
        found = procmem.group([7], source=source)
        text = tree_text(Seen(7, found, {7: identity(7, 1)}), in_bytes=True)
        row = next(line for line in text.splitlines() if line.endswith("7 worker"))

        assert ["?", str(20 * MIB), str(16 * MIB)] == row.split()[:3]
        assert "costs an unknown amount; with the files" in text.replace("\n", " ")

    def test_huge_pages(self) -> None:
        """
        Huge pages of hugetlbfs are in no column, so they are told besides.
        """
        files = process(7)
        rollup = files["smaps_rollup"]
        assert isinstance(rollup, bytes)
        files["smaps_rollup"] = rollup + (
            b"Shared_Hugetlb:     2048 kB\nPrivate_Hugetlb:    2048 kB\n"
        )
        source = machine({1: process(1), 7: files})
        text = tree_text(Seen(7, procmem.group([7], source=source), {}))

        assert "On top come 4.0 in huge pages of hugetlbfs." in text

    def test_name_is_unknown(self) -> None:
        """
        A process that could not be read and of which nobody knows who it is
        has its number, and question marks.
        """
        found = procmem.Group(unread=(8,))
        lines = tree_text(Seen(8, found, {})).splitlines()

        assert any(line.split() == [*"?????", "8", "?"] for line in lines)
        assert lines[0].startswith("? (pid 8), which has no children")


def _ring() -> procmem.InMemory:
    parents = {1: 0, 7: 8, 8: 7, 9: 1}
    return machine(
        {
            pid: process(pid, parent=parent, layout=(pid, pid, pid))
            for pid, parent in parents.items()
        }
    )
