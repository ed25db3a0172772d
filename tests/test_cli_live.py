"""
The command on real processes: the kernel's figures, and its refusals.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import abc
from typing import NamedTuple

import pytest

from procmem import cli

pytestmark = pytest.mark.live

_NOBODY = 65534


class _Done(NamedTuple):
    code: int
    out: str
    err: str


def _procmem(*arguments: str) -> _Done:
    """
    What the program does.
    """
    done = subprocess.run(
        [sys.executable, "-m", "procmem", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return _Done(done.returncode, done.stdout, done.stderr)


def _as_nobody(*arguments: str) -> _Done:
    """
    What the command does for another user.

    A child of this process, because another user may not be able to read
    this Python; for the same reason it is run here first, so that all that it
    imports is there.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        assert 0 == cli.main(["--json"]) == cli.main([]) == cli.main([str(os.getpid())])
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = os.fork()
        if not child:
            code = 99
            try:
                os.setgroups([])
                os.setresgid(_NOBODY, _NOBODY, _NOBODY)
                os.setresuid(_NOBODY, _NOBODY, _NOBODY)
                sys.stdout, sys.stderr = out, err
                code = cli.main(arguments)
                out.flush()
                err.flush()
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        out.seek(0)
        err.seek(0)
        return _Done(os.waitstatus_to_exitcode(status), out.read(), err.read())


def _kernel(pid: int, file: str) -> dict[str, int]:
    """
    The figures in a file of a process, in bytes.
    """
    with open(f"/proc/{pid}/{file}") as opened:
        return _amounts(opened.read())


def _amounts(text: str) -> dict[str, int]:
    found = re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)
    return {key: int(value) * 1024 for key, value in found}


@contextlib.contextmanager
def _stopped_shell() -> abc.Iterator[int]:
    """
    A shell that waits for a program, and does nothing meanwhile.
    """
    command = ["sh", "-c", "echo ready; read line"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as shell:
        assert shell.stdout is not None
        shell.stdout.readline()
        os.kill(shell.pid, signal.SIGSTOP)
        os.waitpid(shell.pid, os.WUNTRACED)
        try:
            yield shell.pid
        finally:
            shell.kill()


# The command, between two looks at what the kernel prints: in one process,
# which maps the same libraries each time, as its mapping them counts too.
_BETWEEN = """
import contextlib, io, sys
from procmem.cli import main
file = f"/proc/{sys.argv[1]}/smaps_rollup"
def look():
    with open(file) as opened:
        return opened.read()
with contextlib.redirect_stdout(io.StringIO()):
    main(sys.argv[2:])
    before = look()
    main(sys.argv[2:])
    same = before == look()
print(before)
print(same)
sys.stdout.flush()
main(sys.argv[2:])
print(same and before == look())
"""


def _figures(text: str) -> dict[str, int]:
    found = re.findall(r"^  (\w+) +(\d+)  \w", text, re.MULTILINE)
    return {label: int(size) for label, size in found[:7]}


def test_figures_are_the_kernels() -> None:
    """
    What others do not influence is what the kernel prints for the process.
    """
    with _stopped_shell() as pid:
        done = _procmem("--bytes", str(pid))
        kernel = _kernel(pid, "smaps_rollup")
        peak = _kernel(pid, "status")["VmHWM"]
    figures = _figures(done.out)

    assert (0, "") == (done.code, done.err)
    assert done.out.startswith(f"sh (pid {pid}) uses ")
    assert (kernel["Rss"], kernel["Swap"], peak) == tuple(
        figures[label] for label in ("resident", "swapped", "peak")
    )
    assert kernel["Rss"] == figures["private"] + figures["shared"]


@pytest.mark.parametrize("form", ["--bytes", "--json"])
def test_all_figures_are_the_kernels(form: str) -> None:
    """
    So is all the rest, if no process comes or goes meanwhile.
    """
    names = ("rss", "pss", "uss", "shared", "swap", "footprint", "peak_rss")
    with _stopped_shell() as pid:
        for _ in range(30):
            command = [sys.executable, "-c", _BETWEEN, str(pid), str(pid), form]
            text = subprocess.check_output(command, text=True, timeout=60)
            if text.endswith("True\n"):
                break
        else:
            pytest.skip("too many processes come and go")
        peak = _kernel(pid, "status")["VmHWM"]
    before, _, printed = text.removesuffix("True\n").partition("True\n")
    kernel = _amounts(before)
    if "Pss_Anon" not in kernel:
        pytest.skip("this kernel prints no Pss_Anon")

    expected = (
        kernel["Rss"],
        kernel["Pss"],
        kernel["Private_Clean"] + kernel["Private_Dirty"],
        kernel["Shared_Clean"] + kernel["Shared_Dirty"],
        kernel["Swap"],
        kernel["Pss_Anon"] + kernel["Pss_Shmem"] + kernel["SwapPss"],
        peak,
    )
    if form == "--json":
        (only,) = json.loads(printed)["processes"]
        assert expected == tuple(only[name] for name in names)
        kinds = only["kinds"].values()
        assert kernel["Rss"] == sum(kind["rss"] for kind in kinds)
    else:
        assert f"uses {kernel['Pss']} bytes" in printed
        assert expected == tuple(_figures(printed).values())


def test_is_listed() -> None:
    """
    The same process is in the list with the same figures.
    """
    with _stopped_shell() as pid:
        printed = _procmem("--bytes")
        kernel = _kernel(pid, "smaps_rollup")
    (row,) = [
        line.split()
        for line in printed.out.split("\n")
        if line.split()[:1] == [str(pid)]
    ]

    assert [str(kernel[key]) for key in ("Rss", "Swap")] == row[5:7]
    assert "sh" == row[-1]


def test_a_vanished_process() -> None:
    """
    A process that has ended is one line on stderr, and exit code 1.
    """
    with subprocess.Popen(["true"]) as child:
        pass
    done = _procmem(str(child.pid))

    assert (1, "", f"procmem: no process {child.pid} (any more)\n") == (
        done.code,
        done.out,
        done.err,
    )


def test_a_kernel_thread() -> None:
    """
    A kernel thread is told from a process without memory.
    """
    try:
        with open("/proc/2/status") as file:
            if "kthreadd" not in file.read():
                pytest.skip("process 2 is no kernel thread here")
    except FileNotFoundError:
        pytest.skip("there is no process 2")

    assert "kthreadd (pid 2) has no memory of its own: it is a kernel thread.\n" == (
        _procmem("2").out
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
class TestAnotherUser:
    def test_listed(self) -> None:
        """
        What another user can't read is listed as unknown, never as 0.
        """
        with _stopped_shell() as pid:
            done = _as_nobody()
        rows = [line.split() for line in done.out.split("\n")]
        (row,) = [row for row in rows if row[:1] == [str(pid)]]

        assert 0 == done.code
        assert [str(pid), "root", *"?????", "sh"] == row
        assert "The total is INCOMPLETE: " in done.out
        assert "not permitted; needs the same user" in done.out

    def test_json(self) -> None:
        """
        In the document it stands apart, with the reason and no sizes.
        """
        with _stopped_shell() as pid:
            document = json.loads(_as_nobody("--json").out)
        (unread,) = [each for each in document["unreadable"] if each["pid"] == pid]

        assert document["total"]["complete"] is False
        assert pid not in [each["pid"] for each in document["processes"]]
        assert ("AccessDeniedError", "smaps_rollup", "sh") == (
            unread["error"],
            unread["file"],
            unread["name"],
        )
        assert "CAP_SYS_PTRACE" in unread["needs"]

    def test_named(self) -> None:
        """
        Asked for by name it is an error that says which right is missing.
        """
        with _stopped_shell() as pid:
            done = _as_nobody(str(pid))

        assert (1, "") == (done.code, done.out)
        assert f"not permitted to read smaps_rollup of process {pid}: needs" in (
            done.err
        )
        assert 1 == done.err.count("\n")
