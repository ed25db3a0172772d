"""
The pieces that a group is read with: fast paths agree with their twins, and
whatever the bytes, there is a result or a ParseError.
"""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem.errors import ParseError
from procmem.groups.crew import Crew, processors
from procmem.groups.deadline import Deadline
from procmem.groups.identity import identity_of
from procmem.groups.texts import is_usual, usage_of
from procmem.sources import spaces
from tests.cli_machine import rollup
from tests.groups.machine import Files, machine, process, stat


class TestIdentity:
    @given(
        st.binary(max_size=15).filter(lambda name: b"\0" not in name),
        st.integers(1, 2**22),
        st.integers(0, 2**22),
        st.integers(1, 2**40),
        st.integers(0, 2**32 - 1),
    )
    def test_agrees(
        self, name: bytes, pid: int, parent: int, start: int, flags: int
    ) -> None:
        """
        It says what ``parse_stat`` says, whatever the name.
        """
        data = stat(pid, name=name, parent=parent, start_time=start, flags=flags)
        found = identity_of(data, page_size=4096)
        known = procmem.parse_stat(data, page_size=4096)

        assert (known.pid, known.name, known.state) == (found[0], found[1], found[2])
        assert (known.ppid, known.session) == (found.parent, found.session)
        assert (known.threads, known.start_time) == (found.threads, found.start_time)
        assert (known.rss, known.is_kernel_thread) == (
            found.resident,
            found.is_kernel_thread,
        )

    @given(st.binary() | st.from_regex(rb"[0-9]+ \(.*\) S( [0-9]+)*\n?"))
    def test_any_bytes(self, data: bytes) -> None:
        """
        Whatever the bytes, it is somebody or an error.
        """
        try:
            found = identity_of(data, page_size=4096)
        except ParseError:
            return
        assert found.pid >= 0

    def test_short(self) -> None:
        """
        A kernel that prints fewer fields tells no layout.
        """
        words = stat(7).split()
        data = b" ".join(words[:24]) + b"\n"

        assert 7 == identity_of(data, page_size=4096).pid
        assert identity_of(data, page_size=4096).layout is None


class TestTexts:
    def test_usage(self) -> None:
        """
        They say what the parser reads in them, and how long they took.
        """
        text = rollup(anonymous=8192, file=4096)
        usage = usage_of(text, 0.25)

        assert procmem.parse_smaps_rollup(text) == usage
        assert ("kernel", ("smaps_rollup",), 0.25) == (
            usage.evidence.method,
            usage.evidence.files,
            usage.evidence.seconds,
        )
        with pytest.raises(procmem.ParseError):
            usage_of(text[:-2], 0.25)

    def test_usual(self) -> None:
        """
        Kernels that do not print all of it are left to others.
        """
        assert is_usual(rollup(anonymous=4096, file=0))
        assert not is_usual(rollup(anonymous=4096, file=0, split=False))
        assert not is_usual(rollup(anonymous=4096, file=0)[:-1])
        assert not is_usual(b"")


class _Pretended:
    """
    A kcmp that knows the address space of each pid.
    """

    def __init__(self, space_of: dict[int, int]) -> None:
        self.space_of = space_of
        self.calls = 0

    def order(self, one: int, two: int) -> int:
        self.calls += 1
        if one not in self.space_of or two not in self.space_of:
            return -1
        first, second = self.space_of[one], self.space_of[two]
        return 0 if first == second else 1 if first < second else 2


class TestSpaces:
    @given(
        st.dictionaries(st.integers(1, 50), st.integers(0, 12)),
        st.sets(st.integers(1, 50), max_size=5),
    )
    def test_agrees(self, space_of: dict[int, int], ended: set[int]) -> None:
        """
        By their order, the same are found as by asking about each pair; those
        that ended are unknown, and nobody else is.
        """
        pretended = _Pretended({p: s for p, s in space_of.items() if p not in ended})
        files: dict[int, Files] = {pid: process(pid) for pid in space_of}
        source = machine(files)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(spaces, "order_of_memory", pretended.order)
            patch.setattr(spaces, "LiveProcess", object)
            patch.setattr(spaces, "numbers_are_ours", lambda _: True)
            found, unknown = spaces.spaces_of([source.pin(pid) for pid in space_of])

        by_space: dict[int, list[int]] = {}
        for pid, space in pretended.space_of.items():
            by_space.setdefault(space, []).append(pid)
        assert sorted(by_space.values()) == sorted(found)
        assert [pid for pid in space_of if pid in ended] == unknown

    def test_one_that_ends_in_between(self) -> None:
        """
        Those that come after one that has ended are still put in order.
        """
        pretended = _Pretended({1: 5, 2: 3, 3: 9, 4: 7, 5: 5, 6: 9})
        source = machine({pid: process(pid) for pid in pretended.space_of})

        def order(one: int, two: int) -> int:
            if pretended.calls == 4:
                del pretended.space_of[1]
            return pretended.order(one, two)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(spaces, "order_of_memory", order)
            patch.setattr(spaces, "LiveProcess", object)
            patch.setattr(spaces, "numbers_are_ours", lambda _: True)
            pins = [source.pin(pid) for pid in range(1, 7)]
            found, unknown = spaces.spaces_of(pins)

        assert [[1], [2], [3, 6], [4], [5]] == sorted(found)
        assert [] == unknown

    def test_few_questions(self) -> None:
        """
        A hundred take some hundred questions, not some thousand.
        """
        pretended = _Pretended({pid: pid * 37 % 101 for pid in range(1, 101)})
        source = machine({pid: process(pid) for pid in pretended.space_of})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(spaces, "order_of_memory", pretended.order)
            patch.setattr(spaces, "LiveProcess", object)
            patch.setattr(spaces, "numbers_are_ours", lambda _: True)
            spaces.spaces_of([source.pin(pid) for pid in pretended.space_of])

        assert pretended.calls <= 100 * 8

    @pytest.mark.live
    def test_numbers(self) -> None:
        """
        The live ``/proc`` has our numbers, and a machine made of bytes may
        not even know us.
        """
        assert spaces.numbers_are_ours(procmem.ProcFS())
        assert not spaces.numbers_are_ours(machine({7: process(7)}))

    def test_foreign_numbers(self) -> None:
        """
        In a proc file system of another pid namespace, our number has one
        more below it.
        """
        own = process(1)
        own["status"] = b"Name:\tx\nNSpid:\t4711\t1\nThreads:\t1\n"

        assert not spaces.numbers_are_ours(machine({1: own}))


class TestCrew:
    @pytest.mark.parametrize("threads", [None, 1, 4])
    @pytest.mark.parametrize("timeout", [None, 60])
    @pytest.mark.parametrize("large", [False, True])
    def test_all(self, threads: int | None, timeout: float | None, large: bool) -> None:
        """
        Every job is done once.
        """
        crew = Crew(range(50), lambda job: job * job, is_large=lambda _: large)
        found = crew.run(Deadline(timeout), threads=threads)

        assert [job * job for job in range(50)] == sorted(found)

    def test_at_once(self) -> None:
        """
        Large ones are done by several threads at once.
        """
        both = threading.Barrier(2, timeout=30)
        crew = Crew(range(2), lambda _: both.wait(), is_large=lambda _: True)

        assert [0, 1] == sorted(crew.run(Deadline(), threads=2)) or processors() == 1

    @pytest.mark.parametrize("timeout", [None, 60])
    def test_failure(self, timeout: float | None) -> None:
        """
        A failure of any thread is a failure.
        """

        def fail(job: int) -> int:
            return 1 // (job - 25)

        crew = Crew(range(50), fail, is_large=lambda _: True)
        with pytest.raises(ZeroDivisionError):
            crew.run(Deadline(timeout), threads=2)

    def test_too_late(self) -> None:
        """
        What hangs is left behind, and what was done is kept.
        """
        held = threading.Event()
        crew = Crew(
            [0, 1, 2, 3],
            lambda job: held.wait(30) if job == 2 else job,
            is_large=lambda _: False,
        )
        found = crew.run(Deadline(0.2))
        held.set()

        assert [0, 1] == found


class _Slow:
    """
    A machine where reading the memory of one process takes for ever.
    """

    def __init__(self) -> None:
        self.held = threading.Event()
        own = process(8)
        self.source = machine({1: process(1), 7: process(7), 8: own, 9: process(9)})

    def read_slowly(self, pid: int, file: str) -> None:
        if (pid, file) == (8, "smaps_rollup"):
            self.held.wait(30)


class TestTimeout:
    def test_partial(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        What could not be read in time is said, and what could is there.
        """
        slow = _Slow()
        from procmem.sources import memory

        take = memory._Process.take

        def waiting(self: memory._Process, file: str) -> object:
            slow.read_slowly(self.pid, file)
            return take(self, file)

        monkeypatch.setattr(memory._Process, "take", waiting)
        group = procmem.group([7, 8, 9], source=slow.source, timeout=0.3)
        slow.held.set()

        assert 8 in group.unread
        assert {7, 8, 9} == {*group.pids, *group.unread}
        assert not group.complete
        assert "process 8: not read in time" in group.missing
        assert "not read in time" in repr(group)

    def test_no_time_at_all(self) -> None:
        """
        Without any time, nothing is read, and all that is said.
        """
        group = procmem.group([1, 7], source=_Slow().source, timeout=0)

        assert ((), (1, 7)) == (group.pids, group.unread)

    def test_time_enough(self) -> None:
        """
        With time enough it is as without a limit.
        """
        source = _Slow().source

        assert procmem.group([1, 7], source=source) == procmem.group(
            [1, 7], source=source, timeout=60
        )

    def test_not_looked_for(self) -> None:
        """
        If there is no time to look for members, it is said that there may be
        more.
        """
        source = _Slow().source
        for group in (
            procmem.tree(1, source=source, timeout=0),
            procmem.Group.by_user(0, source=source, timeout=0),
        ):
            assert "processes that were not looked for in time" in group.missing


def test_deadline() -> None:
    """
    A deadline passes, and without one there is always time.
    """
    assert Deadline(0).has_passed
    assert 0 == Deadline(0).left
    later = Deadline(1000)
    assert not later.has_passed
    assert 0 < (later.left or 0) <= 1000
    assert (None, False) == (Deadline().left, Deadline().exists)
