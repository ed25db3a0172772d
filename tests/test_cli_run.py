"""
``procmem run``: what a command costs, and that the command does not notice.
"""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.children import state

pytestmark = pytest.mark.live

_PROCMEM = [sys.executable, "-m", "procmem", "run"]
_PYTHON = [sys.executable, "-S", "-c"]

# Memory that is mapped, touched, held for a while, and given back.
_HOLD = """
import mmap, sys, time
size = int(sys.argv[1]) << 20
memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for start in range(0, size, mmap.PAGESIZE):
    memory[start] = 1
time.sleep(float(sys.argv[2]))
memory.close()
time.sleep(0.1)
"""


def _run(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """
    What the program does.
    """
    return subprocess.run(
        [*_PROCMEM, *arguments],
        check=False,
        capture_output=True,
        text=True,
        input=stdin,
        timeout=60,
    )


def _rest(terminal: int) -> bytes:
    """
    All that is still written to a terminal.
    """
    text = b""
    try:
        while block := os.read(terminal, 4096):
            text += block
    except OSError:
        # That is how the end looks.
        pass
    os.close(terminal)
    return text


def _hold(mebibytes: int, seconds: float = 0.2) -> list[str]:
    return [*_PYTHON, _HOLD, str(mebibytes), str(seconds)]


class TestTheCommand:
    @pytest.mark.parametrize(
        ("script", "code"),
        [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)],
    )
    def test_exit_status(self, script: str, code: int) -> None:
        """
        Its exit status is that of the command, as a shell would report it.
        """
        assert code == _run("--", "sh", "-c", script).returncode

    def test_signal_is_named(self) -> None:
        """
        What ended it is in the report.
        """
        assert "ended by signal 9" in _run("sh", "-c", "kill -9 $$").stderr

    def test_not_found(self) -> None:
        """
        A command that is not there is 127, with one line that says so.
        """
        done = _run("no-such-command")

        assert (127, "", "procmem: no-such-command: No such file or directory\n") == (
            done.returncode,
            done.stdout,
            done.stderr,
        )

    def test_not_executable(self, tmp_path: Path) -> None:
        """
        One that can't be executed is 126.
        """
        assert 126 == _run(str(tmp_path)).returncode

    def test_script_without_interpreter(self, tmp_path: Path) -> None:
        """
        A script that does not say what runs it is run by the shell.
        """
        script = tmp_path / "script"
        script.write_text('echo "$0 $1"\n')
        script.chmod(0o755)

        assert f"{script} a b\n" == _run("--quiet", str(script), "a b").stdout

    def test_input_and_output(self) -> None:
        """
        Input and output are the command's alone; the report is on stderr.
        """
        done = _run("sh", "-c", "cat; echo mine >&2", stdin="hello\n")

        assert "hello\n" == done.stdout
        assert done.stderr.startswith("mine\nprocmem: peak footprint of sh")

    def test_arguments(self) -> None:
        """
        All after the command are its own, with and without the dashes.
        """
        words = ["--limit", "--", "-h", "1"]

        for dashes in ([], ["--"]):
            done = _run("--quiet", *dashes, "printf", "%s\n", *words)
            assert words == done.stdout.split()

    def test_pipe_that_closes(self) -> None:
        """
        A command whose reader goes away ends as it would by itself.
        """
        with subprocess.Popen(
            [*_PROCMEM, "yes"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as program:
            assert program.stdout is not None
            program.stdout.read(2)
            program.stdout.close()

            assert 128 + signal.SIGPIPE == program.wait(30)

    def test_signal_mask(self) -> None:
        """
        It starts with no signal blocked, and none ignored that was not.
        """
        command = ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]
        texts = subprocess.check_output(command, text=True), _run(*command).stdout
        # Not the two signals after 31, which the C library keeps to itself.
        plain, ours = (
            [int(word, 16) & 0x7FFF_FFFF for word in text.split()[1::2]]
            for text in texts
        )

        assert plain == ours

    def test_terminal(self) -> None:
        """
        A command in a terminal has one, and the report fits into it.
        """
        pid, terminal = pty.fork()
        if pid == 0:  # pragma: no cover (another program from here on)
            os.execv(_PROCMEM[0], [*_PROCMEM, "sh", "-c", "test -t 0 && echo yes"])
        text = _rest(terminal)
        _, status = os.waitpid(pid, 0)

        assert 0 == status
        first, *rest = text.decode().split("\r\n")
        assert "yes" == first
        assert max(map(len, rest)) <= 80


class TestSignals:
    @pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
    def test_are_passed_on(self, name: str) -> None:
        """
        A signal to this program reaches the command, which does as it likes.
        """
        script = (
            f"trap 'echo caught; exit 5' {name[3:]}; echo ready; "
            "while :; do sleep 0.01; done"
        )
        with subprocess.Popen(
            [*_PROCMEM, "--quiet", "sh", "-c", script],
            stdout=subprocess.PIPE,
            text=True,
        ) as program:
            assert program.stdout is not None
            program.stdout.readline()
            program.send_signal(signal.Signals[name])

            assert ("caught\n", 5) == (program.stdout.read(), program.wait(30))

    def test_end_by_a_signal(self) -> None:
        """
        A command that dies of it is reported as such.
        """
        with subprocess.Popen(
            [*_PROCMEM, "sh", "-c", "sleep 60 >/dev/null 2>&1 & echo ready; wait"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as program:
            assert program.stdout is not None
            assert program.stderr is not None
            program.stdout.readline()
            program.terminate()
            assert 143 == program.wait(30)
            report = program.stderr.readline()
            # What it left behind.
            left = re.search(r"still running: sleep \((\d+)\)", program.stderr.read())
            assert left is not None
            os.kill(int(left[1]), signal.SIGKILL)

        assert "procmem: peak footprint of sh" in report

    def test_interrupt_at_a_terminal(self) -> None:
        """
        Control-C at a terminal reaches the command once, as it does anyway.
        """
        script = (
            "trap 'echo caught' INT; echo ready; i=0; "
            "while [ $i -lt 30 ]; do sleep 0.01; i=$((i + 1)); done"
        )
        pid, terminal = pty.fork()
        if pid == 0:  # pragma: no cover (another program from here on)
            os.execv(_PROCMEM[0], [*_PROCMEM, "--quiet", "sh", "-c", script])
        text = b""
        while b"ready" not in text:
            text += os.read(terminal, 4096)
        os.write(terminal, b"\x03")
        text += _rest(terminal)
        _, status = os.waitpid(pid, 0)

        assert (0, 1) == (status, text.count(b"caught"))


class TestMemory:
    def test_over_the_limit(self) -> None:
        """
        5 % too much is 117, and the first line says by how much.
        """
        done = _run("--limit", "95MiB", *_hold(100))

        assert 117 == done.returncode
        assert re.match(
            r"procmem: peak footprint of python\S* was 10\d\.\d MiB, limit 95\.0 MiB: "
            r"OVER\s+by \d+\.\d MiB, \d+\.\d %",
            done.stderr.replace("\n  ", " "),
        )

    def test_within_the_limit(self) -> None:
        """
        5 % more than what it needs is enough.
        """
        done = _run("--limit", "110 MiB", *_hold(100))

        assert 0 == done.returncode
        assert "within the limit" in done.stderr.replace("\n  ", " ")

    def test_untouched(self) -> None:
        """
        What is mapped and not touched costs nothing.
        """
        code = "import mmap; memory = mmap.mmap(-1, 1 << 30)"

        assert 0 == _run("--limit", "64MiB", *_PYTHON, code).returncode

    def test_children(self) -> None:
        """
        What children take counts, and each gets a line.
        """
        code = (
            "import subprocess, sys;"
            "[one.wait() for one in [subprocess.Popen(sys.argv[1:]) for _ in range(2)]]"
        )
        done = _run("--limit", "100MiB", *_PYTHON, code, *_hold(60))

        assert 117 == done.returncode
        assert "and 2 descendants was 1" in done.stderr.replace("\n  ", " ")
        row = r"^ +\d+ +[3-9]\d\.\d MiB "
        assert 2 == len(re.findall(row, done.stderr, re.MULTILINE))

    def test_failure_of_the_command_comes_first(self) -> None:
        """
        A command that fails by itself keeps its exit status.
        """
        done = _run("--limit", "1 B", "sh", "-c", "sleep 0.1; exit 3")

        assert 3 == done.returncode
        assert "OVER" in done.stderr

    def test_own_exit_code(self) -> None:
        """
        The code for too much can be chosen.
        """
        done = _run("--limit=1kB", "--limit-exit-code", "42", "sleep", "0.1")

        assert 42 == done.returncode

    def test_short_command(self) -> None:
        """
        Of a command that is over at once, the bound says what was not seen.
        """
        done = _run("--json", "/dev/stderr", "--quiet", *_hold(1, 0))
        document = json.loads(done.stderr)

        assert document["peak"] <= document["peak_upper"]

    @pytest.mark.parametrize("metric", ["footprint", "pss", "uss", "rss"])
    def test_metrics(self, metric: str) -> None:
        """
        Any metric can be summed.
        """
        done = _run("--metric", metric, "--limit", "40MiB", *_hold(50))

        assert 117 == done.returncode
        assert f"peak {metric} of " in done.stderr


class TestOrphans:
    def test_are_left(self) -> None:
        """
        What a command leaves behind is told, and not waited for.
        """
        done = _run("sh", "-c", "sleep 60 >/dev/null 2>&1 & exit 4")
        (pid,) = map(int, re.findall(r"still running: sleep \((\d+)\)", done.stderr))
        try:
            assert 4 == done.returncode
            assert state(pid) == "S"
        finally:
            os.kill(pid, signal.SIGKILL)

    def test_count(self) -> None:
        """
        A daemon counts, though its parent ended before anybody looked.
        """
        done = _run(
            "--wait",
            "--limit",
            "40MiB",
            "sh",
            "-c",
            '(setsid "$@" &)',
            "sh",
            *_hold(50),
        )

        assert 117 == done.returncode

    def test_are_waited_for(self) -> None:
        """
        Children that are not the command leave no zombies.
        """
        script = (
            "for i in 1 2 3; do (sleep 0.05 &); done; sleep 0.3; "
            "ps -o stat= --ppid $PPID"
        )
        done = _run("--quiet", "sh", "-c", script)

        assert "Z" not in done.stdout


class TestTheDocument:
    def test_content(self, tmp_path: Path) -> None:
        """
        The document has what the report says, in bytes.
        """
        path = tmp_path / "cost.json"
        done = _run("--json", str(path), "--limit", "10MiB", *_hold(50))
        document = json.loads(path.read_text())

        assert 117 == done.returncode
        assert document["command"] == _hold(50)
        assert (0, None, True, 10 << 20, "footprint") == tuple(
            document[key]
            for key in ("exit_status", "signal", "over_limit", "limit", "metric")
        )
        assert 50 << 20 <= document["peak"] <= 60 << 20
        assert document["peak_lower"] <= document["peak"] <= document["peak_upper"]
        assert [document["pid"]] == [one["pid"] for one in document["processes"]]

    def test_not_writable(self, tmp_path: Path) -> None:
        """
        Where it can't be written, nothing is run.
        """
        done = _run("--json", str(tmp_path), "echo", "ran")

        assert (1, "") == (done.returncode, done.stdout)
        assert done.stderr.startswith("procmem: can't write ")


class TestArguments:
    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["--limit", "5MB"],
            ["--limit", "5mb", "true"],
            ["--metric", "vms", "true"],
            ["--limit-exit-code", "0", "true"],
            ["--interval", "0", "true"],
            ["--nonsense", "true"],
            ["--lim", "5MB", "true"],
        ],
    )
    def test_senseless(self, arguments: list[str]) -> None:
        """
        Arguments that make no sense are 2, and nothing is run.
        """
        done = _run(*arguments)

        assert (2, "") == (done.returncode, done.stdout)
        assert "usage: procmem run" in done.stderr

    def test_help(self) -> None:
        """
        The help tells all exit codes.
        """
        text = _run("--help").stdout

        assert all(f"\n  {code} " in text for code in (117, 126, 127))
        assert [] == [line for line in text.splitlines() if len(line) > 80]

    def test_no_stderr(self) -> None:
        """
        Without a stderr there is no report, and the exit code is the same.
        """
        command = [*_PROCMEM, "--limit", "1kB", "sleep", "0.1"]
        done = subprocess.run(
            ["sh", "-c", 'exec "$@" 2>&-', "sh", *command], check=False
        )

        assert 117 == done.returncode
