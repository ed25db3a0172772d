"""
What is known of one process that changes, or goes, while it is looked at.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from procmem.errors import AccessDeniedError, ProcessGoneError
from procmem.sources.live import LiveProcess
from procmem.sources.procfs import ProcFS
from procmem.testing.sampling.counted import Counted
from procmem.testing.sampling.counters import Figures
from procmem.testing.sampling.member import Member
from tests.children import (
    descriptors,
    forked,
    leaderless,
    reap,
    script,
    state,
    wait_for,
)
from tests.testing.paper import MIB, PID, Paper, member_of, sizes

_THREADS = """
import ctypes, sys, threading, time
threading.Thread(target=sys.stdin.read, args=(1,)).start()
threading.Thread(target=time.sleep, args=(600,)).start()
print(flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.fixture
def paper(tmp_path: Path) -> Paper:
    """
    A process with nothing yet.
    """
    return Paper(tmp_path)


@pytest.fixture
def held() -> Iterator[Callable[[int], LiveProcess]]:
    """
    Takes hold of live processes; nothing is left open.
    """
    before = descriptors()

    def pin(pid: int) -> LiveProcess:
        process = ProcFS().pin(pid)
        assert isinstance(process, LiveProcess)
        return process

    yield pin
    assert before == descriptors()


def test_another_program_while_it_is_read(paper: Paper) -> None:
    """
    Nothing that was read of the one is said of the other.
    """
    paper.has(8)
    paper.rolls_up(**sizes(8, anon=3))
    member = member_of(paper, lambda: paper.has(5, stack=2))

    assert None is member.read(1.0)
    assert 5 * MIB == member.expected("footprint")
    assert 0 == member.shared("footprint")


def test_an_end_while_it_is_read(paper: Paper) -> None:
    """
    What was read counts, and now it has nothing.
    """
    paper.has(8)
    paper.rolls_up(**sizes(8, anon=3))
    member = member_of(paper, paper.ends)
    figures = member.read(1.0)

    assert figures is not None
    assert (3 * MIB, 0) == (figures.footprint, member.expected("footprint"))


def test_what_is_given_back_before_the_counters_are_read(paper: Paper) -> None:
    """
    What the rollup has beyond them is gone again, and shared is what it was.
    """
    paper.has(18)
    paper.rolls_up(**sizes(28, anon=20))
    member = member_of(paper, lambda: paper.has(18, faults=2560))
    figures = member.read(1.0)

    assert figures is not None
    assert 20 * MIB == figures.footprint
    assert 8 * MIB == member.shared("footprint")
    assert 10 * MIB == member.expected("footprint")


def test_shared_memory_that_comes_while_it_is_read(paper: Paper) -> None:
    """
    It was not there when others were read that may have it as well.
    """
    paper.has(10)
    paper.rolls_up(**sizes(14, anon=10, shmem=4))
    member = member_of(paper, lambda: paper.has(10, shmem=4))
    figures = member.read(1.0)

    assert figures is not None
    assert (10 * MIB, 0) == (figures.footprint, figures.pss_shmem)
    assert 14 * MIB == member.expected("footprint")


def test_a_copy_that_is_read_alone(paper: Paper) -> None:
    """
    It has what is private to it; the rest is that of others, whatever part
    of it the rollup gives to this one.
    """
    paper.has(10)
    original, copy = member_of(paper), member_of(paper)
    copy.begin_as_copy(original)
    before = copy.expected("footprint"), copy.shared("footprint")
    paper.rolls_up(**sizes(10, anon=6, private=3))
    copy.read_alone(1.0)

    assert (0, 10 * MIB) == before
    assert 3 * MIB == copy.expected("footprint")
    assert 3 * MIB == copy.expected("pss")
    assert 7 * MIB == copy.shared("footprint")
    assert (True, False) == (original.has_copies, copy.was_read)


def test_a_copy_that_cannot_be_read(paper: Paper) -> None:
    """
    What was known of it is what is known.
    """
    paper.has(10)
    copy = member_of(paper)
    copy.begin_as_copy(member_of(paper))

    def refuse() -> NoReturn:
        raise AccessDeniedError(PID, "smaps_rollup", "rights")

    paper.rolls_up(**sizes(10, anon=6, private=3))
    copy.meanwhile = refuse
    copy.read_alone(1.0)

    assert copy.denied
    assert 0 == copy.expected("footprint")
    assert 10 * MIB == copy.shared("footprint")


def test_a_copy_that_has_ended_shares_nothing(paper: Paper) -> None:
    """
    Nobody has copies for having had one that is gone.
    """
    paper.has(10)
    original = member_of(paper)
    paper.ends()
    original.lend(member_of(paper))

    assert not original.has_copies
    assert not original.shares


def test_rollups_without_parts(paper: Paper) -> None:
    """
    Before Linux 5.4 they have none, and PSS stands for the footprint; of one
    that has ended they are empty.
    """
    paper.has(8)
    parts = {"Pss_Anon", "Pss_File", "Pss_Shmem"}
    old = sizes(8, anon=5, private=4)
    paper.rolls_up(**{key: size for key, size in old.items() if key not in parts})
    member = member_of(paper)

    assert Figures(5 * MIB, 5 * MIB, 4 * MIB, 8 * MIB) == member.read(1.0)
    paper.rolls_up()
    paper.ends()
    member.refresh(2.0)
    assert Figures(0, 0, 0, 0) == member.read(2.0)


@pytest.mark.live
def test_who_has_ended_cannot_be_read(held: Callable[[int], LiveProcess]) -> None:
    """
    That is no lack of rights, and what was read before stays.
    """
    with forked() as pid:
        member = Member(held(pid), 0.0)
        figures = member.read(1.0)
        reap(pid)
        assert None is member.read(2.0)
        assert (figures, False) == (member.figures, member.denied)
        member.close()


class Leaving(Counted):
    """
    One that ends just after its files were opened.
    """

    __slots__ = ()

    def _open(self, prefix: str) -> None:
        super()._open(prefix)
        reap(self.pid)


@pytest.mark.live
def test_who_ends_before_it_is_looked_at(held: Callable[[int], LiveProcess]) -> None:
    """
    Whether its files could be opened or not, it is gone.
    """
    with forked() as pid:
        process = held(pid)
        with pytest.raises(ProcessGoneError):
            Leaving(held(pid), 0.0)
        with pytest.raises(ProcessGoneError):
            Counted(process, 0.0)


@pytest.mark.live
def test_an_end_between_two_files(
    held: Callable[[int], LiveProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    One that ends after its first counters looked the same is not at rest.
    """
    with forked() as pid:
        wait_for(lambda: state(pid) == "S")
        counted = Counted(held(pid), 0.0)
        counted.shares = True
        assert not counted.tick(1.0)
        pread = os.pread

        def read_and_end(descriptor: int, size: int, offset: int) -> bytes:
            data = pread(descriptor, size, offset)
            reap(pid)
            return data

        with monkeypatch.context() as patch:
            patch.setattr(os, "pread", read_and_end)
            assert counted.tick(2.0)
        assert (True, None) == (counted.ended, counted.cheap)
        assert not counted.tick(3.0)
        counted.close()


@pytest.mark.live
def test_counters_that_are_refused(
    held: Callable[[int], LiveProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Who may not be looked at any more has not ended.
    """

    def refuse(*_: object) -> NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with forked() as pid:
        counted = Counted(held(pid), 0.0)
        with monkeypatch.context() as patch:
            patch.setattr(os, "pread", refuse)
            assert counted.tick(1.0)
        assert (True, False) == (counted.denied, counted.ended)
        assert None is counted.cheap
        counted.close()


def fate(counted: Counted) -> set[str]:
    """
    What became of it.
    """
    return {what for what in ("ended", "denied") if getattr(counted, what)}


@pytest.mark.live
def test_one_thread_after_the_other_ends(held: Callable[[int], LiveProcess]) -> None:
    """
    Memory is there as long as any thread is, and is found through that.
    """
    with script(_THREADS) as pid:
        wait_for(lambda: state(pid) == "Z")
        first, second = sorted(map(int, os.listdir(f"/proc/{pid}/task")))[1:]
        counted = Counted(held(pid), 0.0)
        counted._open(f"task/{first}/")
        counted.tick(1.0)
        with open(f"/proc/{pid}/task/{second}/fd/0", "wb") as stdin:
            stdin.write(b"x")
        wait_for(lambda: not os.path.exists(f"/proc/{pid}/task/{first}"))
        assert counted.tick(2.0)
        assert "ended" not in fate(counted)
        counted.tick(3.0)
        assert counted.cheap is not None
        assert counted.cheap.rss > 0
        reap(pid)
        assert counted.tick(4.0)
        assert "ended" in fate(counted)
        counted.close()


def test_threads_that_have_no_memory(paper: Paper) -> None:
    """
    A process has none if none of them has, or shows it; it is there still.
    """
    paper.has_threads(2, 3)
    member = member_of(paper)
    before = member.cheap
    paper.has_threads(2, 0)

    assert member.refresh(1.0)
    assert before is not None
    assert 3 * MIB == before.anon
    assert (None, False) == (member.cheap, member.ended)


@pytest.mark.live
def test_a_process_that_ends_while_its_threads_are_listed(
    held: Callable[[int], LiveProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    It has no memory, and is gone at the next look.
    """
    threads = LiveProcess.threads

    def end_first(process: LiveProcess) -> tuple[int, ...]:
        os.kill(process.pid, signal.SIGKILL)
        os.waitpid(process.pid, 0)
        return threads(process)

    with leaderless() as pid:
        monkeypatch.setattr(LiveProcess, "threads", end_first)
        counted = Counted(held(pid), 0.0)
        assert (None, False) == (counted.cheap, counted.ended)
        assert counted.tick(1.0)
        assert counted.ended
        counted.close()
