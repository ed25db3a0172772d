"""
``procmem tree PID`` shows what a process and all below it cost.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from typing import Any

import pytest

from procmem import cli
from procmem.cli import output
from procmem.errors import AccessDeniedError
from tests.groups.machine import MIB, Files, denied, machine, process, stat, zombie
from tests.groups.puppets import puppet

_EXPECTED = """\
server (pid 7) and 4 processes below it cost at least 33.0 MiB; with the files in \
memory, at least 45.0 MiB.

FOOTPRINT   PSS   USS   RSS  SWAP  PROCESS
     16.0  20.0  16.0  24.0   0.0  7 server
        -     -     -     -     -    8 worker (no memory)
      1.0   5.0   1.0   9.0   0.0    9 worker
     16.0  20.0  16.0  24.0   0.0      10 helper
        ?     ?     ?     ?     ?        12 secret
     33.0  45.0                    total, AT LEAST

Sizes in MiB. FOOTPRINT and PSS divide what is shared and can be added up; the \
others can't.
RSS would add up to 57.0, with shared pages counted for each; USS to 33.0, with \
none of them.
The total is INCOMPLETE:
  process 12: not permitted to read smaps_rollup of process 12: needs the same user
"""


def family() -> dict[int, Files]:
    """
    A tree of five, one of whom can't be read and one of whom has ended; and
    one that is not of it.
    """
    return {
        1: process(1, parent=0, name=b"init"),
        7: process(7, name=b"server", layout=(7, 7, 7)),
        8: zombie(8, parent=7),
        9: process(9, parent=7, anonymous=MIB, layout=(9, 9, 9)),
        10: process(10, parent=9, name=b"helper", layout=(10, 10, 10)),
        12: denied(12, parent=10, name=b"secret"),
        11: process(11),
    }


def document(
    capsys: pytest.CaptureFixture[str], processes: dict[int, Files], *arguments: str
) -> dict[str, Any]:
    """
    What ``--json`` prints.
    """
    source = machine(processes)
    assert 0 == cli.main(["tree", "--json", *arguments], source=source)
    text = capsys.readouterr().out
    assert text.isascii()
    found: dict[str, Any] = json.loads(text)
    return found


class TestText:
    def test_all(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        A sentence, each process below its parent, the totals, and what one
        must know about them.
        """
        assert 0 == cli.main(["tree", "7"], source=machine(family()))
        assert (_EXPECTED, "") == capsys.readouterr()

    def test_alone(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        One without children is a tree, too.
        """
        assert 0 == cli.main(["tree", "11"], source=machine(family()))
        text = capsys.readouterr().out

        assert text.startswith("worker (pid 11), which has no children, costs 16.0 MiB")
        assert "add up to" not in text
        assert "INCOMPLETE" not in text

    def test_bytes(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        On request sizes are exact, everywhere.
        """
        assert 0 == cli.main(["tree", "9", "--bytes"], source=machine(family()))
        text = capsys.readouterr().out

        assert "cost at least 17825792 bytes;" in text
        (line,) = [line for line in text.split("\n") if line.endswith(" 9 worker")]
        assert ["1048576", "5242880", "1048576", "9437184", "0"] == line.split()[:5]
        assert "MiB" not in text

    def test_kinds(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        On request all of it by kind.
        """
        assert 0 == cli.main(["tree", "7", "--kinds"], source=machine(family()))
        text = capsys.readouterr().out

        assert (
            " RSS   PSS   USS  SWAP  KIND\n"
            "33.0  33.0  33.0   0.0  heap\n"
            "24.0  12.0   0.0   0.0  file\n"
        ) in text

    def test_one_address_space(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        What has the memory of another shows no figures of its own.
        """
        files = {
            pid: {**process(pid, parent=parent), "maps": b"x"}
            for pid, parent in ((1, 0), (7, 1), (8, 7))
        }
        files[1]["stat"] = stat(1, parent=0, layout=(1, 1, 1))
        assert 0 == cli.main(["tree", "7"], source=machine(files))
        text = capsys.readouterr().out

        assert "cost 16.0 MiB" in text
        assert "        -     -     -     -     -    8 worker (in 7)\n" in text
        assert '"(in PID)": it has the address space of that process' in text

    def test_deep(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        However deep a tree is, names stay in sight: from some generation on
        they are numbered.
        """
        files = {1: process(1, parent=0)}
        files |= {pid: process(pid, parent=pid - 1) for pid in range(2, 40)}
        assert 0 == cli.main(["tree", "1"], source=machine(files, calling=1))
        lines = capsys.readouterr().out.split("\n")

        assert any(line.endswith("  " + "  " * 10 + "11 worker") for line in lines)
        assert any(line.endswith("  " + "  " * 10 + "[38] 39 worker") for line in lines)

    def test_ring(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Parents that were read while they changed may make a ring; each is
        shown once.
        """
        files = {
            1: process(1, parent=0),
            7: process(7, parent=1),
            8: process(8, parent=7),
        }
        files[8]["stat"] = [
            stat(8, parent=7),
            stat(8, parent=7),
            stat(8, parent=9),
        ]
        files[9] = process(9, parent=8)
        assert 0 == cli.main(["tree", "7"], source=machine(files))
        lines = capsys.readouterr().out.split("\n")

        assert 1 == sum(line.endswith(" 8 worker") for line in lines)
        assert 1 == sum(line.endswith(" 9 worker") for line in lines)

    def test_harmless_names(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Names that a program chose do nothing to a terminal.
        """
        files = {1: process(1, parent=0), 7: process(7, name=b"\x1b[2J\xff")}
        assert 0 == cli.main(["tree", "7"], source=machine(files))

        assert "7 \\x1b[2J\\xff\n" in capsys.readouterr().out

    def test_width(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        On a terminal no line is wider than that.
        """
        monkeypatch.setattr(output, "width", lambda: 60)
        files = family()
        files[9]["stat"] = stat(9, parent=7, name=b"n" * 15, layout=(9, 9, 9))
        assert 0 == cli.main(["tree", "7"], source=machine(files))

        lines = capsys.readouterr().out.split("\n")
        assert max(map(len, lines)) <= 60


class TestJson:
    def test_all(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        All that is known, in bytes.
        """
        found = document(capsys, family(), "7")

        assert (1, 7, False) == (found["schema"], found["root"], found["complete"])
        assert [7, 8, 9, 10] == [one["pid"] for one in found["processes"]]
        assert [1, 7, 7, 9] == [one["parent"] for one in found["processes"]]
        assert [True, False, True, True] == [
            one["has_address_space"] for one in found["processes"]
        ]
        assert 33 * MIB == found["total"]["footprint"]
        assert 33 * MIB == sum(one["footprint"] for one in found["processes"])
        assert 57 * MIB == found["total"]["rss_sum"]
        assert found["total"]["hugetlb"] is None
        (unreadable,) = found["unreadable"]
        assert (12, "secret", 10, "AccessDeniedError") == (
            unreadable["pid"],
            unreadable["name"],
            unreadable["parent"],
            unreadable["error"],
        )
        assert [] == found["unread"] == found["gone"]
        assert "kinds" not in found

    def test_kinds(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        With kinds, if asked.
        """
        found = document(capsys, family(), "7", "--kinds")

        assert 33 * MIB == found["kinds"]["heap"]["pss"]

    def test_timeout(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        What the time did not suffice for is named.
        """
        found = document(capsys, family(), "7", "--timeout", "0")

        assert not found["complete"]
        assert [7] == [one["pid"] for one in found["unread"]]


class TestFailures:
    def test_gone(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        A process that is not there is a line on stderr.
        """
        assert 1 == cli.main(["tree", "99"], source=machine(family()))
        assert ("", "procmem: no process 99 (any more)\n") == capsys.readouterr()

    def test_denied(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        If the root can't be read, the rest is shown, and the exit code tells.
        """
        files = family()
        files[10]["stat"] = stat(10, parent=12, name=b"helper")
        files[12]["stat"] = stat(12, parent=7, name=b"secret")
        assert 1 == cli.main(["tree", "12"], source=machine(files))
        out, err = capsys.readouterr()

        assert "16.0  20.0  16.0  24.0   0.0    10 helper" in out
        assert err.startswith("procmem: not permitted to read smaps_rollup")

    def test_not_even_listed(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        So it is if one can't see who it is.
        """
        files = family()
        files[7]["stat"] = AccessDeniedError(7, "stat", "more rights")
        assert 1 == cli.main(["tree", "7"], source=machine(files))
        out, err = capsys.readouterr()
        assert "" == out
        assert "procmem: not permitted to read stat of process 7: " in err

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["x"],
            ["0"],
            ["7", "8"],
            ["7", "--timeout", "-1"],
            ["7", "--timeout", "x"],
        ],
    )
    def test_nonsense(
        self, arguments: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        Arguments that make no sense are refused.
        """
        assert 2 == cli.main(["tree", *arguments], source=machine(family()))
        assert "usage: procmem tree" in capsys.readouterr().err

    def test_help(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        The help explains the columns, in 80 columns.
        """
        assert 0 == cli.main(["tree", "--help"])
        text = capsys.readouterr().out

        assert "FOOTPRINT  share of memory" in text
        assert max(map(len, text.split("\n"))) <= 80


@pytest.mark.live
def test_terminal() -> None:
    """
    On a real terminal of 80 columns it fits, and leaves itself out.
    """
    with puppet() as parent:
        children = parent.fork(3)
        main, other = pty.openpty()
        size = struct.pack("HHHH", 24, 80, 0, 0)
        fcntl.ioctl(other, termios.TIOCSWINSZ, size)
        environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
        subprocess.run(
            [sys.executable, "-m", "procmem", "tree", str(parent.pid)],
            check=True,
            stdout=other,
            env=environment,
            timeout=60,
        )
        os.close(other)
        text = _all_of(main)
        inside = parent.run(
            f"__import__('subprocess').run([{sys.executable!r}, '-m', 'procmem', "
            f"'tree', '--json', '{parent.pid}'], capture_output=True, text=True).stdout"
        )

    lines = text.replace("\r", "").split("\n")
    assert max(map(len, lines)) <= 80
    for child in children:
        assert any(f"    {child} python" in line for line in lines)
    found = [one["pid"] for one in json.loads(inside)["processes"]]
    assert [parent.pid, *children] == found


def _all_of(descriptor: int) -> str:
    chunks: list[bytes] = []
    try:
        while chunk := os.read(descriptor, 65536):
            chunks.append(chunk)
    except OSError:
        # That is how a pseudo-terminal ends.
        pass
    os.close(descriptor)
    return b"".join(chunks).decode()
