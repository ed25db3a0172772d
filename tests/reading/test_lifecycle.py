from __future__ import annotations

import time

import pytest

import procmem
from procmem.reading.totals import read_usage
from tests.kernel import samples
from tests.kernel.samples import (
    EXITING,
    GONE,
    KERNEL_THREAD,
    PAGE,
    PF_KTHREAD,
    PID,
    ZOMBIE,
    Files,
    anonymous,
    pinned,
    status,
)

MAPPINGS = [anonymous(pages=3), anonymous(samples.BASE + 8 * PAGE)]
ALIVE = samples.files(MAPPINGS, pss_anon=4 * PAGE, pss_shmem=0)
ROLLUP = samples.rollup_of(MAPPINGS, pss_anon=4 * PAGE, pss_shmem=0)
WITH_MEMORY = status(MAPPINGS)

OLD_KERNEL_THREAD: Files = {
    **KERNEL_THREAD,
    "status": status(kthread=None, state="S"),
    "stat": samples.stat(flags=PF_KTHREAD),
}


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """
    The pauses that were made, without making them.
    """
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


class TestNoAddressSpace:
    @pytest.mark.parametrize(
        "files",
        [
            pytest.param(KERNEL_THREAD, id="kernel thread"),
            pytest.param(OLD_KERNEL_THREAD, id="kernel thread of an old kernel"),
            pytest.param(ZOMBIE, id="zombie"),
            pytest.param({**ZOMBIE, "status": status(state="X")}, id="dead"),
            pytest.param(
                {**ZOMBIE, "status": status(state="Z", kthread=None)},
                id="zombie of an old kernel",
            ),
        ],
    )
    def test_is_zero(self, files: Files, pauses: list[float]) -> None:
        """
        A kernel thread or a zombie has a usage of 0, at once, and says why.
        """
        usage = read_usage(pinned(files))

        assert procmem.Usage.zero() == usage
        assert ("status",) == usage.evidence.files
        assert "kernel" == usage.evidence.method
        assert (
            "No address space: a kernel thread or a zombie.",
        ) == usage.evidence.notes
        assert [] == pauses

    def test_user_process_of_an_old_kernel(self) -> None:
        """
        Where status does not say, the flag in stat decides that a process
        without memory is no kernel thread, and on its way out.
        """
        files = {**EXITING, "status": status(kthread=None, state="S")}

        with pytest.raises(procmem.ProcessGoneError):
            read_usage(pinned(files))


class TestExec:
    def test_in_between(self) -> None:
        """
        If the file was of the program before, the next one is read.
        """
        process = pinned({**ALIVE, "smaps_rollup": [b"", ROLLUP]})

        assert 4 * PAGE == read_usage(process).pss

    def test_for_ever(self, pauses: list[float]) -> None:
        """
        If every try meets another program, that is an error of its own.
        """
        process = pinned({**ALIVE, "smaps_rollup": b""})

        with pytest.raises(procmem.ProcessChangedError) as caught:
            read_usage(process)
        assert (PID, "smaps_rollup") == (caught.value.pid, caught.value.file)
        assert [] == pauses


class TestExit:
    def test_before_the_rollup(self) -> None:
        """
        A process that is gone is an error.
        """
        with pytest.raises(procmem.ProcessGoneError):
            read_usage(pinned({**ALIVE, "smaps_rollup": GONE}))

    def test_before_status(self) -> None:
        """
        Also if it goes after an empty rollup.
        """
        with pytest.raises(procmem.ProcessGoneError):
            read_usage(pinned({**ALIVE, "smaps_rollup": b"", "status": GONE}))

    def test_exiting_for_ever(self, pauses: list[float]) -> None:
        """
        A process that has given up its memory and does not end is as good as
        gone; it is waited for, but not for long.
        """
        with pytest.raises(procmem.ProcessGoneError) as caught:
            read_usage(pinned(EXITING))
        assert PID == caught.value.pid
        assert pauses == sorted(pauses)
        assert 0.1 < sum(pauses) < 0.6

    def test_exiting_then_zombie(self, pauses: list[float]) -> None:
        """
        If it becomes a zombie meanwhile, it is one.
        """
        states = [status(state="R"), status(state="R"), status(state="Z")]

        assert 0 == read_usage(pinned({**EXITING, "status": states})).pss
        assert 2 == len(pauses)

    def test_exiting_then_gone(self) -> None:
        """
        If it is gone meanwhile, it is gone.
        """
        files: Files = {**EXITING, "status": [status(state="R"), GONE]}

        with pytest.raises(procmem.ProcessGoneError):
            read_usage(pinned(files))

    def test_not_exiting_after_all(self) -> None:
        """
        Memory that is back belongs to the next program.
        """
        files: Files = {
            **EXITING,
            "smaps_rollup": [b"", b"", ROLLUP],
            "status": [status(state="R"), WITH_MEMORY],
        }

        assert 4 * PAGE == read_usage(pinned(files)).pss


LEADERLESS: Files = {
    **ZOMBIE,
    "status": status(state="Z", threads=2),
    f"task/{PID}/status": status(state="Z", threads=2),
    "task/4712/status": status(MAPPINGS, pid=4712, threads=2),
    "task/4712/smaps_rollup": ROLLUP,
    "task/4712/smaps": ALIVE["smaps"],
}


class TestLeaderExited:
    def test_thread_is_read(self, pauses: list[float]) -> None:
        """
        The memory is read through a thread that lives on.
        """
        usage = read_usage(pinned(LEADERLESS))

        assert 4 * PAGE == usage.pss
        assert [] == pauses

    def test_mappings(self) -> None:
        """
        So are the mappings.
        """
        source = procmem.InMemory(processes={PID: LEADERLESS})

        assert MAPPINGS == list(procmem.mappings(PID, source=source))

    def test_last_thread_ends(self) -> None:
        """
        If the last thread ends as well, nothing is left.
        """
        files: Files = {
            **LEADERLESS,
            "status": [status(state="Z", threads=2), status(state="Z", threads=1)],
            "task/4712/smaps_rollup": b"",
        }

        assert 0 == read_usage(pinned(files)).pss

    def test_thread_ends(self) -> None:
        """
        If that thread ends, another one is read.
        """
        files: Files = {
            **LEADERLESS,
            "task/4712/smaps_rollup": b"",
            "task/4712/status": [WITH_MEMORY, b""],
            "task/4713/status": WITH_MEMORY,
            "task/4713/smaps_rollup": ROLLUP,
        }

        assert 4 * PAGE == read_usage(pinned(files)).pss

    def test_all_threads_are_ending(self, pauses: list[float]) -> None:
        """
        Threads without memory are about to end, and waited for.
        """
        ending = status(state="R", pid=4712, threads=2)
        files: Files = {
            **LEADERLESS,
            "status": [status(state="Z", threads=2)] * 3 + [status(state="Z")],
            "task/4712/status": ending,
        }

        assert 0 == read_usage(pinned(files)).pss
        assert 3 == len(pauses)

    def test_exec_of_a_thread(self) -> None:
        """
        If that thread becomes the process (exec), the process is read.
        """
        files: Files = {
            **LEADERLESS,
            "smaps_rollup": [b"", ROLLUP],
            "status": [status(state="Z", threads=2), WITH_MEMORY],
            "task/4712/smaps_rollup": b"",
        }

        assert 4 * PAGE == read_usage(pinned(files)).pss
