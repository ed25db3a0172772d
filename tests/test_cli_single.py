"""
``procmem PID`` explains one process.
"""

from __future__ import annotations

import pytest

import procmem
from procmem import cli
from procmem.cli import output
from procmem.errors import ParseError, ProcessGoneError, UnsupportedError
from tests.cli_machine import (
    MIB,
    denied,
    kernel_thread,
    machine,
    old_process,
    process,
    status,
    zombie,
)

_EXPECTED = """\
worker (pid 7) uses 20.0 MiB: 16.0 MiB private, and 4.0 MiB as its share of 8.0 MiB \
that are shared; 2.0 MiB are swapped out.

  resident      24.0 MiB  in memory, shared pages in full (RSS)
  proportional  20.0 MiB  in memory, shared pages divided (PSS)
  private       16.0 MiB  pages that are mapped only once (USS)
  shared         8.0 MiB  pages mapped more than once, in full
  swapped        2.0 MiB  moved out to swap, shared pages in full
  footprint     18.0 MiB  share of memory without a file, and of swap
  peak          24.0 MiB  the most that was ever resident (VmHWM)

  kind  mappings  resident  proportional   private  swapped
  heap         1  16.0 MiB      16.0 MiB  16.0 MiB  2.0 MiB
  file         1   8.0 MiB       4.0 MiB       0 B      0 B
"""


def _figures(text: str) -> dict[str, str]:
    """
    The figures of the first table by their labels.
    """
    lines = text.split("\n\n")[1].split("\n")
    cells = [line.split("  ") for line in lines]
    rows = [[cell.strip() for cell in row if cell] for row in cells]
    return {row[0]: row[1] for row in rows}


class TestText:
    def test_all(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        A sentence, what the figures mean, and what it is used for.
        """
        source = machine({7: process(swap=2 * MIB)})

        assert 0 == cli.main(["7"], source=source)
        assert (_EXPECTED, "") == capsys.readouterr()

    def test_bytes(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        On request sizes are exact, everywhere.
        """
        cli.main(["7", "--bytes"], source=machine({7: process()}))
        text = capsys.readouterr().out

        assert "uses 20971520 bytes: 16777216 bytes private, and 4194304 bytes" in text
        assert "25165824" == _figures(text)["resident"]
        assert "MiB" not in text
        assert "  heap         1  16777216      16777216  16777216        0\n" in text

    def test_several(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Each process has its paragraph, in the order asked for; what can't
        be read is a line on stderr, and the exit code tells.
        """
        source = machine(
            {1: process(name=b"a"), 2: process(name=b"b"), 3: denied(3, name=b"c")}
        )

        assert 1 == cli.main(["9", "2", "3", "1"], source=source)
        out, err = capsys.readouterr()
        assert out.startswith("b (pid 2) uses ")
        assert 1 == out.count("\n\na (pid 1) uses ")
        assert [
            "procmem: no process 9 (any more)",
            (
                "procmem: not permitted to read smaps_rollup of process 3: needs the "
                "same user"
            ),
        ] == err.splitlines()

    @pytest.mark.parametrize(
        ("expected", "files"),
        [
            (
                "kworker/0:1 (pid 7) has no memory of its own: it is a kernel thread.",
                kernel_thread(),
            ),
            ("done (pid 7) has no memory of its own: it is a zombie.", zombie()),
        ],
        ids=["thread", "zombie"],
    )
    def test_no_memory(
        self,
        expected: str,
        files: dict[str, bytes],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """
        Of what has no memory it is said why, without tables of zeros.
        """
        assert 0 == cli.main(["7"], source=machine({7: files}))
        assert (f"{expected}\n", "") == capsys.readouterr()

    @pytest.mark.parametrize(
        "error",
        [
            ProcessGoneError(7),
            ParseError("odd", "smaps_rollup", 1, b"\x1b\n"),
            UnsupportedError("smaps", "a kernel"),
            OSError(5, "Input/output\nerror"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_one_line(
        self, error: Exception, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        Whatever goes wrong is one line with the pid in it.
        """
        files = {"status": status(), "smaps_rollup": error, "smaps": error}

        assert 1 == cli.main(["7"], source=machine({7: files}))
        out, err = capsys.readouterr()
        assert "" == out
        assert err.startswith("procmem: ")
        assert "process 7" in err
        assert 1 == err.count("\n")
        assert "\x1b" not in err

    def test_names(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        A name is shown and not obeyed; without one there is a ``?``.
        """
        source = machine(
            {
                1: process(name=b"\xff\x1b[2J"),
                2: process() | {"status": b"VmSize:\t    4 kB\n"},
            }
        )

        assert 0 == cli.main(["1", "2"], source=source)
        text = capsys.readouterr().out
        assert text.startswith(r"\xff\x1b[2J (pid 1) uses ")
        assert "\n\n? (pid 2) uses " in text

    def test_missing(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        What a system does not print is ``?``, never 0.
        """
        files = {
            "status": status(peak=None),
            "smaps": b"1000-2000 r-x- 00000000 00:00 1     /bin/sh\nPss:   512 kB\n",
        }

        assert 0 == cli.main(["7"], source=machine({7: files}))
        text = capsys.readouterr().out
        assert text.startswith(
            "worker (pid 7) uses 512.0 KiB (how much of it is private is not known); "
            "how much is swapped out is not known."
        )
        figures = _figures(text)
        assert "512.0 KiB" == figures.pop("proportional")
        assert {"?"} == set(figures.values())
        assert "  file         1         ?     512.0 KiB        ?        ?\n" in text

    @pytest.mark.parametrize(
        ("expected", "exact", "options"),
        [
            ("16.0 MiB", True, []),
            ("16777216", True, ["--bytes"]),
            ("12.0 MiB to 16.0 MiB", False, []),
            ("12582912 to 16778239", False, ["--bytes"]),
        ],
        ids=["exact", "exact bytes", "bounds", "bounds bytes"],
    )
    def test_old_kernel(
        self,
        expected: str,
        exact: bool,
        options: list[str],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """
        Where only mappings tell the footprint, it is theirs; where they tell
        no more than bounds, those are shown.
        """
        source = machine({7: old_process(exact=exact)})

        assert 0 == cli.main(["7", *options], source=source)
        assert expected == _figures(capsys.readouterr().out)["footprint"]

    def test_terminal(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        In a terminal of 80 columns nothing wraps by itself.
        """
        monkeypatch.setattr(output, "width", lambda: 80)
        cli.main(["7"], source=machine({7: process(swap=MIB)}))
        lines = capsys.readouterr().out.split("\n")

        assert max(map(len, lines)) <= 80
        assert "8.0 MiB that are shared; 1.0 MiB are swapped out." == lines[1]


def test_the_library_gives_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """
    What is printed are the answers of the library.
    """
    source = machine({7: process(swap=MIB)})
    cli.main(["--bytes", "7"], source=source)
    figures = _figures(capsys.readouterr().out)

    assert {
        "resident": procmem.rss(7, source=source),
        "proportional": procmem.pss(7, source=source),
        "private": procmem.uss(7, source=source),
        "shared": procmem.shared(7, source=source),
        "swapped": procmem.swap(7, source=source),
        "footprint": procmem.footprint(7, source=source),
        "peak": procmem.peak_rss(7, source=source),
    } == {label: int(text) for label, text in figures.items()}
