"""
What is seen of processes that need memory for a moment.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import procmem
from procmem.testing.sampling import crowd, descent
from procmem.testing.sampling import member as members
from procmem.testing.sampling.engine import Engine
from procmem.testing.sampling.sampled import METRICS, Metric, Sampled, Target
from tests.children import NOBODY, descriptors, forked, leaderless, wait_for
from tests.testing.sampling_targets import MIB, obedient

pytestmark = pytest.mark.live

# What is said of bounds holds with counters that the kernel prints exactly;
# the marks may be off by so much here.
SLACK = 4 * MIB

_PYTHON = (sys.executable, "-S", "-c")
_WAIT = "import time; print(flush=True); time.sleep(60)"
_HOLD = "x = bytearray(b'x') * (16 << 20)"


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


@contextlib.contextmanager
def ticking(engine: Engine) -> Iterator[None]:
    """
    A thread that looks, as the helper does.
    """
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            ended.wait(min(engine.tick(), 0.02))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def look(engine: Engine, times: int = 3) -> None:
    """
    So many ticks in a row.
    """
    for _ in range(times):
        engine.tick()


def test_what_is_over_is_in_the_maximum(engine: Engine) -> None:
    """
    A maximum that was looked at stays, and what is there at the end is last.
    """
    with obedient() as child:
        window = engine.open(Target(pids=(child.pid,)))
        look(engine)
        before = procmem.footprint(child.pid)
        child.tell("kept.append(touch(64 * MIB))")
        look(engine)
        child.tell("kept.pop().close()")
        look(engine)
        sampled = engine.close(window)
    assert sampled.lower is not None
    assert sampled.estimate is not None
    assert sampled.upper is not None
    assert abs(before + 64 * MIB - sampled.lower) < MIB
    assert sampled.lower <= sampled.estimate <= sampled.upper
    assert {child.pid: sampled.lower} == sampled.at
    assert sampled.last is not None
    assert abs(before - sampled.last) < MIB
    assert (0, False, True) == (
        sampled.unobserved,
        sampled.unobserved_children,
        sampled.complete,
    )


def test_what_no_tick_saw_is_in_the_upper_bound(engine: Engine) -> None:
    """
    A spike between two ticks shows in the mark of its process.
    """
    with obedient() as child:
        window = engine.open(Target(pids=(child.pid,)))
        look(engine)
        before = procmem.footprint(child.pid)
        child.tell("touch(64 * MIB).close()")
        sampled = engine.close(window)
    assert sampled.estimate is not None
    assert sampled.upper is not None
    assert sampled.estimate < before + 8 * MIB
    assert sampled.upper > before + 64 * MIB - SLACK
    assert sampled.by_pid[child.pid].hwm_rose


def test_page_faults_bound_what_marks_cannot(engine: Engine) -> None:
    """
    A mark from before the window says little; who had no page fault since
    the last reading has no more than was read.
    """
    with obedient() as child:
        child.tell("touch(256 * MIB).close()")
        window = engine.open(Target(pids=(child.pid,)))
        look(engine)
        sampled = engine.close(window)
    assert sampled.lower is not None
    assert sampled.upper is not None
    assert sampled.upper < sampled.lower + 32 * MIB


def test_children_are_found_and_stay(engine: Engine) -> None:
    """
    A child that is born later is a member, also once its parent has ended.
    """
    with obedient() as child:
        window = engine.open(Target(pids=(child.pid,)))
        pids = child.tell(
            f"child = subprocess.Popen({[*_PYTHON, _WAIT]}, stdout=-1)\n"
            "child.stdout.readline()\n"
            "print(child.pid)"
        )
        look(engine)
        with procmem.pinned(int(pids)) as orphan:
            child.process.kill()
            child.process.wait()
            look(engine)
            sampled = engine.close(window)
            assert {child.pid, int(pids)} == set(sampled.by_pid)
            assert not sampled.by_pid[int(pids)].ended
            assert sampled.by_pid[child.pid].ended
            assert sampled.last is not None
            assert abs(procmem.footprint(orphan) - sampled.last) < MIB
        os.kill(int(pids), signal.SIGKILL)


def test_shared_memory_counts_once(engine: Engine) -> None:
    """
    The footprints of a forked tree add up to what was made, before and after
    a child makes copies.
    """
    with obedient() as child:
        child.tell("kept.append(touch(64 * MIB))")
        for _ in range(3):
            child.tell("os.fork() or (signal.pause(), os._exit(0))")
        window = engine.open(Target(pids=(child.pid,)))
        look(engine)
        shared = engine.close(window)
        before = shared.lower
        window = engine.open(Target(pids=(child.pid,)))
        look(engine)
        # No counter but that of page faults shows that these become two.
        child.say(
            "os.fork() or ([kept[0].__setitem__(at, 2) "
            "for at in range(0, 64 * MIB, 4096)], "
            "os.write(1, b'copied\\n'), signal.pause(), os._exit(0))"
        )
        assert {"done", "copied"} == {child.hear(), child.hear()}
        look(engine, 10)
        copied = engine.close(window)
        for pid in copied.by_pid:
            os.kill(pid, signal.SIGKILL)
    assert 4 == len(shared.members)
    assert 5 == len(copied.members)
    assert before is not None
    assert copied.lower is not None
    assert before < 64 * MIB + 24 * MIB
    assert 60 * MIB < copied.lower - before < 76 * MIB


@pytest.mark.parametrize("metric", METRICS)
def test_each_metric_is_what_the_rollup_says(metric: Metric, engine: Engine) -> None:
    """
    Of a process at rest all windows show the figure that one call gives.
    """
    with obedient() as child:
        window = engine.open(Target(pids=(child.pid,), metric=metric))
        look(engine)
        figure = getattr(procmem.usage(child.pid), metric)
        sampled = engine.close(window)
    assert sampled.lower is not None
    assert abs(figure - sampled.lower) < MIB
    assert metric == sampled.metric


@pytest.mark.parametrize("ticks", [0, 3])
@pytest.mark.parametrize("as_roots", [False, True])
def test_what_was_shared_before_is_not_counted_twice(
    engine: Engine, ticks: int, as_roots: bool
) -> None:
    """
    Of processes that were forked before the window, no estimate takes what
    they share for their own, however short the window is.
    """
    with obedient() as child:
        child.tell("kept.append(touch(64 * MIB))")
        for _ in range(2):
            child.tell("pid = os.fork() or (signal.pause(), os._exit(0))")
            child.tell("kept.append(pid)")
        forks = [int(pid) for pid in child.tell("print(*kept[1:])").split()]
        # Each of them has been read by nobody, or by another window.
        pids = [child.pid, *forks] if as_roots else [child.pid]
        window = engine.open(Target(pids=pids))
        look(engine, ticks)
        sampled = engine.close(window)
        for pid in forks:
            os.kill(pid, signal.SIGKILL)
    assert 3 == len(sampled.members)
    assert sampled.lower is not None
    assert sampled.estimate is not None
    assert 64 * MIB < sampled.lower < 80 * MIB
    assert sampled.estimate < sampled.lower + 2 * MIB


def test_what_is_over_before_the_first_reading_is_in_the_estimate(
    engine: Engine,
) -> None:
    """
    A spike that was seen before anything could be read is not lost.
    """
    with obedient() as child:
        engine._pace.pay(1e9)
        window = engine.open(Target(pids=(child.pid,)))
        child.tell("kept.append(touch(64 * MIB))")
        look(engine)
        child.tell("kept.pop().close()")
        look(engine)
        sampled = engine.close(window)
    assert sampled.lower is not None
    assert sampled.estimate is not None
    assert 1 == sampled.full_reads
    assert 60 * MIB < sampled.estimate - sampled.lower < 68 * MIB


def test_only_descendants(engine: Engine) -> None:
    """
    A root that is not counted still leads to its children.
    """
    with obedient() as child:
        child.tell("pid = os.fork() or (signal.pause(), os._exit(0))")
        pid = int(child.tell("print(pid)"))
        window = engine.open(Target(pids=(child.pid,), only_descendants=True))
        look(engine)
        sampled = engine.close(window)
        os.kill(pid, signal.SIGKILL)
    assert {pid} == set(sampled.by_pid)
    assert {pid} == set(sampled.at)


def test_without_the_tree(engine: Engine) -> None:
    """
    A target may be single processes.
    """
    with obedient() as child, forked() as other:
        window = engine.open(Target(pids=(os.getpid(), child.pid), tree=False))
        look(engine)
        sampled = engine.close(window)
    assert {os.getpid(), child.pid} == set(sampled.by_pid)
    assert other not in sampled.by_pid


def test_who_is_left_out_is_left_out(engine: Engine) -> None:
    """
    Neither a process that is not wanted is seen, nor its children.
    """
    with obedient() as child:
        child.tell("pid = os.fork() or (signal.pause(), os._exit(0))")
        pid = int(child.tell("print(pid)"))
        window = engine.open(Target(pids=(os.getpid(),), leave_out=(child.pid,)))
        look(engine)
        sampled = engine.close(window)
        os.kill(pid, signal.SIGKILL)
    assert not {pid, child.pid} & set(sampled.by_pid)


def test_helpers_of_others_are_left_out(engine: Engine) -> None:
    """
    Who looks is not looked at: neither by its name nor by its arguments.
    """
    name = members.HELPER_NAME.decode()
    assert 15 == len(name)
    with obedient() as child:
        window = engine.open(Target(pids=(os.getpid(),)))
        look(engine)
        assert child.pid in {one.pid for one in engine._lookout.crowd.members.values()}
        program = "import time; print('there', flush=True); time.sleep(60)"
        arguments = [sys.executable, "-S", "-c", program, name]
        child.say(f"os.execv(sys.executable, {arguments})")
        assert "there" == child.hear()
        look(engine)
        sampled = engine.close(window)
    assert child.pid not in sampled.by_pid


def test_a_process_that_is_gone_is_said_to_be(engine: Engine) -> None:
    """
    Who was not there when the window was opened is named, and so is who has
    the number of another one.
    """
    with obedient() as child:
        target = Target(pids=(child.pid, 2**22 - 1), start_times=(1, 1))
        sampled = engine.close(engine.open(target))
    assert (child.pid, 2**22 - 1) == sampled.gone
    assert (None, (), {}) == (sampled.lower, sampled.members, dict(sampled.at))


def test_a_target_that_ends(engine: Engine) -> None:
    """
    What was seen until then is the answer, and it says what was not.
    """
    with obedient() as child:
        window = engine.open(Target(pids=(child.pid,)))
        child.tell("kept.append(touch(64 * MIB))")
        look(engine)
        child.end()
        look(engine)
        sampled = engine.close(window)
    assert sampled.lower is not None
    assert sampled.lower > 64 * MIB
    assert sampled.by_pid[child.pid].ended
    assert 1 == len(sampled.notes)
    assert f"Process {child.pid} ended" in sampled.notes[0]


def test_a_target_that_becomes_another_program(engine: Engine) -> None:
    """
    What it was needs not be remembered by the kernel to be remembered here.
    """
    with obedient() as child:
        window = engine.open(Target(pids=(child.pid,)))
        child.tell("kept.append(touch(64 * MIB))")
        look(engine)
        child.say("os.execv('/bin/sh', ['sh', '-c', 'echo ready && read x'])")
        assert "ready" == child.hear()
        look(engine)
        sampled = engine.close(window)
    assert sampled.lower is not None
    assert sampled.lower > 64 * MIB
    assert sampled.last is not None
    assert sampled.last < 8 * MIB
    assert "sh" == sampled.by_pid[child.pid].name.rpartition("/")[2][-2:]


def test_a_process_without_its_first_thread(engine: Engine) -> None:
    """
    Its memory is read through a thread that is left.
    """
    with leaderless() as pid:
        window = engine.open(Target(pids=(pid,)))
        look(engine)
        figure = procmem.footprint(pid)
        sampled = engine.close(window)
    assert figure == sampled.lower
    assert not sampled.by_pid[pid].ended


def test_a_child_that_was_not_seen_is_reported(engine: Engine) -> None:
    """
    Between two ticks a child lived and ended: its page faults, which its
    parent inherits, bound what it can have had.
    """
    with obedient() as child:
        window = engine.open(Target(pids=(child.pid,)))
        look(engine)
        child.tell(f"subprocess.run({[*_PYTHON, _HOLD]})")
        look(engine)
        sampled = engine.close(window)
    assert {child.pid} == set(sampled.by_pid)
    assert sampled.unobserved_children
    assert sampled.unobserved is not None
    assert 16 * MIB < sampled.unobserved < 64 * MIB


def test_a_child_that_was_seen_is_not_reported(engine: Engine) -> None:
    """
    What a child had until it was last seen is not unobserved.
    """
    with obedient() as child:
        window = engine.open(Target(pids=(child.pid,)))
        arguments = [*_PYTHON, f"{_HOLD}; print(flush=True); input()"]
        pid = int(
            child.tell(
                f"other = subprocess.Popen({arguments}, stdin=-1, stdout=-1)\n"
                "other.stdout.readline()\n"
                "print(other.pid)"
            )
        )
        look(engine)
        child.tell("other.kill(); other.communicate()")
        look(engine)
        sampled = engine.close(window)
    assert sampled.by_pid[pid].ended
    assert not sampled.unobserved_children
    assert sampled.unobserved is not None
    assert sampled.unobserved < 2 * MIB


def test_parents_that_do_not_wait_leave_no_bound(engine: Engine) -> None:
    """
    A parent that ignores SIGCHLD inherits no page faults, so that there is
    no bound.
    """
    with obedient() as child:
        child.tell("signal.signal(signal.SIGCHLD, signal.SIG_IGN)")
        window = engine.open(Target(pids=(child.pid,)))
        look(engine)
        child.tell("os.fork() or os._exit(0); time.sleep(0.05)")
        look(engine)
        sampled = engine.close(window)
    assert (None, True) == (sampled.unobserved, sampled.unobserved_children)
    assert "SIGCHLD" in sampled.notes[0]


def test_a_child_in_vfork_does_not_count_twice(engine: Engine) -> None:
    """
    Between vfork and exec a child is its parent a second time.
    """
    with obedient() as child:
        child.tell("kept.append(touch(64 * MIB))")
        # posix_spawn waits with the memory of its parent until it may open
        # a pipe that nobody writes to.
        child.tell("os.mkfifo(f'/tmp/procmem-{os.getpid()}')")
        fifo = Path(f"/tmp/procmem-{child.pid}")
        try:
            child.say(
                "os.posix_spawn('/bin/true', ['true'], {}, file_actions="
                f"[(os.POSIX_SPAWN_OPEN, 0, {str(fifo)!r}, os.O_RDONLY, 0)])"
            )
            window = engine.open(Target(pids=(child.pid,)))
            children = f"/proc/{child.pid}/task/{child.pid}/children"
            wait_for(lambda: Path(children).read_text() != "")
            look(engine, 5)
            sampled = engine.close(window)
        finally:
            os.close(os.open(fifo, os.O_WRONLY))
            fifo.unlink()
    assert 2 == len(sampled.members)
    assert sampled.estimate is not None
    assert 64 * MIB < sampled.estimate < 96 * MIB


def test_many_windows_at_once(engine: Engine) -> None:
    """
    Nested windows each have their own maximum.
    """
    with obedient() as child:
        target = Target(pids=(child.pid,))
        outer = engine.open(target)
        look(engine)
        child.tell("kept.append(touch(64 * MIB))")
        look(engine)
        child.tell("kept.pop().close()")
        inner = engine.open(target)
        look(engine)
        child.tell("kept.append(touch(16 * MIB))")
        look(engine)
        small, large = engine.close(inner), engine.close(outer)
    assert small.lower is not None
    assert large.lower is not None
    assert 40 * MIB < large.lower - small.lower < 56 * MIB


def test_a_hundred_children(engine: Engine) -> None:
    """
    All are seen, and their sum is what they have.
    """
    with obedient() as child:
        child.tell("kept.append(touch(16 * MIB))")
        child.tell("for _ in range(100): os.fork() or (signal.pause(), os._exit(0))")
        window = engine.open(Target(pids=(child.pid,)))
        look(engine)
        sampled = engine.close(window)
        footprint = sum(procmem.footprint(pid) for pid in sampled.by_pid)
        for pid in sampled.by_pid:
            os.kill(pid, signal.SIGKILL)
    assert 101 == len(sampled.members)
    assert sampled.lower is not None
    assert abs(footprint - sampled.lower) < 8 * MIB
    assert sampled.upper is not None
    assert abs(footprint - sampled.upper) < 64 * MIB


def test_a_spike_with_the_interpreter_held(engine: Engine) -> None:
    """
    400 MiB for a tenth of a second, in one call of a child.
    """
    with obedient() as child, ticking(engine):
        window = engine.open(Target(pids=(child.pid,)))
        child.tell("x = b'x' * (400 * MIB); del x")
    sampled = engine.close(window)
    assert sampled.estimate is not None
    assert sampled.estimate > 300 * MIB


def test_without_lists_of_children(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Where the kernel lists none, every process is asked for its parent.
    """
    monkeypatch.setattr(engine._lookout.crowd, "_listed", False)
    with obedient() as child:
        window = engine.open(Target(pids=(os.getpid(),)))
        sampled = engine.close(window)
    assert child.pid in sampled.by_pid


def test_without_the_last_number(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Where nobody says which number was given last, children are looked for
    at each tick.
    """
    monkeypatch.setattr(descent.Births, "_number", lambda _: None)
    window = engine.open(Target(pids=(os.getpid(),)))
    with obedient() as child:
        look(engine)
        sampled = engine.close(window)
    assert child.pid in sampled.by_pid


def test_without_kcmp(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A fork is told from a twin by its counters.
    """
    monkeypatch.setattr(crowd, "same_memory", lambda *_: None)
    with obedient() as child:
        child.tell("kept.append(touch(32 * MIB))")
        child.say(
            "os.fork() or (kept.append(touch(16 * MIB)), os.write(1, b'copied\\n'), "
            "signal.pause(), os._exit(0))"
        )
        assert {"done", "copied"} == {child.hear(), child.hear()}
        window = engine.open(Target(pids=(child.pid,)))
        look(engine)
        sampled = engine.close(window)
        for pid in sampled.by_pid:
            os.kill(pid, signal.SIGKILL)
    assert sampled.lower is not None
    assert 48 * MIB < sampled.lower < 72 * MIB


def test_who_may_not_be_read_is_named() -> None:
    """
    Of a process of somebody else only the cheap counters are seen.
    """
    if os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    with obedient() as child:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                engine = Engine(share=100.0)
                window = engine.open(Target(pids=(child.pid,)))
                look(engine)
                os.write(writer, engine.close(window).to_json().encode())
                status = 0
            finally:
                os._exit(status)
        os.close(writer)
        with os.fdopen(reader) as answers:
            sampled = Sampled.from_json(answers.read())
        assert (pid, 0) == os.waitpid(pid, 0)
    assert (child.pid,) == sampled.denied
    assert (None, False) == (sampled.lower, sampled.complete)
    assert sampled.estimate is not None
    assert sampled.estimate > MIB


def test_looking_stays_within_its_share() -> None:
    """
    Ticks are spread, and readings put off, so that their cost is paid for.
    """
    used = 0.0
    now = 0.0
    engine = Engine(share=0.02, clock=lambda: now, used=lambda: used)
    engine.open(Target(pids=(os.getpid(),), tree=False))
    started = time.thread_time()
    while now < 30:
        now += engine.tick()
        # The clock of this test goes by what was really used.
        used = time.thread_time() - started
    engine.shut()
    assert used < 0.02 * 30


def test_a_mapping_that_grows_while_nobody_reads(engine: Engine) -> None:
    """
    Without a reading, what the cheap counters say is added to what was read.
    """
    memory = mmap.mmap(-1, 32 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    window = engine.open(Target(pids=(os.getpid(),), tree=False))
    look(engine)
    with memory:
        for page in range(0, 32 * MIB, mmap.PAGESIZE):
            memory[page] = 1
        engine._pace.pay(1000.0)
        look(engine)
    sampled = engine.close(window)
    assert sampled.lower is not None
    assert sampled.estimate is not None
    assert 30 * MIB < sampled.estimate - sampled.lower < 40 * MIB
