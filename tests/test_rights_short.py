"""
What any user may ask: the part of `tests.live.test_rights` without root.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import procmem
from tests.live.asking import (
    CALLS,
    answered,
    comparable,
    denied,
    everything,
    held,
    load,
    nothing,
)
from tests.live.processes import NOBODY, as_user, leaderless, twins, undumpable, zombie


def test_self() -> None:
    """
    Without a pid, whoever asks is meant.
    """
    answers = everything()

    assert answered(answers)
    assert isinstance(answers["status"], procmem.Status)
    assert os.getpid() == answers["status"].pid
    assert answered(everything(os.getpid()))


def test_pinned() -> None:
    """
    A pinned process answers as long as it lives, and then it is gone.
    """
    with undumpable() as it:
        process = procmem.pinned(it.pid)
        assert it.pid == process.pid
        first = everything(process)
    with process:
        last = comparable(everything(process))

    # Root may look into everybody.
    assert held(first, it.held) if os.geteuid() == 0 else denied(first, it.pid)
    assert dict.fromkeys(CALLS, (procmem.ProcessGoneError, it.pid)) == last


def test_zombie() -> None:
    """
    What has ended has no memory, and is gone when it was waited for.
    """
    with zombie() as pid:
        assert nothing(everything(pid))
    answers = comparable(everything(pid))

    assert dict.fromkeys(CALLS, (procmem.ProcessGoneError, pid)) == answers


def test_leaderless() -> None:
    """
    Who has lost its first thread is read through another, by each call.
    """
    with leaderless() as it:
        assert held(everything(it.pid), it.held)


def test_twins() -> None:
    """
    Each of two processes with one memory has the whole of it.
    """
    with twins() as it:
        assert held(everything(it.pid), it.held)
        assert held(everything(it.other), it.held)


def test_other_root(tmp_path: Path) -> None:
    """
    Wherever it is found, ``/proc`` gives the same answers; elsewhere there are
    none.
    """
    (tmp_path / "proc").symlink_to("/proc")

    assert answered(everything(None, procmem.ProcFS(tmp_path / "proc")))
    absent = everything(1, procmem.ProcFS(tmp_path / "absent"))
    assert {procmem.UnsupportedError} == set(map(type, absent.values()))


def test_another_user() -> None:
    """
    About processes of others, everybody may ask for the status only.
    """
    if os.geteuid() == 0:
        load()
        pid = os.getpid()
        answers = as_user(NOBODY, partial(everything, pid))
    else:
        # The first process belongs to root.
        pid = 1
        answers = everything(pid)

    assert denied(answers, pid)
