"""
Members that are read while others are still being looked for.
"""

from __future__ import annotations

import os
import threading
from functools import partial

import pytest

import procmem
from procmem.groups.crew import processors
from procmem.groups.early import Early
from procmem.groups.helper import Helper
from procmem.groups.reading import Taken
from procmem.groups.rules import SAMPLER
from procmem.groups.seats import Roster, Seat
from tests.children import wait_for
from tests.groups.machine import machine, process, stat
from tests.groups.puppets import puppet
from tests.groups.triggers import Triggers

MIB = 1024**2


def seats(*stats: list[bytes]) -> list[Seat]:
    """
    A process each, whose ``stat`` reads as given, one reading after another.
    """
    files = {pid: process(pid) for pid in range(1, 1 + len(stats))}
    for pid, contents in enumerate(stats, 1):
        files[pid]["stat"] = contents
    roster = Roster(machine(files))
    return [roster.candidate(pid) for pid in files]


def taken(seat: Seat) -> Taken:
    """
    What reading one gives.
    """
    return Taken(seat.identity, seconds=1.0)


class TestEarly:
    def test_read(self) -> None:
        """
        What is offered is read, if it is large enough to be worth it.
        """
        small, large = seats([stat(1)], [stat(2)])
        early = Early(taken, is_large=lambda seat: seat is large)
        early.offer(small)
        early.offer(large)
        wait_for(lambda: early.helper.is_free)

        assert [large] == early.stop([small, large])
        assert {large: 2} == {seat: t.pid for seat, t in early.wait().items()}

    def test_only_what_there_is_time_for(self) -> None:
        """
        At most one waits while another is read, and that is left to others.
        """
        first, second, third = seats([stat(1)], [stat(2)], [stat(3)])
        begun, go_on = threading.Event(), threading.Event()

        def read(seat: Seat) -> Taken:
            begun.set()
            go_on.wait(30)
            return taken(seat)

        early = Early(read, is_large=lambda _: True)
        early.offer(first)
        assert begun.wait(30)
        early.offer(second)
        early.offer(third)
        stopped = early.stop([first, second, third])
        go_on.set()

        assert [first] == stopped
        assert {first} == early.wait().keys()

    def test_another_program(self) -> None:
        """
        What was read of a process that lies in memory differently by now is
        not used, nor of one that has ended.
        """
        moved = stat(1, layout=(0x3000, 0x4000, 0x8000))
        changed, gone, same = seats([stat(1), moved], [stat(2), b""], [stat(3)])
        early = Early(taken, is_large=lambda _: True)
        for seat in (changed, gone, same):
            wait_for(lambda: early.helper.is_free)
            early.offer(seat)
        wait_for(lambda: len(early._taken) == 3)

        assert [same] == early.stop([changed, gone, same])
        early.wait()

    def test_one_that_was_let_go(self) -> None:
        """
        Who belongs no longer when all are known is not asked anything.
        """
        dropped, kept = seats([stat(1)], [stat(2)])
        early = Early(taken, is_large=lambda _: True)
        for seat in (dropped, kept):
            wait_for(lambda: early.helper.is_free)
            early.offer(seat)
        wait_for(lambda: len(early._taken) == 2)
        dropped.close()
        early.wait()

        assert [kept] == early.stop([kept])

    def test_failure(self) -> None:
        """
        What fails is left out: it fails again in its turn.
        """

        def fail(_: Seat) -> Taken:
            raise OSError(24, "too many open files")

        (seat,) = seats([stat(1)])
        early = Early(fail, is_large=lambda _: True)
        early.offer(seat)
        wait_for(lambda: early.helper.is_free)

        assert {} == early.wait()


class TestHelper:
    def test_in_order(self) -> None:
        """
        It does one thing after the other, and can be had again.
        """
        done: list[int] = []
        helper = Helper()
        for number in range(5):
            helper.do(partial(done.append, number))
        helper.join()
        helper.do_last(lambda: done.append(5))
        helper.join()
        helper.join()

        assert [*range(6)] == done

    def test_what_is_dropped(self) -> None:
        """
        What it had not begun with is not done, and joining it ends even if
        the end was dropped, too.
        """
        go_on, begun = threading.Event(), threading.Event()
        done: list[str] = []
        helper = Helper()
        helper.do(begun.set)
        helper.do(partial(go_on.wait, 30))
        assert begun.wait(30)
        wait_for(lambda: helper.is_free)
        helper.do_last(lambda: done.append("never"))
        helper.drop()
        go_on.set()
        helper.join()

        assert [] == done


def known(member: procmem.Member) -> tuple[object, ...]:
    """
    What does not change by what other processes do with the same libraries.
    """
    who = (member.pid, member.start_time, member.name, member.uid, member.parent)
    return (*who, member.usage.rss, member.footprint, member.usage.anonymous)


@pytest.mark.live
@pytest.mark.skipif(processors() < 2, reason="takes a second processor")
class TestLive:
    def test_ends_after_it_was_read(self) -> None:
        """
        Two have one address space, and one of them ends after it was read and
        before anybody has asked: what they have counts once.
        """

        def end() -> None:
            os.kill(twin, 9)
            parent.run(f"os.waitpid({twin}, 0)")
            ended.set()

        ended = threading.Event()
        with puppet() as parent:
            parent.run(f"hold({16 * MIB})")
            twin = parent.run("twin()")
            triggers = Triggers(
                {
                    (twin, "after smaps_rollup"): end,
                    (parent.pid, "stat"): lambda: ended.wait(30),
                }
            )
            group = procmem.group([twin, parent.pid], source=triggers.as_source())
            alone = procmem.group([parent.pid])

        assert ended.is_set()
        assert (parent.pid,) == group.pids
        assert (twin,) == group.gone
        assert group.complete
        assert group.footprint == alone.footprint

    def test_agrees(self) -> None:
        """
        With and without it is the same.
        """
        with puppet() as parent:
            parent.run(f"hold({16 * MIB})")
            pids = [parent.pid, *parent.fork(5)]
            parent.tell(pids[3], f"hold({16 * MIB})")
            with procmem.frozen(parent.pid):
                one = procmem.Group.of(pids, threads=1)
                several = procmem.Group.of(pids)
                with procmem.Members.of(pids) as members:
                    readings = [members.read() for _ in range(3)]

        for group in (several, *readings):
            assert list(map(known, one.members)) == list(map(known, group.members))
            assert one.footprint == group.footprint
            assert one.taken < group.taken

    def test_helper_of_ours(self) -> None:
        """
        A member that calls itself as the helper of the peaks does is left out
        from then on, also if it was read already.
        """
        with puppet() as parent:
            parent.run(f"hold({16 * MIB})")
            (child,) = parent.fork()
            with procmem.Members.tree(parent.pid) as members:
                both = members.read()
                parent.tell(child, f"rename({SAMPLER!r})")
                group = members.read()

        assert (parent.pid, child) == both.pids
        assert (parent.pid,) == group.pids
        assert group.complete

    def test_held_one_that_ends(self) -> None:
        """
        A member that ends between two readings is gone, and the others are
        read.
        """
        with puppet() as parent:
            parent.run(f"hold({16 * MIB})")
            first, second, third = parent.fork(3)
            with procmem.Members.of([parent.pid, first, second, third]) as members:
                members.read()
                parent.reap(second)
                group = members.read()

        assert (parent.pid, first, third) == group.pids
        assert (second,) == group.gone
        assert group.complete
