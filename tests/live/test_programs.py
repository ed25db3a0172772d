"""
The fleet is what live tests stand on: enough programs, and gone afterwards.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.live.control import (
    all_stats,
    leftover_folders,
    read_stat,
    stands_still,
    wait_until,
)
from tests.live.programs import (
    PROGRAMS,
    Entry,
    Fleet,
    NotHereError,
    StartError,
    fleet,
    stopped,
)
from tests.live.programs.running import find, tool

pytestmark = pytest.mark.live

# Not installed on most machines, and not needed to have enough.
_OPTIONAL = ("chromium", "nginx", "redis")


def ours() -> list[int]:
    """
    The living processes that work with folders of these tests.
    """
    mark = f"procmem-live-{os.getpid()}-".encode()
    found = []
    for pid in all_stats():
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes()
            folder = bytes(Path(f"/proc/{pid}/cwd").readlink())
        except OSError:
            continue
        if mark in variables or mark in folder:
            found.append(pid)
    return found


@pytest.fixture(scope="module", name="up")
def _up() -> Iterator[Fleet]:
    with fleet() as up:
        yield up


class TestFleet:
    def test_what_is_installed_works(self, up: Fleet) -> None:
        """
        Only programs that are not installed are absent.
        """
        assert [] == [program for program in up.absent if program.installed]

    def test_every_program_counts(self, up: Fleet) -> None:
        """
        Each program has a process, or is absent and tells why.
        """
        labels = {entry.label.partition(":")[0] for entry in up.entries}
        absent = {program.label for program in up.absent}

        assert set(PROGRAMS) == labels - {"psql"} | absent
        assert all(program.reason for program in up.absent)

    def test_is_large(self, up: Fleet) -> None:
        """
        It has 30 processes of 15 executables and more.
        """
        assert len(up.pids) >= 30
        assert len(up.executables) >= 15

    def test_is_large_without_the_optional(self, up: Fleet) -> None:
        """
        It still is if servers that few machines have are not there.
        """
        others = [
            entry
            for entry in up.entries
            if entry.label.partition(":")[0] not in _OPTIONAL
        ]

        assert len(others) >= 30
        assert len({entry.executable for entry in others}) >= 15

    def test_entries_are_true(self, up: Fleet) -> None:
        """
        Every entry is one living process of that executable.
        """
        assert len(up.pids) == len(set(up.pids))
        for entry in up.entries:
            # Agents let nobody but root look.
            with contextlib.suppress(PermissionError):
                assert entry.executable == os.readlink(f"/proc/{entry.pid}/exe")

    def test_stops_and_goes_on(self, up: Fleet) -> None:
        """
        All of them stand still inside of stopped(), and not after it.
        """
        with stopped(up.pids) as pids:
            assert up.pids == pids
            assert all(map(stands_still, pids))
        wait_until(
            lambda: not any(map(stands_still, up.pids)),
            seconds=10,
            what="going on",
        )

    def test_starts_quickly(self, up: Fleet) -> None:
        """
        Starting takes less than half a minute.
        """
        assert up.seconds < 30

    def test_leaves_nothing_behind(self) -> None:
        """
        Afterwards there is no process and no folder, even if a test failed
        while all were stopped.
        """
        starts = {}

        def fail() -> None:
            with fleet(without=("chromium",)) as up:
                for pid in up.pids:
                    if stat := read_stat(pid):
                        starts[pid] = stat.start
                        os.kill(pid, signal.SIGSTOP)
                _ = 1 / 0

        before = set(ours()), set(leftover_folders(os.getpid()))
        with pytest.raises(ZeroDivisionError):
            fail()
        after = set(ours()), set(leftover_folders(os.getpid()))

        assert before == after
        assert starts
        for pid, start in starts.items():
            now = read_stat(pid)
            assert now is None or now.start != start or now.has_ended

    def test_leaves_out(self) -> None:
        """
        A program that is not wanted is neither there nor absent.
        """
        with fleet(without=set(PROGRAMS) - {"cat", "sleep"}) as up:
            assert {"cat", "sleep"} >= {entry.label for entry in up.entries}
            assert {"cat", "sleep"} >= {program.label for program in up.absent}


class TestPrograms:
    @pytest.mark.parametrize("label", PROGRAMS)
    def test_alone(self, label: str) -> None:
        """
        Each program works alone, too, and leaves nothing behind.
        """
        before = set(ours()), set(leftover_folders(os.getpid()))
        program: AbstractContextManager[list[Entry]] = PROGRAMS[label]()
        with program as entries:
            assert entries
            assert all(entry.label.startswith((label, "psql")) for entry in entries)
        after = set(ours()), set(leftover_folders(os.getpid()))

        assert before == after

    def test_absent(self) -> None:
        """
        What is not installed says so.
        """
        with pytest.raises(NotHereError, match="no executable no-such-program"):
            find("no-such-program")

    def test_ends_early(self) -> None:
        """
        A program that ends instead of starting is an error with its output.
        """
        program = tool("sh", "sh", "-c", "echo no good; exit 3")

        with (
            pytest.raises(StartError, match="sh: ended with 3: no good"),
            program(),
        ):
            pass


class TestStopped:
    def test_goes_on_after_a_failure(self) -> None:
        """
        A failing test does not leave its processes stopped.
        """
        with subprocess.Popen(["sleep", "60"]) as process:
            with pytest.raises(ZeroDivisionError), stopped([process.pid]):
                _ = 1 / 0
            wait_until(
                lambda: not stands_still(process.pid),
                seconds=10,
                what="going on",
            )
            process.kill()

    def test_leaves_out_the_gone(self) -> None:
        """
        A process that is gone is not among those that were stopped.
        """
        with subprocess.Popen(["true"]) as process:
            process.wait()

        with stopped([process.pid]) as pids:
            assert () == pids
