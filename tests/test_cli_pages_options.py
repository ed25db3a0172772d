"""
The options of ``procmem pages``, its errors, and when it uses colours.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from procmem.cli import pages
from procmem.cli.pages import Options, run
from tests.pagemap_machine import pages_machine, terminal


class TestErrors:
    @pytest.mark.parametrize(
        ("pid", "expected"),
        [("9", "procmem: no process 9 (any more)\n"), ("3", "the same user")],
    )
    def test_unreadable(
        self, pid: str, expected: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        A process that cannot be read is an error of one line.
        """
        assert 1 == run([pid], pages_machine())
        captured = capsys.readouterr()
        assert expected in captured.err
        assert 1 == captured.err.count("\n")
        assert "" == captured.out

    def test_no_proc(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Where there is no proc file system, that is said.
        """
        root = str(tmp_path / "none")

        assert 1 == run(["1", "--root", root])
        assert root in capsys.readouterr().err

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["0"],
            ["-1"],
            ["x"],
            ["\u0661"],
            ["1" * 11],
            ["1", "2"],
            ["1", "--width", "0"],
            ["1", "--widt", "9"],
            ["1", "--svg"],
        ],
        ids=range(10),
    )
    def test_arguments(
        self, arguments: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        Arguments that make no sense are refused.
        """
        with pytest.raises(SystemExit) as caught:
            run(arguments, pages_machine())

        assert 2 == caught.value.code
        assert "procmem pages: error: " in capsys.readouterr().err

    def test_help(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        The help names every option and fits into a terminal.
        """
        with pytest.raises(SystemExit):
            run(["-h"])
        text = capsys.readouterr().out

        assert all(
            f"--{name.replace('_', '-')}" in text for name in Options._fields[1:]
        )
        assert max(map(len, text.split("\n"))) < 80


class TestColour:
    @pytest.mark.parametrize(
        ("expected", "variables"),
        [
            ("none", {}),
            ("none", {"TERM": "dumb"}),
            ("none", {"TERM": "vt100"}),
            ("none", {"TERM": "linux"}),
            ("256", {"TERM": "xterm"}),
            ("256", {"TERM": "tmux-256color"}),
            ("256", {"TERM": "something-256color"}),
            ("true", {"TERM": "xterm-direct"}),
            ("true", {"TERM": "xterm-256color", "COLORTERM": "truecolor"}),
            ("true", {"TERM": "xterm", "COLORTERM": "24bit"}),
            ("256", {"TERM": "xterm", "COLORTERM": "yes"}),
            ("none", {"TERM": "xterm", "NO_COLOR": "1"}),
            ("256", {"TERM": "xterm", "NO_COLOR": ""}),
            ("none", {"TERM": "dumb", "COLORTERM": "truecolor"}),
        ],
    )
    def test_terminals(
        self,
        expected: str,
        variables: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """
        Colours are used where a terminal is known to have them, and the user
        does not mind.
        """
        terminal(monkeypatch, width=80, **variables)

        assert expected == pages._colour(Options(pid=1))

    def test_switched_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        They can be switched off.
        """
        terminal(monkeypatch, TERM="xterm", COLORTERM="truecolor")

        assert "none" == pages._colour(Options(pid=1, no_color=True))

    def test_no_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Files and pipes get none.
        """
        terminal(monkeypatch, width=None, TERM="xterm", COLORTERM="truecolor")

        assert "none" == pages._colour(Options(pid=1))

    @pytest.mark.parametrize(
        ("expected", "encoding"),
        [(True, "utf-8"), (False, "ascii"), (False, "latin-1")],
    )
    def test_unicode(
        self, expected: bool, encoding: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Half blocks are used where they can be written.
        """
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding))

        assert expected == pages._has_unicode()

    def test_no_output(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Without an output nothing goes wrong before it is written to.
        """
        monkeypatch.setattr(sys, "stdout", None)

        assert not pages._has_unicode()
