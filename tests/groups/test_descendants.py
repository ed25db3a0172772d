"""
Trees on machines made of bytes: with lists of children and without.
"""

from __future__ import annotations

import pytest

import procmem
from procmem.errors import AccessDeniedError
from procmem.groups.rules import HIDDEN
from tests.groups.machine import Files, machine, process, stat


def family() -> dict[int, Files]:
    """
    7 has the children 8 and 9, and 9 has 10; 11 is of another family.
    """
    parents = {1: 0, 7: 1, 8: 7, 9: 7, 10: 9, 11: 1}
    return {pid: process(pid, parent=parent) for pid, parent in parents.items()}


def listed(files: dict[int, Files], children: dict[int, bytes]) -> procmem.InMemory:
    """
    A machine whose kernel lists children.
    """
    for pid, own in files.items():
        own[f"task/{pid}/children"] = children.get(pid, b"")
    more = {"7/task/7/children": b"", "uptime": b"1000.00 1.0\n"}
    return procmem.InMemory(processes=files, machine=more)


CHILDREN = {1: b"7 11 ", 7: b"8 9 ", 9: b"10 "}


class TestBoth:
    @pytest.mark.parametrize("lists", [True, False])
    def test_tree(self, lists: bool) -> None:
        """
        With lists of children or without, it is the same tree.
        """
        files = family()
        source = listed(files, CHILDREN) if lists else machine(files)

        assert (7, 8, 9, 10) == procmem.tree(7, source=source).pids

    @pytest.mark.parametrize("lists", [True, False])
    def test_come_and_go(self, lists: bool) -> None:
        """
        Children that come later belong, and those of who has ended stay.
        """
        files = family()
        source = listed(files, dict(CHILDREN)) if lists else machine(files)
        with procmem.Members.tree(7, source=source) as members:
            files[12] = process(12, parent=8)
            files[12]["task/12/children"] = b""
            files[8]["task/8/children"] = b"12 "
            del files[9]
            files[7]["task/7/children"] = b"8 "
            files[10]["stat"] = stat(10, parent=1)
            group = members.read()

        assert ((7, 8, 10, 12), (9,)) == (group.pids, group.gone)
        assert 1 == group[10].parent


class TestListed:
    def test_of_all_threads(self) -> None:
        """
        Each thread has a list of its own.
        """
        files = family()
        files[7]["stat"] = stat(7, threads=2)
        source = listed(files, {7: b"8 "})
        files[7]["task/70/children"] = b"9 "

        assert (7, 8, 9) == procmem.tree(7, source=source).pids

    def test_hidden(self) -> None:
        """
        A child that is listed and not to be found is hidden from this user.
        """
        source = listed(family(), {7: b"8 77 "})
        group = procmem.tree(7, source=source)

        assert (7, 8) == group.pids
        assert [77] == list(group.unreadable)
        assert isinstance(group.unreadable[77], AccessDeniedError)
        assert not group.complete

    def test_ended(self) -> None:
        """
        A child that has ended since it was listed is nobody.
        """
        files = family()
        source = listed(files, {})
        files[7]["task/7/children"] = [b"8 77 ", b"8 "]
        group = procmem.tree(7, source=source)

        assert (7, 8) == group.pids
        assert group.complete

    def test_taken_again(self) -> None:
        """
        Whoever has the number of a child, and another parent, and is younger
        than the list, is a stranger.
        """
        files = family()
        files[11]["stat"] = stat(11, parent=1, start_time=100_001)
        source = listed(files, {7: b"8 11 "})

        assert (7, 8) == procmem.tree(7, source=source).pids

    def test_orphan(self) -> None:
        """
        If it is older, its parent has ended in between.
        """
        files = family()
        files[11]["stat"] = stat(11, parent=1, start_time=99_000)
        source = listed(files, {7: b"8 11 "})

        assert (7, 8, 11) == procmem.tree(7, source=source).pids

    def test_faster_than_can_be_listed(self) -> None:
        """
        A tree that never stops growing is followed so far, and said to be
        incomplete.
        """
        files = family()
        source = listed(files, {})
        files[7]["task/7/children"] = [
            b"".join(b"%d " % pid for pid in range(100, 101 + i)) for i in range(200)
        ]
        for pid in range(100, 301):
            files[pid] = process(pid, parent=7)
        group = procmem.tree(7, source=source)

        assert 10 < len(group.members) < 100
        assert not group.complete
        assert ("processes that were started while the others were being listed",) == (
            group.missing
        )


class TestByParent:
    def test_hidden(self) -> None:
        """
        Where processes are hidden, some of the tree may be.
        """
        files = family()
        del files[1]
        group = procmem.tree(7, source=machine(files))

        assert (7, 8, 9, 10) == group.pids
        assert (HIDDEN,) == group.missing

    def test_root_is_gone(self) -> None:
        """
        A root that is not there is an error.
        """
        with pytest.raises(procmem.ProcessGoneError) as caught:
            procmem.tree(99, source=machine(family()))

        assert 99 == caught.value.pid

    def test_root_is_denied(self) -> None:
        """
        So is one of which it is not shown who it is.
        """
        files = family()
        files[7]["stat"] = AccessDeniedError(7, "stat", "more rights")
        with pytest.raises(AccessDeniedError):
            procmem.tree(7, source=machine(files))

    @pytest.mark.parametrize("pid", [0, -1])
    def test_no_pid(self, pid: int) -> None:
        """
        What is no pid is refused.
        """
        with pytest.raises(ValueError, match="positive"):
            procmem.tree(pid)
        with pytest.raises(ValueError, match="positive"):
            procmem.group([pid])
