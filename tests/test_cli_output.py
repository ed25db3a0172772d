"""
The command writes to anything, and starts fast.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from importlib import import_module
from typing import IO

import pytest

from procmem import cli
from procmem.cli import output
from procmem.cli.people import Users
from tests.cli_machine import machine, process

_ONE = machine({1: process(name=b"init")})


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestOutput:
    def test_width_of_a_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        What is no terminal has no width, whatever the environment says.
        """
        monkeypatch.setenv("COLUMNS", "40")
        monkeypatch.setattr(sys, "stdout", io.StringIO())
        assert output.width() is None
        monkeypatch.setattr(sys, "stdout", None)
        assert output.width() is None

    @pytest.mark.parametrize(
        ("expected", "columns"), [(40, "40"), (80, ""), (80, "0"), (80, "wide")]
    )
    def test_width_of_a_terminal(
        self, expected: int, columns: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The environment goes before the terminal; 80 columns are usual.
        """
        monkeypatch.setenv("COLUMNS", columns)
        monkeypatch.setattr(sys, "stdout", _Terminal())

        assert expected == output.width()

    @pytest.mark.parametrize(("expected", "columns"), [(80, 0), (132, 132)])
    def test_width_told_by_the_terminal(
        self, expected: int, columns: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A terminal tells its width; 0 means that it does not know.
        """
        size = os.terminal_size((columns, 24))
        monkeypatch.delenv("COLUMNS", raising=False)
        monkeypatch.setattr(os, "get_terminal_size", lambda _: size)
        terminal = _Terminal()
        monkeypatch.setattr(terminal, "fileno", lambda: 1, raising=False)
        monkeypatch.setattr(sys, "stdout", terminal)

        assert expected == output.width()

    def test_encoding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        What an encoding lacks is escaped.
        """
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
        output.emit("caf\N{LATIN SMALL LETTER E WITH ACUTE}\n")

        assert b"caf\\xe9\n" == raw.getvalue()

    def test_any_stream(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Any stream will do.
        """
        stream = io.StringIO()
        monkeypatch.setattr(sys, "stdout", stream)
        output.emit("text")

        assert "text" == stream.getvalue()

    def test_closed(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        Without an output there is an error.
        """
        monkeypatch.setattr(sys, "stdout", None)

        assert 1 == cli.main(["1"], source=_ONE)
        assert "procmem: can't write: the output is closed\n" == capsys.readouterr().err


class TestUsers:
    def test_names(self) -> None:
        """
        Users have names, numbers where they have none, or are not known.
        """
        users = Users()
        numbers = [0, 4_000_000_123, 0, None, 2**80]
        expected = ["root", "4000000123", "root", None, str(2**80)]

        assert expected == [users.name(uid) for uid in numbers]


def _run(
    *arguments: str,
    stdout: int | IO[bytes] = subprocess.PIPE,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "procmem", *arguments],
        check=False,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=env,
        timeout=60,
    )


class TestProgram:
    """
    As it is run from a shell.
    """

    def test_broken_pipe(self) -> None:
        """
        When the reader goes away it ends without a word.
        """
        reader, writer = os.pipe()
        os.close(reader)
        try:
            done = _run(stdout=writer)
        finally:
            os.close(writer)

        assert (141, b"") == (done.returncode, done.stderr)

    def test_full_disk(self) -> None:
        """
        What can't be written is said, once.
        """
        with open("/dev/full", "wb") as full:
            done = _run("1", str(os.getpid()), stdout=full)

        assert 1 == done.returncode
        assert b"procmem: can't write: No space left on device\n" in done.stderr
        assert b"Traceback" not in done.stderr

    @pytest.mark.parametrize("name", [b"caf\xe9\x1b[2J", "caf\u00e9".encode()])
    def test_ascii(self, name: bytes, tmp_path: os.PathLike[str]) -> None:
        """
        A terminal that knows nothing but ASCII gets nothing else.
        """
        program = os.path.join(os.fsencode(tmp_path), name)
        os.symlink("/bin/sleep", program)
        environment = os.environ | {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
        with subprocess.Popen([program, "60"]) as sleeper:
            try:
                done = _run(str(sleeper.pid), env=environment)
                everything = _run(env=environment)
            finally:
                sleeper.kill()

        assert 0 == done.returncode == everything.returncode
        for text in (done.stdout, everything.stdout):
            assert rb"caf\xe9" in text
            assert text.isascii()
            assert b"\x1b" not in text

    def test_interrupt(self) -> None:
        """
        Ctrl-C ends it with the code that shells know, without a traceback.
        """
        code = (
            "import signal, sys; from procmem import cli;"
            "from procmem.cli import listing;"
            "listing.run = lambda *_: signal.raise_signal(signal.SIGINT);"
            "sys.exit(cli.main([]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], check=False, capture_output=True, timeout=60
        )

        assert (130, b"", b"") == (done.returncode, done.stdout, done.stderr)

    def test_starts_fast(self) -> None:
        """
        Listing all processes imports nothing that it does not need.
        """
        code = (
            "import sys; before = {*sys.modules};"
            "from procmem.cli import main; sys.argv[1:] = []; main();"
            "print(sorted({*sys.modules} - before), file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, timeout=60
        )
        heavy = ("argparse", "json", "shutil", "concurrent", "subprocess", "html")

        assert [] == [name for name in heavy if f"'{name}'".encode() in done.stderr]

    def test_as_a_module(self) -> None:
        """
        The module runs the command, and nothing when it is imported.
        """
        assert cli.main is import_module("procmem.__main__").main
        done = _run("--help", stdout=subprocess.PIPE)

        assert 0 == done.returncode
        assert done.stdout.startswith(b"usage: procmem")
