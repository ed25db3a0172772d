"""
Budgets of other processes.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

import procmem
from procmem.testing import MemoryBudgetExceeded, budget

from .memory import MIB, forked, holder, touched

NOISE = 8 * MIB


def test_a_program() -> None:
    """
    A running program is measured by its Popen, its pid, or pinned.
    """
    with holder(32 * MIB) as child, procmem.pinned(child.pid) as pinned:
        for target in (child, child.pid, pinned):
            with budget("64 MiB", target=target) as measured:
                pass

            assert f"pid {child.pid}" == measured.subject
            assert 32 * MIB <= measured.after < 32 * MIB + NOISE
            assert {child.pid} == measured.by_pid.keys()
            with pytest.raises(MemoryBudgetExceeded), budget("31 MiB", target=target):
                pass
        # Whoever pinned it lets it go.
        assert procmem.footprint(pinned) >= 32 * MIB


def test_a_group() -> None:
    """
    A group is measured as those of its members that are there.
    """
    with holder(16 * MIB) as one, holder(16 * MIB) as two:
        group = procmem.group([one.pid, two.pid])
        with budget(target=group) as measured:
            pass

        assert "2 processes" == measured.subject
        assert 32 * MIB <= measured.after < 32 * MIB + 2 * NOISE
        with procmem.Members.of([one.pid, two.pid]) as members:
            with budget(target=members) as measured:
                pass

            assert {one.pid, two.pid} == set(measured.pids)


def test_a_tree_of_another_program() -> None:
    """
    Its children count, unless they are not to.
    """
    code = (
        "import os, sys\n"
        "if not os.fork():\n"
        "    block = bytearray(b'x') * (32 << 20)\n"
        "    print(flush=True)\n"
        "sys.stdin.read()\n"
    )
    with program(code) as child:
        with budget(target=child) as measured:
            pass
        with budget(target=child, tree=False) as alone:
            pass

        assert f"pid {child.pid} + 1 child" == measured.subject
        assert measured.after >= 32 * MIB
        assert (child.pid,) == alone.pids
        assert alone.after < 32 * MIB


@contextlib.contextmanager
def program(code: str) -> Iterator[subprocess.Popen[bytes]]:
    """
    A program that has printed a line, until its input ends.
    """
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield child
        assert child.stdin is not None
        child.stdin.close()


def test_a_program_that_ends_in_the_block() -> None:
    """
    Whoever has ended cannot be held against a limit for the end, which is an
    error that says how it ended, and no pass.
    """
    with (
        holder(16 * MIB) as child,
        pytest.raises(procmem.ProcessGoneError) as caught,
        budget("1 TiB", target=child),
    ):
        child.communicate()

    assert child.pid == caught.value.pid
    note = " ".join(caught.value.__notes__)
    assert "ended with status 0 before the end of the block" in note


def test_the_peak_of_a_program_that_ends() -> None:
    """
    Its peak is an answer all the same.
    """
    with (
        holder(32 * MIB) as child,
        pytest.raises(MemoryBudgetExceeded) as caught,
        budget(peak="16 MiB", target=child),
    ):
        kill(child)

    assert "peak" == caught.value.which
    assert caught.value.value >= 32 * MIB


def kill(child: subprocess.Popen[bytes]) -> None:
    """
    End it and wait for it.
    """
    child.kill()
    child.wait()


def test_who_has_ended_before() -> None:
    """
    There is nothing to measure of whoever has ended.
    """
    with holder(0) as child:
        child.kill()
        child.wait()

    with pytest.raises(procmem.ProcessGoneError), budget(target=child):
        pass
    with pytest.raises(procmem.ProcessGoneError), budget(target=child.pid):
        pass


@pytest.mark.parametrize(
    ("target", "error"),
    [(0, ValueError), (-1, ValueError), (True, TypeError), ("1", TypeError)],
)
def test_what_is_no_process(target: object, error: type[Exception]) -> None:
    """
    What cannot be a process is refused.
    """
    with pytest.raises(error), budget(target=target):  # type: ignore[arg-type]
        pass


def test_nothing_is_left_behind() -> None:
    """
    A budget lets go of what it held: here of this process and two children.
    """
    with forked(), forked():
        with budget():
            pass
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(5):
            with budget(target=os.getpid()):
                pass
            with pytest.raises(KeyError), budget():
                raise KeyError

        assert before == len(os.listdir("/proc/self/fd"))


def test_who_may_not_be_read() -> None:
    """
    A child that cannot be read makes a budget with limits fail, for it never
    passes silently; without limits it is named as missing.
    """
    kept = touched(MIB)
    code = (
        "import ctypes, sys\n"
        "ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n"
        "print(flush=True)\n"
        "sys.stdin.read()\n"
    )
    with program(code) as child:
        try:
            procmem.rss(child.pid)
        except procmem.AccessDeniedError:
            pass
        else:
            pytest.skip("whoever runs this may read every process")
        with budget() as measured:
            pass
        with pytest.raises(procmem.AccessDeniedError) as caught, budget("1 TiB"):
            pass

    assert not measured.complete
    assert not measured.exact
    assert [child.pid] == list(measured.unreadable)
    assert "tree=False" in " ".join(caught.value.__notes__)
    kept.close()
