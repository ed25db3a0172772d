"""
The command does what its arguments say, and errors are one line each.
"""

from __future__ import annotations

import os
import sys
import types
from collections import abc

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem import cli
from procmem.cli import listing
from procmem.cli.options import Options, _parser, parse
from tests.cli_machine import machine, process

_ONE = machine({1: process(name=b"init")})


class TestOptions:
    @pytest.mark.parametrize(
        ("expected", "arguments"),
        [
            (Options(), []),
            (Options(pids=(1,)), ["1"]),
            (Options(pids=(3, 1, 2)), ["3", "1", "2", "1", "3"]),
            (Options(pids=(7,)), ["007"]),
            (Options(json=True), ["--json"]),
            (Options(pids=(1, 2), json=True), ["1", "--json", "2"]),
            (Options(pids=(1,), bytes=True), ["--bytes", "--", "1"]),
            (Options(root="/host/proc"), ["--root", "/host/proc"]),
            (Options(root="a=b"), ["--root=a=b"]),
            (Options(version=True), ["--version"]),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_understood(self, expected: Options, arguments: list[str]) -> None:
        """
        Options stand anywhere, and each process is shown once.
        """
        assert expected == parse(arguments)

    @pytest.mark.parametrize(
        "pid",
        ["0", "-1", "1.0", "+1", " 1", "1_0", "", "x", "\u0661", "1" * 11, "9" * 5000],
        ids=range(11),
    )
    def test_not_a_pid(self, pid: str, capsys: pytest.CaptureFixture[str]) -> None:
        """
        What is not the number of a process is refused as one that is none.
        """
        with pytest.raises(SystemExit) as caught:
            parse(["--json", pid])

        assert 2 == caught.value.code
        assert "procmem: error: " in capsys.readouterr().err

    @pytest.mark.parametrize("option", ["--jso", "--nonsense", "-x", "--root"])
    def test_no_such_option(
        self, option: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        Options are spelled out.
        """
        assert 2 == cli.main([option], source=_ONE)
        assert "usage: procmem" in capsys.readouterr().err

    @given(st.lists(st.integers(1, 10**10 - 1).map(str)))
    def test_shortcut(self, arguments: list[str]) -> None:
        """
        What is understood without argparse is what argparse makes of it.
        """
        expected = tuple(dict.fromkeys(_parser().parse_intermixed_args(arguments).pids))

        assert Options(pids=expected) == parse(arguments)


class TestMain:
    def test_help(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        The help names every option, column and exit code.
        """
        assert 0 == cli.main(["-h"])
        text = capsys.readouterr().out
        assert all(
            word in text
            for word in ("--json", "--bytes", "--root", "FOOTPRINT", "exit codes")
        )
        assert max(map(len, text.split("\n"))) < 80

    def test_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        The version is that of the distribution.
        """
        assert 0 == cli.main(["--version"], source=_ONE)
        assert f"procmem {procmem.__version__}\n" == capsys.readouterr().out

    @pytest.mark.parametrize("word", ["trees", "x1", "\x1b[31m", "/proc"])
    def test_unknown_command(
        self, word: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        A word that is no command is a usage error, shown harmlessly.
        """
        assert 2 == cli.main([word, "1"], source=_ONE)
        message = capsys.readouterr().err
        assert message.startswith("procmem: neither a pid nor a command: ")
        assert "(commands: " in message
        assert "\x1b" not in message

    def test_command(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        A command is a module, which gets the other arguments and the source.
        """
        calls: list[object] = []

        def run(arguments: abc.Sequence[str], source: object) -> int:
            calls.append((arguments, source))
            return 7

        module = types.ModuleType("procmem.cli.subject")
        module.run = run  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(cli._COMMANDS, "oak", "subject")

        assert 7 == cli.main(["oak", "--depth", "3"], source=_ONE)
        assert [(["--depth", "3"], _ONE)] == calls
        assert 2 == cli.main(["three"], source=_ONE)
        assert "oak)" in capsys.readouterr().err

    def test_arguments_of_this_process(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        Without arguments, those of the process are taken.
        """
        monkeypatch.setattr(sys, "argv", ["procmem", "1"])
        monkeypatch.setattr(cli, "_hurry", lambda: None)

        assert 0 == cli.main(source=_ONE)
        assert capsys.readouterr().out.startswith("init (pid 1) uses 20.0 MiB")

    def test_interrupt(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        Ctrl-C ends it without a word.
        """

        def interrupted(*_: object) -> int:
            raise KeyboardInterrupt

        monkeypatch.setattr(listing, "run", interrupted)

        assert 130 == cli.main([], source=_ONE)
        assert ("", "") == capsys.readouterr()

    def test_root(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Another root is where the processes are looked for.
        """
        assert 0 == cli.main(["--root", "/proc/self/root/proc", str(os.getpid())])
        assert f"(pid {os.getpid()}) uses" in capsys.readouterr().out

    @pytest.mark.parametrize("root", ["/nonexistent", "/dev/null", "empty"])
    def test_bad_root(
        self,
        root: str,
        tmp_path: os.PathLike[str],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """
        A root that has no processes is a usage error.
        """
        if root == "empty":
            root = os.fspath(tmp_path)

        assert 2 == cli.main(["--root", root])
        out, err = capsys.readouterr()
        assert "" == out
        assert root in err
        assert 1 == err.count("\n")

    def test_bad_root_with_pid(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        A process is not found where there are none.
        """
        assert 1 == cli.main(["--root", "/nonexistent", "1"])
        assert "process 1: /nonexistent" in capsys.readouterr().err

    def test_no_stderr(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Where nobody hears complaints the exit code tells.
        """
        monkeypatch.setattr(sys, "stderr", None)

        assert 2 == cli.main(["nonsense"])
