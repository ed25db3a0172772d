"""
``procmem`` alone says what it did not read, and why.
"""

from __future__ import annotations

import pytest

from procmem import cli
from procmem.errors import (
    AccessDeniedError,
    ParseError,
    ProcessGoneError,
    UnsupportedError,
)
from tests.cli_machine import (
    NEEDS,
    denied,
    kernel_thread,
    listing,
    machine,
    process,
    status,
    zombie,
)


class TestUnreadable:
    def test_listed(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        What can't be read is listed with its name, before the others, and
        its sizes are unknown.
        """
        rows, notes = listing(
            capsys, {1: denied(1, name=b"init"), 2: process(), 3: denied(3)}
        )

        assert ["1", "root", "?", "?", "?", "?", "?", "init"] == rows[1]
        assert ["3", "root", "?", "?", "?", "?", "?", "secret"] == rows[2]
        assert "2" == rows[3][0]
        assert ["total", "16.0", "20.0", "INCOMPLETE"] == rows[4]
        assert (
            "The total is INCOMPLETE: 2 of 3 processes could not be read (?):" in notes
        )
        assert f"  2: not permitted; needs {NEEDS}\n" in notes
        assert "complete:" not in notes

    def test_nothing_known(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Under hidepid=1 not even names and users are known.
        """
        error = AccessDeniedError(1, "status", "no hidepid")
        rows, _ = listing(capsys, {1: {"status": error}})

        assert ["1", "?", "?", "?", "?", "?", "?", "?"] == rows[1]
        assert ["total", "0.0", "0.0", "INCOMPLETE"] == rows[2]

    def test_reasons(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Reasons are counted, the most frequent first.
        """
        errors = {
            1: UnsupportedError("smaps_rollup", "CONFIG_PROC_PAGE_MONITOR"),
            2: ParseError("not a \x1b", "smaps_rollup", 1, b"\x1b"),
            3: OSError(5, "Input/output error"),
            4: AccessDeniedError(4, "smaps_rollup", NEEDS),
            5: AccessDeniedError(5, "smaps_rollup", NEEDS),
        }
        _, notes = listing(
            capsys,
            {
                pid: {"status": status(), "smaps_rollup": error, "smaps": error}
                for pid, error in errors.items()
            },
        )
        lines = notes.split("\n")[2:7]

        assert [
            f"  2: not permitted; needs {NEEDS}",
            "  1: not supported; needs CONFIG_PROC_PAGE_MONITOR",
            r"  1: smaps_rollup:1: not a \x1b: b'\x1b'",
            "  1: [Errno 5] Input/output error",
        ] == lines[:4]

    def test_hidden(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Where other users' processes are not even listed, the total is not
        called complete.
        """
        rows, notes = listing(capsys, {5: process()})

        assert "INCOMPLETE" == rows[-1][-1]
        assert "INCOMPLETE: processes of other users are hidden" in notes


class TestLeftOut:
    @pytest.mark.parametrize(
        ("expected", "processes"),
        [
            (
                "2 kernel threads, 1 zombie.",
                {2: kernel_thread(), 3: kernel_thread(), 4: zombie()},
            ),
            ("1 kernel thread.", {2: kernel_thread()}),
            ("2 zombies.", {2: zombie(), 3: zombie()}),
        ],
        ids=["both", "thread", "zombies"],
    )
    def test_counted(
        self,
        expected: str,
        processes: dict[int, object],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """
        What has no memory of its own is counted and not listed.
        """
        rows, notes = listing(capsys, {1: process()} | processes)

        assert ["PID", "1", "total"] == [row[0] for row in rows]
        assert notes.endswith(f"as they have no memory of their own: {expected}\n")
        assert "complete: 1 process.\n" in notes

    def test_gone(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        What ended meanwhile is not mentioned.
        """
        _, expected = listing(capsys, {1: process()})
        gone = {"status": ProcessGoneError(2)}

        assert expected == listing(capsys, {1: process(), 2: gone})[1]

    def test_nobody(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Where there is no process at all, this is no proc file system.
        """
        assert 2 == cli.main([], source=machine({}))
        assert "no processes in /proc" in capsys.readouterr().err
