"""
Who may ask what: root, the same user, another one, and who has one right.
"""

from __future__ import annotations

import errno
import os
from functools import partial

import pytest

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
from tests.live.capabilities import CAP_PERFMON, CAP_SYS_PTRACE, as_user_with
from tests.live.kernel_text import despite_others, steady
from tests.live.processes import (
    NOBODY,
    NotHereError,
    as_user,
    in_mount_namespace,
    kernel_thread,
    leaderless,
    mount_proc,
    owned_by,
    require_root,
    stopped,
    twins,
    undumpable,
    zombie,
)

pytestmark = pytest.mark.live

# Somebody else than nobody.
SOMEBODY = NOBODY - 1

# Before that, CAP_PERFMON opens nothing here.
_PERFMON = (6, 15)


@pytest.fixture(autouse=True)
def loaded() -> None:
    """
    Users that the tests become can't import what is missing.
    """
    require_root()
    load()


class TestUsers:
    def test_root(self) -> None:
        """
        Root may ask everything about everybody.
        """
        with owned_by(NOBODY) as theirs, undumpable() as closed:
            assert held(everything(theirs.pid), theirs.held)
            assert held(everything(closed.pid), closed.held)

    def test_same_user(self) -> None:
        """
        Everybody may ask about their own processes.
        """
        with owned_by(NOBODY) as it:
            assert held(as_user(NOBODY, partial(everything, it.pid)), it.held)

    def test_another_user(self) -> None:
        """
        About those of others, everybody may ask for the status only.
        """
        with owned_by(NOBODY) as it:
            answers = as_user(SOMEBODY, partial(everything, it.pid))

            assert denied(answers, it.pid)

    def test_undumpable(self) -> None:
        """
        Who must not be looked into is closed to its own user.
        """
        with owned_by(NOBODY, dumpable=False) as it:
            answers = as_user(NOBODY, partial(everything, it.pid))

            assert denied(answers, it.pid)

    @pytest.mark.parametrize("dumpable", [False, True])
    def test_self(self, dumpable: bool) -> None:
        """
        But every process may look into itself.
        """
        answers = as_user(NOBODY, everything, dumpable=dumpable)

        assert answered(answers)

    def test_pinned_before(self) -> None:
        """
        What root has pinned is not open to who it becomes.
        """
        with owned_by(NOBODY) as it, procmem.pinned(it.pid) as process:
            assert held(everything(process), it.held)
            answers = as_user(SOMEBODY, partial(everything, process))

            assert denied(answers, it.pid)

    def test_tracer(self) -> None:
        """
        CAP_SYS_PTRACE, which the error names, opens all of that.
        """
        with owned_by(NOBODY, dumpable=False) as it:
            answers = as_user_with(
                CAP_SYS_PTRACE, SOMEBODY, partial(everything, it.pid)
            )

            assert held(answers, it.held)

    def test_profiler(self) -> None:
        """
        So does CAP_PERFMON, which the error names too, where it can.
        """
        if tuple(map(int, os.uname().release.split(".")[:2])) < _PERFMON:
            pytest.skip("CAP_PERFMON opens these files since Linux 6.15")
        with owned_by(NOBODY, dumpable=False) as it:
            answers = as_user_with(CAP_PERFMON, SOMEBODY, partial(everything, it.pid))

            assert held(answers, it.held)

    def test_error(self) -> None:
        """
        The error is the builtin one, and says which file of whom, and what
        would help.
        """
        with owned_by(NOBODY) as it:
            answers = as_user(SOMEBODY, partial(everything, it.pid))
            error = answers["pss"]

            assert isinstance(error, procmem.AccessDeniedError)
            assert isinstance(error, PermissionError)
            assert (it.pid, "smaps_rollup") == (error.pid, error.file)
            assert (errno.EACCES, f"{it.pid}/smaps_rollup") == (
                error.errno,
                error.filename,
            )
            assert "CAP_SYS_PTRACE" in error.needs
            for fact in (str(it.pid), error.file, error.needs):
                assert fact in str(error)


@pytest.mark.parametrize("level", [1, 2, 4])
class TestHidden:
    @staticmethod
    def ask(level: int, uid: int, pid: int | None) -> dict[str, object]:
        """
        Ask where ``/proc`` hides processes.
        """

        def hidden() -> dict[str, object]:
            mount_proc("/proc", f"hidepid={level}")
            return as_user(uid, partial(everything, pid))

        return in_mount_namespace(hidden)

    @pytest.mark.parametrize(("uid", "dumpable"), [(SOMEBODY, True), (NOBODY, False)])
    def test_closed(self, level: int, uid: int, dumpable: bool) -> None:
        """
        Whom one must not look into is closed as such at level 1, and else as if
        there were nobody.
        """
        with owned_by(NOBODY, dumpable=dumpable) as it:
            answers = self.ask(level, uid, it.pid)

            needs = "a /proc mounted without hidepid, or the group that it exempts"
            error = (
                (procmem.AccessDeniedError, it.pid, ".", needs)
                if level == 1
                else (procmem.ProcessGoneError, it.pid)
            )
            assert dict.fromkeys(CALLS, error) == comparable(answers)

    def test_same_user(self, level: int) -> None:
        """
        What is one's own is not hidden, nor oneself.
        """
        with owned_by(NOBODY) as it:
            assert held(self.ask(level, NOBODY, it.pid), it.held)
            assert answered(self.ask(level, NOBODY, None))

    def test_root(self, level: int) -> None:
        """
        Nothing is hidden from root.
        """
        with owned_by(NOBODY) as it:
            assert held(self.ask(level, 0, it.pid), it.held)

    def test_listing(self, level: int) -> None:
        """
        Whom one may not see is not listed, but at the first level.
        """

        def listed() -> list[int]:
            mount_proc("/proc", f"hidepid={level}")
            return as_user(SOMEBODY, lambda: list(procmem.ProcFS().pids()))

        with owned_by(NOBODY) as it:
            assert (level == 1) == (it.pid in in_mount_namespace(listed))


class TestNothing:
    @pytest.mark.parametrize("uid", [0, NOBODY])
    def test_kernel_thread(self, uid: int) -> None:
        """
        A part of the kernel has no memory, whoever asks.
        """
        pid = kernel_thread()

        assert nothing(as_user(uid, partial(everything, pid)))

    @pytest.mark.parametrize("uid", [0, NOBODY])
    def test_zombie(self, uid: int) -> None:
        """
        What has ended has none any more.
        """
        with zombie() as pid:
            answers = as_user(uid, partial(everything, pid))

            assert nothing(answers)
            assert isinstance(answers["status"], procmem.Status)
            assert "Z" == answers["status"].state

    @pytest.mark.parametrize("uid", [0, NOBODY])
    def test_vanished(self, uid: int) -> None:
        """
        What is not there is an error, never 0, whoever asks.
        """
        with zombie() as pid:
            pass
        answers = as_user(uid, partial(everything, pid))
        gone = answers["rss"]

        assert dict.fromkeys(CALLS, (procmem.ProcessGoneError, pid)) == comparable(
            answers
        )
        assert isinstance(gone, ProcessLookupError)
        assert (errno.ESRCH, str(pid)) == (gone.errno, gone.filename)


class TestOdd:
    def test_leaderless(self) -> None:
        """
        Who has lost its first thread is read through another, by each call.
        """
        with leaderless() as it:
            answers = everything(it.pid)
            status = answers["status"]

            assert held(answers, it.held)
            assert isinstance(status, procmem.Status)
            assert (it.pid, "Z", 2) == (status.pid, status.state, status.threads)

    def test_leaderless_of_another_user(self) -> None:
        """
        Its memory is closed to others: that is an error and not 0.
        """
        with leaderless() as it:
            answers = as_user(NOBODY, partial(everything, it.pid))

            assert denied(answers, it.pid, prefix=f"task/{it.task}/")

    @despite_others
    def test_twins(self) -> None:
        """
        Each of two processes with one memory has the whole of it.
        """
        with twins() as it, stopped([it.pid, it.other]):
            _, (one, other) = steady(
                it.pid,
                ("smaps_rollup", "smaps"),
                lambda: (everything(it.pid), everything(it.other)),
            )

            assert held(one, it.held)
            assert held(other, it.held)
            for name in CALLS.keys() - {"status", "snapshot"}:
                assert one[name] == other[name]


def test_not_here() -> None:
    """
    What the tests lack is a reason to skip, not to fail.
    """
    with pytest.raises(NotHereError):
        as_user(NOBODY, lambda: as_user(SOMEBODY, load))
