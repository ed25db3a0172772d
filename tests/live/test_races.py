"""
Ten thousand questions about processes that do not keep still.
"""

from __future__ import annotations

import os
import signal

import pytest

import procmem
from tests.live import races
from tests.live.asking import CALLS, comparable, everything
from tests.live.control import NotHereError
from tests.live.interrupting import exec_after, kill, take_pid
from tests.live.processes import execer, in_child

pytestmark = pytest.mark.live


@pytest.mark.parametrize(
    ("race", "reads"),
    [
        (races.dying, 3900),
        (races.execing, 3000),
        (races.busy, 2700),
        (races.killed, 400),
    ],
)
def test_race(race: races.Race, reads: int) -> None:
    """
    The right numbers or the right error, nothing else, and often numbers.
    """
    tally = race(reads)
    print(race.__name__, tally)

    assert reads == tally.asked
    assert 3 * tally.numbers >= reads


def test_replaced() -> None:
    """
    A process that becomes another program in the middle of a listing, wherever
    that is, is read again, and the answer is of one program.
    """
    with execer() as it:
        for reads in range(1, 12):
            mappings = exec_after(reads, it, again=False)
            assert races.check(mappings, it.pid, it.held)


def test_always_replaced() -> None:
    """
    That it does so each time is an error, which says of whom and of what.
    """
    with execer() as it, pytest.raises(procmem.ProcessChangedError) as caught:
        exec_after(1, it, again=True)

    assert (it.pid, "smaps") == (caught.value.pid, caught.value.file)


def test_taken_pid() -> None:
    """
    A pinned process that has ended is gone, though its number is in use again.
    """

    def reuse() -> tuple[int, dict[str, object]]:
        first = os.fork()
        if first == 0:
            signal.pause()
        with procmem.pinned(first) as process:
            assert procmem.rss(process) > 0
            kill(first)
            os.waitpid(first, 0)
            try:
                second = take_pid(first)
            except OSError as exc:
                msg = f"no choice of pids: {exc}"
                raise NotHereError(msg) from exc
            assert second == first, "others were faster"
            try:
                # There is a process of that number, and it is not the one.
                assert procmem.rss(first) > 0
                return first, everything(process)
            finally:
                kill(first)
                os.waitpid(first, 0)

    pid, answers = in_child(reuse)

    assert dict.fromkeys(CALLS, (procmem.ProcessGoneError, pid)) == comparable(answers)
