"""
Budgets of this process with its children.
"""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from procmem.testing import MemoryBudgetExceeded, budget

from .memory import MIB, end, forked, holder, touch, touched

# What five interpreters may need for themselves in between.
NOISE = 48 * MIB


def test_a_child_that_costs_too_much() -> None:
    """
    A child that touches 300 MiB does not pass a limit of 10 MiB.
    """
    with (
        contextlib.ExitStack() as later,
        pytest.raises(MemoryBudgetExceeded) as caught,
        budget(growth="10 MiB"),
    ):
        child = later.enter_context(holder(300 * MIB))

    figures = caught.value.measurement.by_pid[child.pid]
    assert "new" == figures.change
    assert (figures.after or 0) >= 300 * MIB
    assert "+ 1 child grew by" in str(caught.value).splitlines()[0]


def test_a_forked_tree() -> None:
    """
    A parent with 200 MiB, four workers of which one rewrites 50 MiB: together
    they cost 250 MiB and not the thousand that RSS adds up to.
    """
    with budget() as measured, budget(metric="rss") as resident:
        block = touched(200 * MIB)
        with contextlib.ExitStack() as workers:
            for number in range(4):
                size = 50 * MIB if number == 0 else 0
                workers.enter_context(forked(functools.partial(touch, block, size)))
            with budget() as inside, budget(metric="rss") as resident_inside:
                pass

    assert 250 * MIB <= inside.after - measured.before < 250 * MIB + NOISE
    assert inside.exact
    assert 5 == len(inside.pids)
    assert resident_inside.after > 1000 * MIB
    assert resident.metric == "rss"
    block.close()


def test_without_the_tree() -> None:
    """
    With ``tree=False`` children do not count.
    """
    with holder(64 * MIB), budget(tree=False) as measured:
        pass

    assert (os.getpid(),) == measured.pids
    assert measured.after < measured.after + 64 * MIB
    assert str(os.getpid()) in measured.subject
    assert "child" not in measured.subject


def test_children_that_end() -> None:
    """
    A child that ends in the block is gone from the end, and its memory with
    it.
    """
    with holder(64 * MIB) as child, budget() as measured:
        child.kill()
        child.wait()

    assert "gone" == measured.by_pid[child.pid].change
    assert measured.by_pid[child.pid].after is None
    assert measured.growth <= -64 * MIB


def test_a_child_that_leaves_the_tree() -> None:
    """
    A member stays one when its parent ends and it is nobody's child here.
    """
    reader, writer = os.pipe()
    with forked_pair(writer) as middle:
        orphan = int(os.read(reader, 20))
        with budget() as measured:
            end(middle)

        try:
            assert orphan in measured.pids
            assert "stayed" == measured.by_pid[orphan].change
        finally:
            os.kill(orphan, 9)
    os.close(reader)
    os.close(writer)


@contextlib.contextmanager
def forked_pair(writer: int) -> Iterator[int]:
    """
    A child that has a child, whose pid is written to *writer*.
    """

    def work() -> object:
        pid = os.fork()
        if pid == 0:
            kept = touched(16 * MIB)
            os.write(writer, str(os.getpid()).encode())
            time.sleep(60)
            del kept
            os._exit(0)
        return None

    with forked(work) as middle:
        yield middle


def test_orphans_are_caught_on_request() -> None:
    """
    A process that leaves the tree within the block is lost to it, and with
    ``subreaper=True`` it is not.
    """
    code = (
        "import os, sys, time\n"
        "if os.fork(): os._exit(0)\n"
        "block = bytearray(b'x') * (32 << 20)\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(60)\n"
    )
    with budget(subreaper=True) as measured:
        orphan = int(_first_line(code))

    try:
        assert orphan in measured.pids
        assert (measured.by_pid[orphan].after or 0) >= 32 * MIB
    finally:
        end(orphan)


def _first_line(code: str) -> str:
    """
    What a program prints first, whoever of its forks it is.
    """
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", code], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        return child.stdout.readline()


def test_being_a_subreaper_ends_with_the_block() -> None:
    """
    Whoever was no subreaper before is none after.
    """
    import ctypes

    def is_one() -> bool:
        answer = ctypes.c_int()
        ctypes.CDLL(None).prctl(37, ctypes.byref(answer), 0, 0, 0)
        return bool(answer.value)

    before = is_one()
    with budget(subreaper=True), budget(subreaper=True):
        assert is_one()

    assert before == is_one()


def test_zombies_do_not_count() -> None:
    """
    A child that has ended and was not waited for is no process of the tree.
    """
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    try:
        with budget() as measured:
            pass

        assert pid not in measured.pids
        assert f"pid {os.getpid()}" == measured.subject
    finally:
        end(pid)


def test_two_with_one_memory_count_once() -> None:
    """
    While a child that was started by ``vfork`` has the memory of its parent,
    that counts once.
    """
    code = (
        "import ctypes, os, sys\n"
        "block = bytearray(b'x') * (64 << 20)\n"
        "libc = ctypes.CDLL(None)\n"
        # A child that has the parent's memory and sleeps: vfork(), pause().
        "import threading\n"
        "stack = ctypes.create_string_buffer(1 << 16)\n"
        "top = ctypes.addressof(stack) + (1 << 16) - 64\n"
        "pause = ctypes.cast(libc.pause, ctypes.c_void_p)\n"
        "pid = libc.clone(pause, ctypes.c_void_p(top), 0x100 | 17, None)\n"
        "print(pid, flush=True)\n"
        "sys.stdin.read()\n"
        "os.kill(pid, 9)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        twin = int(child.stdout.readline())
        with budget(target=child) as measured:
            pass
        os.kill(twin, 9)

    assert {child.pid, twin} == set(measured.pids)
    assert 64 * MIB <= measured.after < 64 * MIB + NOISE
