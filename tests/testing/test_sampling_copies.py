"""
What is seen of memory that is shared by forking, and written to later.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

import procmem
from procmem.testing.sampling.engine import Engine
from procmem.testing.sampling.member import Member
from procmem.testing.sampling.sampled import Sampled, Target
from tests.testing.sampling_targets import MIB, Obedient, obedient

pytestmark = pytest.mark.live

_SIZE = 32 * MIB
_PART = 16 * MIB

# What Python itself needs meanwhile, and what marks may be off by.
_SLACK = 5 * MIB

_TOUCH = f"kept.append(touch({_SIZE}))"
_REWRITE = f"[kept[0].__setitem__(at, 2) for at in range(0, {_PART}, 4096)]"
_TELL = "os.write(1, b'written\\n'), signal.pause(), os._exit(0)"
_SLEEP = "os.fork() or (signal.pause(), os._exit(0))"


@pytest.fixture
def share() -> float:
    """
    What looking may take of one core.
    """
    return 0.1


@pytest.fixture
def engine(share: float) -> Iterator[Engine]:
    """
    One that may spend so much.
    """
    engine = Engine(share=share)
    try:
        yield engine
    finally:
        engine.shut()


@pytest.fixture
def poor() -> Iterator[Engine]:
    """
    One that can pay for nothing, and so reads nothing but what must be read.
    """
    engine = Engine()
    engine._pace.pay(1e9)
    try:
        yield engine
    finally:
        engine.shut()


def look(engine: Engine, times: int = 15) -> None:
    """
    So many ticks, as far apart as they want to be.
    """
    for _ in range(times):
        time.sleep(engine.tick())


@contextlib.contextmanager
def family() -> Iterator[Obedient]:
    """
    A process with memory, in a group of its own, of whom nobody is left.
    """
    with obedient() as child:
        child.tell("os.setpgid(0, 0)")
        child.tell(_TOUCH)
        try:
            yield child
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


def check(sampled: Sampled, before: int, more: int = _PART) -> None:
    """
    So much came, neither more nor less, and the upper bound has it.
    """
    assert sampled.estimate is not None
    assert sampled.upper is not None
    assert sampled.unobserved is not None
    assert abs(sampled.estimate - before - more) < _SLACK
    assert sampled.upper + sampled.unobserved > before + more - _SLACK


def written(child: Obedient, count: int = 1) -> None:
    """
    Wait until so many say that they have written.
    """
    said: list[str] = []
    while said.count("written") < count:
        said.append(child.hear())


def later(child: Obedient) -> None:
    """
    A copy that waits, and then writes.
    """
    child.tell(_SLEEP)
    child.say(f"os.fork() or (time.sleep(0.1), {_REWRITE}, {_TELL})")


def at_once(child: Obedient) -> None:
    """
    A copy that writes before anybody has seen it.
    """
    child.tell(_SLEEP)
    child.say(f"os.fork() or ({_REWRITE}, {_TELL})")


def by_the_original(child: Obedient) -> None:
    """
    The one that was copied writes.
    """
    child.tell(_SLEEP)
    child.say(f"time.sleep(0.1), {_REWRITE}, os.write(1, b'written\\n')")


def in_a_grandchild(child: Obedient) -> None:
    """
    A copy of a copy writes.
    """
    child.say(
        f"os.fork() or (os.fork() or (time.sleep(0.1), {_REWRITE}, {_TELL}), "
        "signal.pause(), os._exit(0))"
    )


def while_it_forks(child: Obedient) -> None:
    """
    A copy writes a part, forks, and writes the rest.
    """
    half = f"[kept[0].__setitem__(at, 2) for at in range(0, {_PART // 2}, 4096)]"
    rest = half.replace("range(0, ", f"range({_PART // 2}, {_PART // 2} + ")
    child.say(f"os.fork() or ({half}, {_SLEEP}, {rest}, {_TELL})")


@pytest.mark.parametrize("share", [0.02, 10.0])
@pytest.mark.parametrize(
    "write", [later, at_once, by_the_original, in_a_grandchild, while_it_forks]
)
def test_what_is_written_to_is_copied(
    engine: Engine, write: Callable[[Obedient], None]
) -> None:
    """
    Shared memory that is written to becomes more memory, which no counter
    shows but that of page faults.
    """
    with family() as child:
        window = engine.open(Target(pids=(child.pid,)))
        before = procmem.footprint(child.pid)
        look(engine, 5)
        write(child)
        look(engine, 5)
        written(child)
        look(engine)
        sampled = engine.close(window)
    check(sampled, before)


def test_several_that_write(engine: Engine) -> None:
    """
    Each of them has its own copies.
    """
    with family() as child:
        window = engine.open(Target(pids=(child.pid,)))
        before = procmem.footprint(child.pid)
        for number in range(3):
            wait = 0.1 * number
            child.say(f"os.fork() or (time.sleep({wait}), {_REWRITE}, {_TELL})")
        look(engine, 5)
        written(child, 3)
        look(engine)
        sampled = engine.close(window)
    check(sampled, before, 3 * _PART)


def test_private_pages_of_a_file(engine: Engine) -> None:
    """
    A page of a file that is mapped privately becomes memory once it is
    written to, and is copied by who writes to it after a fork.
    """
    with obedient() as child:
        child.tell("os.setpgid(0, 0)")
        child.tell("import tempfile")
        child.tell(
            "file = tempfile.TemporaryFile()\n"
            f"for _ in range({_SIZE // MIB}):\n    file.write(bytes(MIB))\n"
            "file.flush()\n"
            "kept.append(mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=3))"
        )
        child.tell(f"[kept[0].__setitem__(at, 1) for at in range(0, {_SIZE}, 4096)]")
        window = engine.open(Target(pids=(child.pid,)))
        before = procmem.footprint(child.pid)
        look(engine, 5)
        child.say(f"os.fork() or (time.sleep(0.1), {_REWRITE}, {_TELL})")
        written(child)
        look(engine)
        sampled = engine.close(window)
        os.killpg(child.pid, signal.SIGKILL)
    check(sampled, before)


def test_without_a_reading_the_upper_bound_has_it(poor: Engine) -> None:
    """
    What could not be read is in the upper bound by its page faults.
    """
    with family() as child:
        window = poor.open(Target(pids=(child.pid,)))
        before = procmem.footprint(child.pid)
        poor._read_due(poor._dues.find(poor._windows.values(), 0, last=True), 0)
        later(child)
        written(child)
        look(poor, 5)
        os.killpg(child.pid, signal.SIGKILL)
        look(poor, 5)
        sampled = poor.close(window)
    assert sampled.upper is not None
    assert sampled.unobserved is not None
    assert sampled.upper + sampled.unobserved > before + _PART - _SLACK


def test_a_copy_is_read_alone() -> None:
    """
    Where all members are too dear, those are read that may have copied.
    """
    engine = Engine()
    with family() as child:
        window = engine.open(Target(pids=(child.pid,)))
        before = procmem.footprint(child.pid)
        look(engine, 5)
        later(child)
        look(engine, 5)
        engine._pace.pay(engine._pace._reading + 0.03)
        written(child)
        look(engine)
        reads = engine._windows[window].full_reads
        sampled = engine._windows[window].sampled(0, 0)
        assert sampled.full_reads == reads
        engine.close(window)
    engine.shut()
    check(sampled, before)


def test_a_fork_while_it_is_read(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Who is forked between a look and a reading shares what is read, which is
    then not taken for all there is.
    """
    read = Member.read
    with family() as child:
        window = engine.open(Target(pids=(child.pid,)))
        before = procmem.footprint(child.pid)
        look(engine, 5)

        def fork_and_read(member: Member, now: float) -> object:
            monkeypatch.setattr(Member, "read", read)
            child.tell(_SLEEP)
            return read(member, now)

        monkeypatch.setattr(Member, "read", fork_and_read)
        engine._read(engine._windows[window].counted(), time.monotonic())
        assert read == Member.read
        engine._pace.pay(1e9)
        child.tell(f"kept.append(touch({_PART}))")
        look(engine, 5)
        sampled = engine._windows[window].sampled(0, 0)
        engine.close(window)
    check(sampled, before)


def test_shared_memory_that_several_map(engine: Engine) -> None:
    """
    To look at pages that another one has makes nothing.
    """
    with obedient() as child:
        child.tell("os.setpgid(0, 0)")
        window = engine.open(Target(pids=(child.pid,)))
        before = procmem.footprint(child.pid)
        look(engine, 5)
        child.tell(f"kept.append(touch({_SIZE}, mmap.MAP_SHARED))")
        for _ in range(3):
            child.say(f"os.fork() or (sum(kept[0][::4096]), {_TELL})")
        look(engine, 5)
        written(child, 3)
        look(engine)
        sampled = engine.close(window)
        os.killpg(child.pid, signal.SIGKILL)
    check(sampled, before, _SIZE)


def test_who_remains_has_all(engine: Engine) -> None:
    """
    When one ends, what it shared is that of the others.
    """
    with family() as child:
        window = engine.open(Target(pids=(child.pid,)))
        before = procmem.footprint(child.pid)
        pids = child.tell(
            f"pids = [{_SLEEP} for _ in range(3)]\nprint(*pids)",
        )
        look(engine)
        child.tell("[(os.kill(pid, 9), os.waitpid(pid, 0)) for pid in pids]")
        look(engine, 5)
        child.tell(f"kept.append(touch({_PART}))")
        look(engine)
        sampled = engine.close(window)
    assert {child.pid, *map(int, pids.split())} == set(sampled.by_pid)
    check(sampled, before)


def test_who_lost_its_parent_before_it_was_seen(engine: Engine) -> None:
    """
    A fork of a fork that has ended belongs to the family all the same.
    """
    with family() as child:
        window = engine.open(Target(pids=(child.pid,)))
        before = procmem.footprint(child.pid)
        look(engine, 5)
        child.say(
            "os.waitpid(os.fork() or (os.fork() and os._exit(0), "
            f"{_REWRITE}, {_TELL}), 0)"
        )
        written(child)
        look(engine)
        sampled = engine.close(window)
    assert 2 <= len(sampled.members)
    check(sampled, before)


def test_families_that_end_between_two_looks(engine: Engine) -> None:
    """
    What children had that ended with their parents has been seen, and the
    page faults of all are still known.
    """
    with family() as child:
        window = engine.open(Target(pids=(child.pid,)))
        before = procmem.footprint(child.pid)
        look(engine, 5)
        child.tell("r, w = os.pipe()")
        child.say(
            "pid = os.fork() or ((kids := [os.fork() or (signal.pause(), "
            f"os._exit(0)) for _ in range(2)]), {_REWRITE}, "
            "os.write(1, b'written\\n'), os.read(r, 1), "
            "[(os.kill(kid, 9), os.waitpid(kid, 0)) for kid in kids], os._exit(0))"
        )
        written(child)
        look(engine)
        child.tell("os.write(w, b'x'), os.waitpid(pid, 0)")
        look(engine, 5)
        sampled = engine.close(window)
    assert 4 == len(sampled.members)
    assert sampled.unobserved is not None
    assert sampled.unobserved < _SLACK
    assert sampled.upper is not None
    assert sampled.upper < before + _PART + 2 * _SLACK
    check(sampled, before)


def test_what_outsiders_share_is_not_bounded_by_page_faults(engine: Engine) -> None:
    """
    What is shared with somebody outside becomes one's own without a page
    fault when that one ends.
    """
    with family() as child:
        pid = int(child.tell(f"pid = {_SLEEP}\nprint(pid)"))
        whole = procmem.footprint(child.pid) + procmem.footprint(pid)
        windows = [
            engine.open(Target(pids=(child.pid,), tree=False)),
            engine.open(Target(pids=(pid,))),
        ]
        look(engine, 5)
        child.tell("os.kill(pid, 9), os.waitpid(pid, 0)")
        look(engine, 5)
        alone, copy = map(engine.close, windows)
    for sampled in alone, copy:
        assert sampled.upper is not None
        assert sampled.upper > whole - _SLACK
