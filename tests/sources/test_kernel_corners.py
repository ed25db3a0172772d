"""
What else is asked of the kernel: its marks, the allocator, address spaces and
orphans.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import procmem
from procmem.sources import memory, spaces, subreaper, trimming
from procmem.sources.base import PinnedProcess
from procmem.sources.marks import reset_mark
from procmem.sources.spaces import numbers_are_ours, spaces_of
from procmem.sources.stopping import taken
from procmem.sources.subreaper import adopting_orphans, adopts_orphans
from tests import children
from tests.sources.live import Ending, live


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """
    No test leaves a descriptor behind.
    """
    before = children.descriptors()
    yield
    assert before == children.descriptors()


class TestMark:
    def test_gone_in_between(self) -> None:
        """
        The mark of a process that goes away meanwhile is not set back.
        """
        with children.forked() as pid, live(pid) as process:
            if not reset_mark(process):
                pytest.skip("the mark can't be set back here")
            ending = Ending(process.source, pid, os.dup(process.descriptor or 0))
            with ending:
                assert not reset_mark(ending)
            assert not reset_mark(process)


class TestAllocator:
    def test_other_library(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A C library that has no such functions tells nothing and trims nothing.
        """
        monkeypatch.setattr(ctypes, "CDLL", lambda _: object())

        assert 0 == trimming.in_use()
        assert trimming.trim() is None

    def test_in_use(self) -> None:
        """
        Where it tells, what is allocated counts, small or large.
        """
        before = trimming.in_use()
        if not before:
            pytest.skip("this C library does not tell")
        held = ctypes.create_string_buffer(8 << 20)

        assert trimming.in_use() - before >= len(held)
        assert trimming.trim() in {True, False}


class TestSpaces:
    def test_unknown_in_between(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A process that the kernel can't compare with a living one has an
        unknown address space, and the others have theirs.
        """
        monkeypatch.setattr(spaces, "numbers_are_ours", lambda _: True)
        with contextlib.ExitStack() as stack:
            pids = [stack.enter_context(children.forked()) for _ in range(3)]
            some = [stack.enter_context(live(pid)) for pid in pids]
            last = pids[2]

            def order(one: int, two: int) -> int:
                if one == two:
                    return 0
                return -1 if last in {one, two} else 1 + (one > two)

            monkeypatch.setattr(spaces, "order_of_memory", order)
            groups, untold = spaces_of(some)

        assert sorted([[pid] for pid in pids[:2]]) == sorted(groups)
        assert [last] == untold

    def test_unknown_of_bytes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        So it is where each is asked about each: who can't be compared with one
        of the others has an unknown address space.
        """
        known = {(1, 1): True, (2, 1): True, (3, 1): None, (4, 1): False}

        def shares(self: PinnedProcess, other: PinnedProcess) -> bool | None:
            return known[self.pid, other.pid]

        monkeypatch.setattr(memory._Process, "shares_memory_with", shares)
        source = procmem.InMemory(processes={pid: {} for pid in (1, 2, 3, 4)})

        assert ([[1, 2], [4]], [3]) == spaces_of(map(source.pin, source.pids()))

    def test_other_numbers(self, root: Path) -> None:
        """
        Where pids are not ours, no number says anything to the kernel.
        """
        pid = int(os.readlink(root / "self"))
        (root / str(pid) / "status").write_bytes(b"Name:\tx\nNSpid:\t7\t1\n")
        with live(pid, root) as process:
            assert ([], [pid]) == spaces_of([process])
            assert ([], []) == spaces_of([])

    def test_whose_numbers(self, root: Path) -> None:
        """
        They are ours where this process has one number and no other; where it
        has none they are not.
        """
        pid = int(os.readlink(root / "self"))
        status = root / str(pid) / "status"
        expected = {b"7": True, b"7\t1": False}
        for numbers, is_ours in expected.items():
            status.write_bytes(b"Name:\tx\nNSpid:\t%b\n" % numbers)
            assert is_ours == numbers_are_ours(procmem.ProcFS(root))
        # Old kernels do not say so, and then our own pid decides.
        status.write_bytes(b"Name:\tx\n")
        assert not numbers_are_ours(procmem.ProcFS(root))
        (root / "self").unlink()
        assert not numbers_are_ours(procmem.ProcFS(root))
        assert numbers_are_ours(procmem.ProcFS())


class TestOrphans:
    def test_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Where the kernel does not let this process adopt them, it is told so,
        and nothing is kept count of.
        """
        was = adopts_orphans()
        if was:
            pytest.skip("somebody else has marked this process")
        with monkeypatch.context() as patch:
            patch.setattr(subreaper, "_prctl", lambda *_: False)
            with adopting_orphans() as done:
                assert not done
            assert 0 == subreaper._Users.count
        with adopting_orphans() as done:
            assert done
            assert adopts_orphans()
        assert not adopts_orphans()


def test_parent_of_the_gone() -> None:
    """
    What is gone has no parent, and what is there has this one.
    """
    with children.forked() as pid:
        subject = taken(pid, procmem.ProcFS())
        assert os.getpid() == subject.parent()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert subject.parent() is None
        subject.close()
