"""
The helper process: how it is started, asked, lost and ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import procmem
from procmem.testing.sampling import client as clients
from procmem.testing.sampling import starting
from procmem.testing.sampling.client import Sampler
from procmem.testing.sampling.sampled import Target
from tests.children import as_nobody, descriptors, wait_for
from tests.testing.sampling_targets import MIB, obedient

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def sampler() -> Iterator[Sampler]:
    """
    One for all of these tests.
    """
    sampler = Sampler()
    sampler.start()
    yield sampler
    sampler.close()


@pytest.fixture
def fresh() -> Iterator[Sampler]:
    """
    One that is started by this test.
    """
    sampler = Sampler()
    yield sampler
    sampler.close()


def is_gone(pid: int) -> bool:
    """
    Whether a process has ended.
    """
    # Where nobody waits for orphans, a zombie may be left.
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def own(*, tree: bool = True) -> Target:
    """
    This process, and what descends from it.
    """
    return Target(pids=(os.getpid(),), tree=tree)


def test_a_spike_with_the_interpreter_held_is_seen(sampler: Sampler) -> None:
    """
    400 MiB for a tenth of a second in a child, made in one call.
    """
    with obedient() as child:
        window = sampler.open(own())
        child.tell("time.sleep(0.05); x = b'x' * (400 * MIB); del x")
        sampled = window.close()
    assert sampled.estimate is not None
    assert sampled.upper is not None
    assert sampled.estimate > 300 * MIB
    assert sampled.upper > 400 * MIB
    assert sampled.by_pid[child.pid].estimate > 300 * MIB


def test_a_spike_of_this_process_is_seen(sampler: Sampler) -> None:
    """
    No thread of this process runs while it happens.
    """
    before = procmem.footprint()
    with sampler.open(own(tree=False)) as window:
        held = b"x" * (256 * MIB)
        del held
    sampled = window.close()
    assert sampled.estimate is not None
    assert sampled.estimate - before > 128 * MIB


@pytest.mark.parametrize("seconds", [0.05, 0.005])
def test_a_short_child_is_seen_or_reported(sampler: Sampler, seconds: float) -> None:
    """
    Who lives for a moment is a member, or there is a word about it.
    """
    code = f"import time; x = bytearray(b'x') * (8 << 20); time.sleep({seconds})"
    with sampler.open(own()) as window:
        child = subprocess.Popen([sys.executable, "-S", "-c", code])
        child.wait()
    sampled = window.close()
    missed = sampled.unobserved_children and (sampled.unobserved or 0) > 8 * MIB
    assert child.pid in sampled.by_pid or missed


def test_the_helper_is_no_member(sampler: Sampler) -> None:
    """
    Neither of this process nor of anybody is it a child, and no window has
    it.
    """
    with sampler.open(own()) as window:
        pass
    assert sampler.pid not in window.close().by_pid
    assert sampler.pid is not None
    with procmem.pinned(sampler.pid) as helper:
        assert b"procmem-sampler" == helper.read("comm").strip()
        assert str(os.getpid()) != helper.read("stat").split()[3].decode()


def test_the_helper_holds_nothing_of_ours(fresh: Sampler) -> None:
    """
    A pipe whose end a child may have is closed when all others have closed
    it: the helper does not keep it open.
    """
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    fresh.start()
    os.close(writer)
    assert b"" == os.read(reader, 1)
    os.close(reader)


def test_the_helper_is_not_waited_for() -> None:
    """
    A program that waits for all of its children is not kept waiting.
    """
    code = (
        "import os\n"
        "from procmem.testing.sampling.client import Sampler\n"
        "Sampler.for_this_process().start()\n"
        "try:\n"
        "    os.wait()\n"
        "except ChildProcessError:\n"
        "    print('none')\n"
    )
    assert "none\n" == run(code)


def run(code: str, *options: str) -> str:
    """
    What a Python prints that treats each warning as an error.
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", *options, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "" == done.stderr
    return done.stdout


def test_it_ends_with_the_interpreter() -> None:
    """
    Open windows neither keep a program from ending nor leave anything.
    """
    pid = run(
        "import os\n"
        "from procmem.testing.sampling.client import Sampler\n"
        "from procmem.testing.sampling.sampled import Target\n"
        "sampler = Sampler.for_this_process()\n"
        "windows = [sampler.open(Target(pids=(os.getpid(),))) for _ in range(3)]\n"
        "print(sampler.pid)\n",
        "-X",
        "dev",
    )
    wait_for(lambda: is_gone(int(pid)))


def test_it_ends_with_who_started_it_however_that_ends() -> None:
    """
    Also if that was killed while a fork of it still has its descriptors.
    """
    code = (
        "import os, signal, time\n"
        "from procmem.testing.sampling.client import Sampler\n"
        "sampler = Sampler.for_this_process()\n"
        "sampler.start()\n"
        "os.dup2(sampler._channel.fileno(), 17)\n"
        "forked = os.fork()\n"
        "if not forked:\n"
        "    os.close(1)\n"
        "    time.sleep(60)\n"
        "print(sampler.pid, forked, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=-1, check=False)
    helper, forked = map(int, done.stdout.split())
    wait_for(lambda: is_gone(helper))
    os.kill(forked, signal.SIGKILL)


def test_a_helper_that_is_killed_is_reported_and_replaced(fresh: Sampler) -> None:
    """
    A window that lost its helper claims nothing, and the next has another.
    """
    window = fresh.open(own())
    first = fresh.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: is_gone(first))
    second = fresh.open(own())
    assert first != fresh.pid
    assert 2 == fresh.generation
    lost, seen = window.close(), second.close()
    assert (False, None, None, None) == (
        lost.complete,
        lost.lower,
        lost.upper,
        lost.unobserved,
    )
    assert lost.unobserved_children
    assert "ended" in lost.notes[0]
    assert lost is window.close()
    assert seen.complete


def test_a_helper_that_is_killed_just_before_the_end(fresh: Sampler) -> None:
    """
    The answer does not come, and that is said.
    """
    window = fresh.open(own())
    assert fresh.pid is not None
    os.kill(fresh.pid, signal.SIGKILL)
    assert not window.close().complete
    assert None is fresh.pid


def test_a_helper_that_does_not_answer(fresh: Sampler) -> None:
    """
    One that somebody has stopped is given up after a while.
    """
    window = fresh.open(own())
    helper = fresh.pid
    assert helper is not None
    assert fresh._channel is not None
    fresh._channel.settimeout(0.05)
    os.kill(helper, signal.SIGSTOP)
    try:
        assert not window.close().complete
    finally:
        os.kill(helper, signal.SIGCONT)
    wait_for(lambda: is_gone(helper))


def test_what_python_cannot_be_started_is_said(
    fresh: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Without an interpreter there is no helper.
    """
    before = descriptors()
    monkeypatch.setattr(sys, "_base_executable", "/nonexistent/python")
    with pytest.raises(procmem.UnsupportedError, match=r"sys\.executable"):
        fresh.open(own())
    assert before == descriptors()


def test_a_helper_that_ends_at_once_is_said(
    fresh: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A program that is no Python answers nothing.
    """
    monkeypatch.setattr(starting, "_PROGRAM", "raise SystemExit")
    with pytest.raises(procmem.UnsupportedError, match="answers"):
        fresh.start()
    assert None is fresh.pid


def test_an_order_that_fails_is_an_error_here(sampler: Sampler) -> None:
    """
    What goes wrong in the helper is raised to who asked.
    """
    with pytest.raises(procmem.UnsupportedError, match="KeyError"):
        sampler.finish(123456, sampler.generation)


def test_threads_have_windows_of_their_own(sampler: Sampler) -> None:
    """
    Answers reach the one who asked.
    """

    def look(number: int) -> set[int]:
        with obedient() as child:
            for _ in range(5):
                window = sampler.open(Target(pids=(child.pid,)))
                sampled = window.close()
                assert {child.pid} == set(sampled.by_pid)
        return {number}

    with ThreadPoolExecutor(8) as pool:
        assert set(range(8)) == set[int]().union(*pool.map(look, range(8)))


def test_a_fork_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A child asks a helper of its own, and that one is no member of what its
    parent looks at; windows of the parent say that they are not the child's.
    """
    monkeypatch.setattr(clients._OURS, "sampler", None)
    ours = Sampler.for_this_process()
    assert ours is Sampler.for_this_process()
    window = ours.open(own())
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            theirs = Sampler.for_this_process()
            with theirs.open(own()) as inner:
                pass
            os.write(writer, f"{theirs.pid} {inner.close().complete}".encode())
            status = 3 if window.close().complete else 0
            theirs.close()
        finally:
            os._exit(status)
    assert (pid, 0) == os.waitpid(pid, 0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        helper, complete = answers.read().split()
    sampled = window.close()
    ours.close()
    assert "True" == complete
    assert int(helper) != ours.pid
    assert int(helper) not in sampled.by_pid
    assert pid in sampled.by_pid


def test_a_target_may_belong_to_somebody_else() -> None:
    """
    Who has given up his rights is told what he may not see.
    """

    def look() -> str:
        sampler = Sampler()
        try:
            sampled = sampler.open(own()).close()
        except procmem.UnsupportedError as exc:
            return str(exc)
        finally:
            sampler.close()
        return f"{sampled.complete} {sampled.denied == (os.getpid(),)}"

    # This process can't be looked at by others any more, since it changed
    # its user.
    seen = as_nobody(look)
    if "may run" in seen:
        pytest.skip(f"another user has no Python here: {seen}")
    assert "False True" == seen


def test_nothing_is_left_behind() -> None:
    """
    Neither descriptors nor threads nor children.
    """
    before = descriptors(), threading.active_count()
    with contextlib.closing(Sampler()) as sampler:
        sampler.open(own()).close()
        helper = sampler.pid
    assert before == (descriptors(), threading.active_count())
    assert helper is not None
    wait_for(lambda: is_gone(helper))


def test_an_interrupted_question_does_not_confuse_the_next(fresh: Sampler) -> None:
    """
    An answer that nobody waits for any more is not taken for another.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    fresh.start()
    helper = fresh.pid
    assert helper is not None
    os.kill(helper, signal.SIGSTOP)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            fresh.open(Target(pids=(1,)))
    finally:
        signal.signal(signal.SIGALRM, before)
        os.kill(helper, signal.SIGCONT)
    sampled = fresh.open(own()).close()
    assert helper == fresh.pid
    assert os.getpid() in sampled.by_pid
    assert 1 == fresh.generation


def test_looking_stays_within_its_share_of_a_core(fresh: Sampler) -> None:
    """
    Beside an idle process, the helper sleeps nearly all the time.
    """
    window = fresh.open(own())
    assert fresh.pid is not None
    clock = (~fresh.pid << 3) | 2
    begun, started = time.clock_gettime(clock), time.monotonic()
    time.sleep(0.5)
    used = time.clock_gettime(clock) - begun
    passed = time.monotonic() - started
    window.close()
    # What was saved up may be spent at once, and the first reading is.
    assert used < 0.02 * passed + 0.05
