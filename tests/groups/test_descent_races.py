"""
Trees that change between two looks at the same process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import pytest

import procmem
from procmem.errors import AccessDeniedError, ProcessGoneError, ProcmemError
from procmem.sources.base import PinnedProcess
from procmem.sources.descendants import children_by_parent, lists_children
from procmem.sources.stopping import taken
from tests.children import descriptors
from tests.groups.machine import Content, Files, machine, process, stat
from tests.groups.puppets import puppet

# Above what the kernel hands out.
NOBODY = 2**22 + 1

PARENTS = {1: 0, 7: 1, 8: 7, 9: 7, 10: 9, 11: 1}


class Changing(dict[str, "Content | Sequence[Content]"]):
    """
    The files of a process whose ``stat`` is another one each time, whoever
    takes hold of it; the last for ever.
    """

    def __init__(self, files: Files, *stats: Content) -> None:
        super().__init__(files)
        self.stats = [*stats]

    def __getitem__(self, file: str) -> Content | Sequence[Content]:
        if file != "stat":
            return super().__getitem__(file)
        return self.stats.pop(0) if len(self.stats) > 1 else self.stats[0]


def family() -> dict[int, Files]:
    """
    7 has the children 8 and 9, and 9 has 10; 11 is of another family.
    """
    return {pid: process(pid, parent=parent) for pid, parent in PARENTS.items()}


def listed(children: dict[int, bytes], **machine_files: bytes) -> procmem.InMemory:
    """
    The same on a kernel that lists children.
    """
    files = family()
    for pid, own in files.items():
        own[f"task/{pid}/children"] = children.get(pid, b"")
    more = {"7/task/7/children": b"", **machine_files}
    return procmem.InMemory(processes=files, machine=more)


class TestByParent:
    def test_ends_before_it_is_held(self) -> None:
        """
        A child that ends after it was found, and before it is held, is nobody,
        and hides none of the others.
        """
        files = family()
        there = stat(8, parent=7)
        files[8] = Changing(files[8], there, ProcessGoneError(8))
        group = procmem.tree(7, source=machine(files))

        assert (7, 9, 10) == group.pids
        assert group.complete
        assert () == group.gone

    def test_number_taken_in_between(self) -> None:
        """
        Nor is whoever has got its number since, even as another child.
        """
        files = family()
        first, second = stat(8, parent=7), stat(8, parent=1, start_time=99)
        files[8] = Changing(files[8], first, second)

        assert (7, 9, 10) == procmem.tree(7, source=machine(files)).pids

    def test_taken_by_another_child(self) -> None:
        """
        Of whom the same is found the next time, it is a child.
        """
        files = family()
        first, second = stat(8, parent=7), stat(8, parent=7, start_time=99)
        files[8] = Changing(files[8], first, second)
        group = procmem.tree(7, source=machine(files))

        assert (7, 8, 9, 10) == group.pids
        assert 99 == group[8].start_time

    def test_parent_ends(self) -> None:
        """
        Who has a parent that has ended is not of its tree: its number may be
        that of another by now.
        """
        files = family()
        there = stat(9, parent=7)
        # Found, held, and gone when its children are to be added.
        files[9] = Changing(files[9], there, there, ProcessGoneError(9))
        group = procmem.tree(7, source=machine(files))

        assert {7, 8} <= set(group.pids)
        assert 10 not in group.pids

    @pytest.mark.parametrize(
        "error", [ProcessGoneError(11), AccessDeniedError(11, "stat", "more rights")]
    )
    def test_who_cannot_be_asked(self, error: ProcmemError) -> None:
        """
        Of whom it is not shown who it is, it is not shown that it belongs.
        """
        files = family()
        files[11]["stat"] = error
        group = procmem.tree(7, source=machine(files))

        assert (7, 8, 9, 10) == group.pids
        assert not group.unreadable


class TestListed:
    def test_denied(self) -> None:
        """
        A child of which it is not shown who it is is a child that is missing,
        with the reason, and the others are there.
        """
        source = listed({7: b"8 9 ", 9: b"10 "}, uptime=b"1000.00 1.0\n")
        error = AccessDeniedError(9, "stat", "more rights")
        files = source.processes[9]
        assert isinstance(files, dict)
        files["stat"] = error
        group = procmem.tree(7, source=source)

        assert (7, 8) == group.pids
        assert {9: error} == group.unreadable
        assert not group.complete

    @pytest.mark.parametrize("uptime", [b"", b"\n", b"soon 1.0\n"])
    def test_time_is_unknown(self, uptime: bytes) -> None:
        """
        Where nobody knows how late it is, whoever has another parent than the
        list says may be a stranger, and does not belong.
        """
        known = listed({7: b"8 11 "}, uptime=b"1000.00 1.0\n")
        unknown = listed({7: b"8 11 "}, uptime=uptime)

        assert (7, 8, 11) == procmem.tree(7, source=known).pids
        assert (7, 8) == procmem.tree(7, source=unknown).pids


class Odd(procmem.ProcFS):
    """
    A proc file system that lists somebody who can't be pinned.
    """

    __slots__ = ("error",)

    def __init__(self, error: ProcmemError) -> None:
        super().__init__()
        self.error = error

    def pids(self) -> list[int]:
        """
        One that there is not, and all that there are.
        """
        return [NOBODY, *super().pids()]

    def pin(self, pid: int | None = None) -> PinnedProcess:
        """
        Take hold of a process, unless it is that one.
        """
        if pid == NOBODY:
            raise self.error
        return super().pin(pid)


@pytest.fixture
def _nothing_is_left() -> Iterator[None]:
    """
    No test leaves a descriptor behind.
    """
    before = descriptors()
    yield
    assert before == descriptors()


@pytest.mark.usefixtures("_nothing_is_left")
class TestStopped:
    @pytest.mark.parametrize(
        "error", [ProcessGoneError(NOBODY), AccessDeniedError(NOBODY, ".", "hidepid")]
    )
    def test_somebody_is_hidden(self, error: ProcmemError) -> None:
        """
        Whoever ended or is hidden is no child, and the others are found by
        their parent.
        """
        with puppet() as parent:
            children = parent.fork(3)
            root = taken(parent.pid, procmem.ProcFS())
            found = [*children_by_parent([root], Odd(error))]
            pids = sorted(child.pid for child in found)
            for each in (root, *found):
                each.close()

            assert sorted(children) == pids

    def test_parent_is_gone(self) -> None:
        """
        Who is gone has no children, though somebody had it as a parent.
        """
        with puppet() as parent:
            child = parent.fork(1)[0]
            root = taken(child, procmem.ProcFS())
            if not lists_children(root):
                pytest.skip("the kernel lists no children (CONFIG_PROC_CHILDREN)")
            parent.reap(child)

            assert not lists_children(root)
            assert [] == [*children_by_parent([root], procmem.ProcFS())]
            assert os.getpid() != root.pid
            root.close()
