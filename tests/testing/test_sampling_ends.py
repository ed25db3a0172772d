"""
What is made of processes, threads and helpers that end between two looks.
"""

from __future__ import annotations

import contextlib
import copy
import errno
import json
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import pytest

import procmem
from procmem.sources.live import LiveProcess
from procmem.testing.sampling import client as clients
from procmem.testing.sampling import helper, starting
from procmem.testing.sampling.client import Sampler
from procmem.testing.sampling.engine import Engine
from procmem.testing.sampling.member import HELPER_NAME, Member
from procmem.testing.sampling.sampled import Target
from tests.children import descriptors, forked, reap
from tests.testing.sampling_targets import MIB, obedient

pytestmark = pytest.mark.live


@pytest.fixture
def engine() -> Iterator[Engine]:
    """
    One that may spend what it likes.
    """
    before = descriptors()
    engine = Engine(share=100.0, interval=0.001)
    try:
        yield engine
    finally:
        engine.shut()
    assert before == descriptors()


@pytest.fixture
def fresh() -> Iterator[Sampler]:
    """
    One that is started by this test.
    """
    with contextlib.closing(Sampler()) as sampler:
        yield sampler


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """
    The end that gives orders, and the one that they come from.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def own() -> Target:
    """
    This process.
    """
    return Target(pids=(os.getpid(),), tree=False)


def order() -> bytes:
    """
    To look at this process.
    """
    what = {"id": 1, "do": "open", "target": own().to_json()}
    return json.dumps(what).encode() + b"\n"


def interrupt(*_: object) -> NoReturn:
    """
    What Ctrl+C does.
    """
    raise KeyboardInterrupt


def first_do(
    what: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> contextlib.AbstractContextManager[None]:
    """
    Have something happen once, just before the first member is read.
    """

    @contextlib.contextmanager
    def within() -> Iterator[None]:
        read, todo = Member.read, [what]

        def read_later(member: Member, now: float) -> object:
            while todo:
                todo.pop()()
            return read(member, now)

        with monkeypatch.context() as patch:
            patch.setattr(Member, "read", read_later)
            yield
        assert not todo

    return within()


def test_who_ends_before_it_is_read(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    What its counters said is all that is known, and its end is noted once.
    """
    with obedient() as child:
        child.tell("kept.append(touch(16 * MIB))")
        window = engine.open(Target(pids=(child.pid,)))
        with first_do(child.end, monkeypatch):
            engine.tick()
        assert {} == engine._lookout.crowd.members
        sampled = engine.close(window)
    assert (None, {}) == (sampled.lower, dict(sampled.at))
    assert sampled.by_pid[child.pid].ended
    assert sampled.estimate is not None
    assert sampled.estimate > 16 * MIB
    assert [f"Process {child.pid} ended"] == [
        note.partition(";")[0] for note in sampled.notes
    ]


def test_a_family_that_ends_before_it_is_read(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The end of a child shows that of its parent, which is not taken for
    another one when it is come upon.
    """
    with obedient() as child:
        child.tell("pid = os.fork() or (signal.pause(), os._exit(0))")
        pid = int(child.tell("print(pid)"))
        window = engine.open(Target(pids=(child.pid,)))

        def end() -> None:
            child.tell("os.kill(pid, 9), os.waitpid(pid, 0)")
            child.end()

        with first_do(end, monkeypatch):
            engine.tick()
        assert {} == engine._lookout.crowd.members
        sampled = engine.close(window)
    assert {child.pid: True, pid: True} == {
        one.pid: one.ended for one in sampled.members
    }
    assert 1 == len(sampled.notes)
    assert f"Process {child.pid} ended" in sampled.notes[0]
    assert 0 == sampled.unobserved


def test_who_becomes_another_program_before_it_is_read(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    What the new one has is not added to what the old one had.
    """
    with obedient() as child:
        child.tell("kept.append(touch(64 * MIB))")
        window = engine.open(Target(pids=(child.pid,)))

        def change() -> None:
            child.say("os.execv('/bin/sh', ['sh', '-c', 'echo ready && read x'])")
            assert "ready" == child.hear()

        engine.tick()
        with first_do(change, monkeypatch):
            engine._read(engine._windows[window].counted(), time.monotonic())
        sampled = engine.close(window)
        footprint = procmem.footprint(child.pid)
    assert sampled.lower is not None
    assert sampled.estimate is not None
    assert sampled.last is not None
    assert 64 * MIB < sampled.lower <= sampled.estimate < 80 * MIB
    assert abs(footprint - sampled.last) < MIB


def test_who_becomes_another_program_before_it_was_ever_read(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    What was seen of the old one is kept, although nobody has read it.
    """
    with obedient() as child:
        child.tell("kept.append(touch(64 * MIB))")
        window = engine.open(Target(pids=(child.pid,)))

        def change() -> None:
            child.say("os.execv('/bin/sh', ['sh', '-c', 'echo ready && read x'])")
            assert "ready" == child.hear()

        with first_do(change, monkeypatch):
            engine.tick()
        sampled = engine.close(window)
    assert sampled.estimate is not None
    assert sampled.upper is not None
    assert 64 * MIB < sampled.estimate <= sampled.upper < 96 * MIB


@pytest.mark.parametrize("hidden", [("smaps_rollup",), ("smaps_rollup", "smaps")])
def test_a_file_that_is_not_there(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, hidden: tuple[str, ...]
) -> None:
    """
    Without the rollup the mappings are added up; without those, too, that is
    said.
    """
    opened = LiveProcess.open_descriptor

    def hide(process: LiveProcess, file: str, flags: int = 0) -> int:
        if file in hidden:
            raise procmem.UnsupportedError(file, "a kernel that has it")
        return opened(process, file, flags)

    def read(process: LiveProcess, file: str) -> bytes:
        return process.open(file).read()

    monkeypatch.setattr(LiveProcess, "open_descriptor", hide)
    monkeypatch.setattr(LiveProcess, "read", read)
    with obedient() as child:
        child.tell("kept.append(touch(64 * MIB))")
        window = engine.open(Target(pids=(child.pid,), metric="uss"))
        engine.tick()
        sampled = engine.close(window)

    if hidden == ("smaps_rollup",):
        assert sampled.lower is not None
        assert 64 * MIB < sampled.lower < 96 * MIB
        assert sampled.complete
    else:
        assert sampled.lower is None
        assert (child.pid,) == sampled.denied
        assert not sampled.complete


def killed(sampler: Sampler) -> None:
    """
    Somebody ends the helper.
    """
    assert sampler.pid is not None
    os.kill(sampler.pid, signal.SIGKILL)


@pytest.mark.parametrize("lose", [killed, Sampler.close])
def test_helpers_that_are_lost_at_once(
    fresh: Sampler, monkeypatch: pytest.MonkeyPatch, lose: Callable[[Sampler], None]
) -> None:
    """
    A second one is tried, and no third.
    """
    start, before = fresh.start, descriptors()

    def start_and_lose() -> None:
        start()
        lose(fresh)

    monkeypatch.setattr(fresh, "start", start_and_lose)
    with pytest.raises(procmem.UnsupportedError, match="not ended at once"):
        fresh.open(own())

    assert (2, None) == (fresh.generation, fresh.pid)
    assert before == descriptors()


@pytest.mark.parametrize(
    ("where", "what"), [(Sampler, "_wait_for"), (starting, "_spawn")]
)
def test_an_interrupted_start_leaves_nothing(
    fresh: Sampler, monkeypatch: pytest.MonkeyPatch, where: object, what: str
) -> None:
    """
    Neither descriptors nor a helper that counts; the next start is the first.
    """
    before = descriptors()
    with monkeypatch.context() as patch:
        patch.setattr(where, what, interrupt)
        with pytest.raises(KeyboardInterrupt):
            fresh.start()
    assert (0, None) == (fresh.generation, fresh.pid)
    assert before == descriptors()

    assert fresh.open(own()).close().complete
    assert 1 == fresh.generation


def test_a_start_where_the_kernel_waits_for_children(fresh: Sampler) -> None:
    """
    A program that ignores SIGCHLD has a helper as well.
    """
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        sampled = fresh.open(own()).close()
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert sampled.complete
    assert {os.getpid()} == set(sampled.by_pid)


def test_a_window_that_a_fork_closes(
    fresh: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    It claims nothing there, and is open still where it was opened.
    """
    window = fresh.open(own())
    theirs = copy.copy(window)
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: 1)
        sampled = theirs.close()
    assert (False, None, None) == (sampled.complete, sampled.lower, sampled.upper)
    assert "in a fork" in sampled.notes[0]
    assert window.close().complete


def test_what_a_fork_begins_with(fresh: Sampler) -> None:
    """
    It does not wait for threads that it has not, and asks no helper that is
    its parent's.
    """
    process = clients._Process()
    process.sampler = fresh
    fresh.start()
    with ThreadPoolExecutor(1) as pool, process.lock:
        assert pool.submit(fresh._lock.acquire).result()
        process.begin_anew()
        assert process.lock.acquire(blocking=False)
        assert fresh._lock.acquire(blocking=False)
    assert process.sampler is not fresh
    assert None is fresh.pid


def test_the_end_of_the_interpreter(fresh: Sampler) -> None:
    """
    A helper is ended then, and none is started for that.
    """
    process = clients._Process()
    process.end()
    assert None is process.sampler
    process.sampler = fresh
    fresh.start()
    process.end()
    assert None is fresh.pid


Sockets = tuple[socket.socket, socket.socket]


def test_orders_of_one_that_has_ended(engine: Engine, sockets: Sockets) -> None:
    """
    They are not obeyed, though they can still be read.
    """
    ours, theirs = sockets
    ours.sendall(order())
    ours.shutdown(socket.SHUT_WR)
    with forked() as pid:
        owner = os.pidfd_open(pid)
        reap(pid)
        helper.serve(theirs, owner, engine)
        os.close(owner)
    assert not engine.busy


def test_answers_that_nobody_takes(engine: Engine, sockets: Sockets) -> None:
    """
    One who ended after an order ends the helper too.
    """
    ours, theirs = sockets
    ours.sendall(order())
    ours.close()
    helper.serve(theirs, -1, engine)
    assert engine.busy


def test_looks_between_orders(
    engine: Engine, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    While a window is open, it is looked without being told.
    """
    ours, theirs = sockets
    tick, ticks = engine.tick, list[float]()

    def count() -> float:
        ticks.append(tick())
        if 5 == len(ticks):
            ours.shutdown(socket.SHUT_WR)
        return ticks[-1]

    monkeypatch.setattr(engine, "tick", count)
    ours.sendall(order())
    helper.serve(theirs, -1, engine)
    assert 5 == len(ticks)
    assert 1 == json.loads(ours.recv(65536))["id"]


def test_a_name_that_may_not_be_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    Where there is no file for it, the helper does without.
    """
    name = Path("/proc/self/comm")
    before = name.read_bytes()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(helper, "Path", lambda _: tmp_path / "none" / "comm")
            helper._take_name()
        unnamed = name.read_bytes()
        helper._take_name()
        named = name.read_bytes()
    finally:
        name.write_bytes(before.strip())
    assert before == unnamed
    assert HELPER_NAME == named.strip()


@pytest.mark.parametrize("permitted", [True, False])
def test_as_many_files_as_permitted(
    monkeypatch: pytest.MonkeyPatch, permitted: bool
) -> None:
    """
    The limit is raised as far as it goes, and left where it may not be.
    """
    kind = resource.RLIMIT_NOFILE
    few, most = before = resource.getrlimit(kind)

    def refuse(*_: object) -> NoReturn:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    lower = min(few, 200), most
    resource.setrlimit(kind, lower)
    try:
        with monkeypatch.context() as patch:
            if not permitted:
                patch.setattr(resource, "setrlimit", refuse)
            helper._more_files()
        after = resource.getrlimit(kind)
    finally:
        resource.setrlimit(kind, before)
    assert ((most, most) if permitted else lower) == after
