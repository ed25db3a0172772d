"""
``procmem`` alone lists all processes, the largest last, and says what is
missing.
"""

from __future__ import annotations

import os

import pytest

import procmem
from procmem import cli
from procmem.cli import output
from tests.cli_machine import (
    MIB,
    denied,
    listing,
    machine,
    process,
    rollup,
    status,
    zombie,
)

_HEADINGS = ["PID", "USER", "FOOTPRINT", "PSS", "USS", "RSS", "SWAP", "COMMAND"]


class TestTable:
    def test_columns(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Sizes are in MiB; sums stand only where they mean something.
        """
        rows, notes = listing(
            capsys, {1: process(name=b"init"), 44: process(swap=2 * MIB)}
        )

        assert [
            _HEADINGS,
            ["1", "root", "16.0", "20.0", "16.0", "24.0", "0.0", "init"],
            ["44", "root", "18.0", "20.0", "16.0", "24.0", "2.0", "worker"],
            ["total", "34.0", "40.0"],
        ] == rows
        assert notes.startswith("Sizes in MiB. ")
        assert "The total is complete: 2 processes.\n" in notes

    def test_aligned(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Numbers stand below each other, and totals below what they sum up.
        """
        cli.main([], source=machine({1: process(name=b"init")}))
        expected = (
            "PID  USER   FOOTPRINT   PSS   USS   RSS  SWAP  COMMAND\n"
            "  1  root        16.0  20.0  16.0  24.0   0.0  init\n"
            "     total       16.0  20.0\n\n"
        )

        assert capsys.readouterr().out.startswith(expected)

    def test_bytes(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        On request sizes are exact.
        """
        rows, notes = listing(
            capsys, {1: process(anonymous=4096, file=8192)}, "--bytes"
        )

        assert ["1", "root", "4096", "8192", "4096", "12288", "0", "worker"] == rows[1]
        assert ["total", "4096", "8192"] == rows[2]
        assert notes.startswith("Sizes in bytes. ")

    def test_order(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        The largest footprint comes last, whatever the other columns say.
        """
        processes = {
            1: process(anonymous=3 * MIB, file=80 * MIB),
            2: process(anonymous=1 * MIB, file=90 * MIB),
            3: process(anonymous=2 * MIB, file=0),
            4: process(anonymous=2 * MIB, file=0),
        }
        rows, _ = listing(capsys, dict(processes))

        assert ["2", "3", "4", "1"] == [row[0] for row in rows[1:-1]]

    def test_old_kernel(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Without a footprint PSS sorts; the column and its sum are unknown.
        """

        def old(mib: int) -> dict[str, bytes]:
            text = rollup(anonymous=mib * MIB, file=0, split=False)
            return process() | {"smaps_rollup": text}

        rows, notes = listing(capsys, {1: old(3), 2: old(1), 3: old(2)})

        assert ["2", "3", "1"] == [row[0] for row in rows[1:-1]]
        assert ["?", "?", "?", "?"] == [rows[i][2] for i in (1, 2, 3)] + [rows[4][1]]
        assert "? under FOOTPRINT: this system does not print that" in notes

    def test_pss_only(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        What a system does not print is unknown, never 0.
        """
        files = {
            "status": status(),
            "smaps": b"1000-2000 r-x- 00000000 00:00 1     /bin/sh\nPss:   512 kB\n",
        }
        rows, notes = listing(capsys, {1: files})

        assert ["1", "root", "?", "0.5", "?", "?", "?", "worker"] == rows[1]
        assert "? under FOOTPRINT, USS, RSS, SWAP: " in notes

    def test_names(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        No name moves the cursor, changes colours or makes a line.
        """
        _, _ = listing(capsys, {1: process()})
        names = [b"\xff\x1b[2J", "\u202egpj.exe".encode(), rb"a\nb", b"x\x07"]
        processes: dict[int, object] = {
            pid: process(name=name) for pid, name in enumerate(names, start=1)
        }
        rows, _ = listing(capsys, processes)

        assert [
            r"\xff\x1b[2J",
            r"\u202egpj.exe",
            r"a\x0ab",
            r"x\x07",
        ] == [row[-1] for row in rows[1:-1]]

    def test_user(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        A user without a name is a number.
        """
        rows, _ = listing(capsys, {1: process(uid=4_000_000_123)})

        assert "4000000123" == rows[1][1]

    @pytest.mark.parametrize("width", [80, 40])
    def test_terminal(
        self,
        width: int,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """
        In a terminal the table and what follows fit its width, or as much
        of the command as can be recognized is left.
        """
        monkeypatch.setattr(output, "width", lambda: width)
        processes = {1: process(name=b"123456789 12345"), 2: denied(2), 3: zombie()}
        cli.main([], source=machine(processes))
        table, notes = capsys.readouterr().out.split("\n\n")

        assert max(map(len, notes.split("\n"))) <= width
        assert max(map(len, table.split("\n"))) <= max(width, 66)
        assert ("123456789 12345" in table) == (width == 80)
        assert ("123456789..." in table) == (width == 40)


def test_of_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """
    This process is among those of the machine, with what it has.
    """
    assert 0 == cli.main(["--bytes"])
    rows = [line.split() for line in capsys.readouterr().out.split("\n")]
    (own,) = [row for row in rows if row[:1] == [str(os.getpid())]]
    usage = procmem.usage()

    assert usage.rss // 2 < int(own[5]) < usage.rss * 2
