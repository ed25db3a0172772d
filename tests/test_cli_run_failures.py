"""
``procmem run`` where something is missing: who looks fails, or has no rights.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from procmem.cli.run import OVER_LIMIT, run
from tests.children import as_nobody

pytestmark = pytest.mark.live

# What is called is the real thing, but for one method that fails, at once or
# after some time.
_FAILING = """
import sys
from procmem.testing.sampling.engine import Engine
name, calls = sys.argv[1], int(sys.argv[2])
method = getattr(Engine, name)
def fail(self, *arguments):
    global calls
    calls -= 1
    if calls < 0:
        raise RuntimeError("not today")
    return method(self, *arguments)
setattr(Engine, name, fail)
from procmem.cli.run import run
sys.exit(run(sys.argv[3:]))
"""

_COMMAND = ["/bin/sh", "-c", "sleep 0.2; echo done; exit $0"]


def _failing(
    name: str, calls: int, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _FAILING, name, str(calls), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("name", "calls"),
    [("open", 0), ("tick", 0), ("tick", 1), ("close", 0), ("shut", 0)],
)
@pytest.mark.parametrize("status", [0, 7])
def test_who_looks_may_fail(name: str, calls: int, status: int) -> None:
    """
    The command is waited for all the same, and its status is passed on.
    """
    done = _failing(name, calls, "--", *_COMMAND, str(status))
    assert (status, "done\n") == (done.returncode, done.stdout)
    assert "Traceback" not in done.stderr
    if name != "shut":
        assert "not today" in done.stderr
        assert "is not known" in done.stderr


def test_what_is_not_known_is_no_success(tmp_path: Path) -> None:
    """
    Where there is a limit, nobody can say that it was kept.
    """
    path = tmp_path / "report.json"
    arguments = ("--json", str(path), "--limit", "1GiB", "--", *_COMMAND)
    done = _failing("tick", 0, *arguments, "0")
    assert (OVER_LIMIT, "done\n") == (done.returncode, done.stdout)
    document = json.loads(path.read_text())
    assert (None, None, True) == (
        document["peak"],
        document["peak_upper"],
        document["over_limit"],
    )
    assert 7 == _failing("tick", 0, *arguments, "7").returncode


def test_without_rights() -> None:
    """
    A user without any rights runs commands and sees what they need.
    """

    def report() -> str:
        os.chdir("/")
        line = "head -c 40000000 /dev/zero | tail -n 1 | (sleep 0.2; cat >/dev/null)"
        command = ["--", "/bin/sh", "-c", line]
        limits = ("16MiB", "80MiB")
        codes = [run(["--quiet", "--limit", limit, *command]) for limit in limits]
        return json.dumps([*codes, run(["--quiet", "--", "/bin/sh", "-c", "exit 7"])])

    # All that is imported late must be there before rights are dropped.
    assert 0 == run(["--quiet", "--limit", "1GiB", "--", "true"])
    assert [OVER_LIMIT, 0, 7] == json.loads(as_nobody(report))
