"""
Who belongs to a tree whose members come, go and hide at bad moments.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import procmem
from procmem.errors import AccessDeniedError
from procmem.sources.live import LiveProcess
from procmem.sources.procfs import ProcFS
from procmem.testing.sampling import counted, crowd
from procmem.testing.sampling.counters import Fields, Figures, fields_of
from procmem.testing.sampling.descent import Births, is_helper, pinned
from procmem.testing.sampling.dues import Due
from procmem.testing.sampling.engine import Engine
from procmem.testing.sampling.expecting import Course, Expected
from procmem.testing.sampling.member import HELPER_NAME, Member
from procmem.testing.sampling.sampled import Target
from tests.children import descriptors, forked, kill, reap
from tests.testing.sampling_targets import MIB, obedient

pytestmark = pytest.mark.live

_FORK = "pid = os.fork() or (signal.pause(), os._exit(0))"

# Its first fork stays, and the second loses its parent.
_FAMILY = """
import os, signal, sys
kept = bytearray(b"x") * (64 << 20)
os.fork() or (signal.pause(), os._exit(0))
print(flush=True)
sys.stdin.read(1)
os.fork() or (os.write(1, b"\\n"), signal.pause(), os._exit(0))
os._exit(0)
"""


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


def look(engine: Engine, times: int = 3) -> None:
    """
    So many ticks in a row.
    """
    for _ in range(times):
        engine.tick()


def test_a_target_that_ends_as_it_is_taken(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    One that was there to be held, and gone before it was read, was not there.
    """

    def end_held(source: ProcFS, pid: int) -> LiveProcess | None:
        process = pinned(source, pid)
        reap(pid)
        return process

    monkeypatch.setattr(crowd, "pinned", end_held)
    with forked() as pid:
        sampled = engine.close(engine.open(Target(pids=(pid,))))
    assert (pid,) == sampled.gone
    assert () == sampled.members


def test_children_that_are_none(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A number in a list may be nobody's by the time it is looked at, or
    another's.
    """
    with obedient() as child, forked() as ended, forked() as other:
        reap(ended)
        monkeypatch.setattr(crowd, "children_of", lambda *_, **__: [ended, other])
        sampled = engine.close(engine.open(Target(pids=(child.pid,))))
    assert {child.pid} == set(sampled.by_pid)
    assert sampled.complete


def test_strangers_whose_stack_is_hidden(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    All look alike to one without rights, and none is taken for a relation.
    """

    def hide(stat: bytes) -> Fields:
        return fields_of(stat)._replace(stack=b"0")

    monkeypatch.setattr(counted, "fields_of", hide)
    monkeypatch.setattr(crowd, "fields_of", hide)
    with obedient() as child:
        window = engine.open(Target(pids=(child.pid,)))
        with forked() as stranger:
            look(engine)
            assert stranger not in engine._lookout.crowd.members
            sampled = engine.close(window)
    assert {child.pid} == set(sampled.by_pid)


@pytest.mark.parametrize("hidden", [False, True])
def test_relations_that_no_list_has(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, hidden: bool
) -> None:
    """
    Who has the stack of a member is one, unless nobody can hold it.
    """
    window = engine.open(Target(pids=(os.getpid(),)))
    monkeypatch.setattr(crowd, "children_of", lambda *_, **__: [])
    if hidden:
        monkeypatch.setattr(crowd, "pinned", lambda *_: None)
    with forked() as pid:
        look(engine)
        sampled = engine.close(window)
    assert hidden == (pid not in sampled.by_pid)


def test_who_comes_to_another_parent(engine: Engine) -> None:
    """
    It is known for a copy of its sibling, so that what both have is not
    counted twice before anybody reads it.
    """
    with obedient() as child:
        # PR_SET_CHILD_SUBREAPER: it gets the children of its children.
        child.tell("os.setpgid(0, 0)")
        child.tell("import ctypes; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)")
        command = [sys.executable, "-S", "-c", _FAMILY]
        child.tell(
            f"one = subprocess.Popen({command}, stdin=-1, stdout=-1)\n"
            "one.stdout.readline()"
        )
        window = engine.open(Target(pids=(child.pid,)))
        look(engine)
        engine._pace.pay(1e9)
        child.tell("one.stdin.write(b'x'), one.stdin.flush(), one.wait()")
        child.tell("one.stdout.readline()")
        look(engine)
        sampled = engine._windows[window].sampled(0, 0)
        os.killpg(child.pid, 9)
    assert 4 == len(sampled.members)
    assert sampled.estimate is not None
    assert 64 * MIB < sampled.estimate < 96 * MIB


def test_copies_are_read_alone(engine: Engine) -> None:
    """
    What a copy made its own is then known without a reading of all members.
    """
    with obedient() as child:
        child.tell("os.setpgid(0, 0); kept.append(touch(32 * MIB)); r, w = os.pipe()")
        child.tell(
            "os.fork() or (os.read(r, 1), [kept[0].__setitem__(at, 2) for at in "
            "range(0, 16 * MIB, 4096)], os.write(1, b'written\\n'), signal.pause())"
        )
        number = engine.open(Target(pids=(child.pid,)))
        window = engine._windows[number]
        look(engine)
        before = window.sampled(0, 0)
        engine._pace.pay(1e9)
        child.say("os.write(w, b'x')")
        assert {"written", "done"} == {child.hear(), child.hear()}
        look(engine)
        copies = [one for one in window.alive if one.pid != child.pid]
        spent = engine._read_due(Due([], copies), time.monotonic())
        after = window.sampled(0, 0)
        os.killpg(child.pid, 9)
    assert spent > 0
    assert (before.full_reads, before.lower) == (after.full_reads, after.lower)
    assert before.estimate is not None
    assert after.estimate is not None
    assert abs(after.estimate - before.estimate - 16 * MIB) < 2 * MIB


def test_a_root_that_is_not_counted(engine: Engine) -> None:
    """
    Another window may have it read; its end leaves nothing to be noted.
    """
    with obedient() as child:
        pid = int(child.tell(f"{_FORK}; print(pid)"))
        below = engine.open(Target(pids=(child.pid,), only_descendants=True))
        whole = engine.open(Target(pids=(child.pid,)))
        look(engine)
        child.tell("os.kill(pid, 9), os.waitpid(pid, 0)")
        child.end()
        look(engine)
        parts, all_of_it = engine.close(below), engine.close(whole)
    assert ({pid}, {child.pid, pid}) == (set(parts.at), set(all_of_it.at))
    assert () == parts.notes
    assert f"Process {child.pid} ended" in all_of_it.notes[0]


def test_what_a_zombie_had_is_not_read_again(engine: Engine) -> None:
    """
    A member nobody has waited for yet has nothing any more.
    """
    with obedient() as child:
        pid = int(child.tell(f"{_FORK}; print(pid)"))
        window = engine.open(Target(pids=(child.pid,)))
        look(engine)
        kill(pid)
        child.tell("kept.append(touch(32 * MIB))")
        look(engine)
        sampled = engine.close(window)
    assert {child.pid} == set(sampled.at)
    assert sampled.lower is not None
    assert sampled.lower > 32 * MIB
    assert sampled.by_pid[pid].ended


def test_other_programs_of_other_windows(engine: Engine) -> None:
    """
    Page faults that nobody saw are those of the windows that look at it.
    """
    with obedient() as child, obedient() as other:
        mine = engine.open(Target(pids=(child.pid,)))
        others = engine.open(Target(pids=(other.pid,)))
        look(engine)
        child.say(
            "kept.append(touch(16 * MIB)); "
            "os.execv('/bin/sh', ['sh', '-c', 'echo ready && read x'])"
        )
        assert "ready" == child.hear()
        look(engine)
        seen, unconcerned = engine.close(mine), engine.close(others)
    assert seen.unobserved is not None
    assert seen.unobserved > 12 * MIB
    assert 0 == unconcerned.unobserved


def test_a_helper_that_is_wanted(engine: Engine) -> None:
    """
    One is looked at by those who ask for it by its number, and by nobody
    else.
    """
    name = HELPER_NAME.decode()
    program = "import time; print('there', flush=True); time.sleep(60)"
    with obedient() as child:
        wanted = engine.open(Target(pids=(child.pid,)))
        found = engine.open(Target(pids=(os.getpid(),)))
        look(engine)
        arguments = [sys.executable, "-S", "-c", program, name]
        child.say(f"os.execv(sys.executable, {arguments})")
        assert "there" == child.hear()
        look(engine)
        asked, unasked = engine.close(wanted), engine.close(found)
    assert {child.pid} == set(asked.by_pid)
    assert child.pid not in unasked.by_pid


def test_helpers_by_their_name(engine: Engine) -> None:
    """
    The name is enough; who has none and can't be asked any more is no helper.
    """
    with obedient() as child:
        name = f"open('/proc/self/comm', 'wb').write({HELPER_NAME!r})"
        child.tell(name)
        window = engine.open(Target(pids=(os.getpid(),)))
        sampled = engine.close(window)
        assert child.pid not in sampled.by_pid
    with forked() as pid:
        process = ProcFS().pin(pid)
        assert isinstance(process, LiveProcess)
        member = Member(process, 0.0)
        reap(pid)
        assert not is_helper(member)
        member.close()


def test_a_process_that_is_named_twice(engine: Engine) -> None:
    """
    It is one member.
    """
    with obedient() as child:
        sampled = engine.close(engine.open(Target(pids=(child.pid, child.pid))))
        footprint = procmem.footprint(child.pid)
    assert [child.pid] == [member.pid for member in sampled.members]
    assert sampled.lower is not None
    assert abs(footprint - sampled.lower) < MIB


def test_who_may_not_be_read(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Its counters are the estimate, its mark is the bound, and nothing is said
    to have been read.
    """

    def refuse(member: Member) -> Figures:
        raise AccessDeniedError(member.pid, "smaps_rollup", "rights")

    monkeypatch.setattr(Member, "_figures", refuse)
    with obedient() as child:
        child.tell("touch(128 * MIB).close()")
        window = engine.open(Target(pids=(child.pid,)))
        look(engine)
        sampled = engine.close(window)
    assert ((child.pid,), False, None) == (
        sampled.denied,
        sampled.complete,
        sampled.lower,
    )
    assert sampled.estimate is not None
    assert sampled.upper is not None
    assert MIB < sampled.estimate < 64 * MIB
    # Page faults would bound what was read, and nothing was.
    assert sampled.upper > 120 * MIB


@pytest.fixture
def births(tmp_path: Path) -> Iterator[Callable[[str], Births]]:
    """
    Who counts those born in a directory that looks like proc.
    """
    made: list[Births] = []

    def of(loadavg: str) -> Births:
        (tmp_path / "self").symlink_to(str(os.getpid()))
        (tmp_path / "loadavg").write_text(loadavg)
        made.append(Births(ProcFS(tmp_path)))
        return made[-1]

    yield of
    for one in made:
        one.close()
        one.close()


def test_numbers_that_were_given(
    births: Callable[[str], Births], tmp_path: Path
) -> None:
    """
    Who is there and was not found is a stranger; who is gone is unknown, and
    so are all when too many numbers were given, or they began anew.
    """
    counted = births("0 0 0 1/1 100\n")
    loadavg = tmp_path / "loadavg"
    (tmp_path / "102").mkdir()
    found: list[tuple[int, list[int]]] = []
    for number in (103, 103, 5, 9999):
        loadavg.write_text(f"0 0 0 1/1 {number}\n")
        counted.count({101})
        found.append((counted.unknown, list(counted.strangers)))
    assert [(1, [102]), (1, []), (2, []), (3, [])] == found


@pytest.mark.parametrize("loadavg", ["", None])
def test_numbers_that_are_not_told(
    births: Callable[[str], Births], tmp_path: Path, loadavg: str | None
) -> None:
    """
    Where the file is masked, or there is none, somebody may have been born
    at any time.
    """
    counted = Births(ProcFS(tmp_path)) if loadavg is None else births(loadavg)
    assert [True] * 100 == [counted.look() for _ in range(100)]
    assert 100 == counted.unknown


def test_only_those_worth_a_reading() -> None:
    """
    Of copies the largest are read, as long as what is left is worth it.
    """
    course = Course()
    course.take(Expected(10 * MIB, 9 * MIB), 0.0)
    large, small, tiny = (object.__new__(Member) for _ in range(3))
    sizes = {tiny: 1000, large: 8 * MIB, small: MIB - 1000}
    assert [large, small] == course.those_worth_reading(sizes)
    assert [] == course.those_worth_reading({small: MIB})
