"""
Where the kernel's files can't be read, no test passes silently.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.children import NOBODY
from tests.plugin.runs import Run, Runner

pytest_plugins = ["pytester"]

# The files of the shell, which then becomes pytest.
_MASK = (
    "mount --bind /dev/null /proc/$$/smaps_rollup"
    " && mount --bind /dev/null /proc/$$/smaps"
    ' && exec "$@"'
)

_CODE = """
import pytest

@pytest.mark.procmem("10 GiB")
def test_limited(): pass

@pytest.mark.procmem("10 GiB", strict=True)
def test_strict(): pass

@pytest.mark.procmem("10 GiB")
def test_fails(): raise ValueError("its own")

@pytest.mark.procmem("10 GiB")
@pytest.mark.xfail(strict=True)
def test_expected(): pass

@pytest.mark.procmem
def test_not_limited(): pass

def test_fixture(memory_budget):
    with memory_budget("10 GiB"):
        pass
"""


def test_reason_is_given() -> None:
    """
    In a namespace that hides the files, as a user without rights, a test
    with a limit is skipped with the reason or fails, and nothing else
    changes.
    """
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs the program unshare")
    namespace = [unshare, "--mount"]
    command = [sys.executable, "-m", "pytest", "-ppytest_procmem", "-rA"]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("needs the program setpriv to give rights away")
        group = ["--regid", str(NOBODY), "--clear-groups"]
        command = ["setpriv", "--reuid", str(NOBODY), *group, *command]
    else:
        namespace.append("--map-root-user")
    if subprocess.run(
        [*namespace, "true"], check=False, capture_output=True
    ).returncode:
        pytest.skip("not permitted to make a namespace for mounts")
    # pytest's own folders are for its own user only.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        Path(folder, "test_it.py").write_text(_CODE)
        ended = subprocess.run(
            [
                *namespace,
                *("sh", "-c", _MASK, "sh"),
                *command,
                "-pno:cacheprovider",
                f"--rootdir={folder}",
                "test_it.py",
            ],
            cwd=folder,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "300"},
            capture_output=True,
            text=True,
            check=False,
        )
    found = Run(status=ended.returncode, text=ended.stdout + ended.stderr)
    if "test session starts" not in found.text or (
        "Permission denied" in found.text and not found.outcomes
    ):
        pytest.skip("that user may not read the tests or the interpreter")

    assert {
        "test_strict": "failed",
        "test_fails": "failed",
        "test_not_limited": "passed",
        "test_fixture": "failed",
    } == found.outcomes, found.text
    skips = [line for line in found.text.splitlines() if line.startswith("SKIPPED")]
    assert 2 == len(skips)
    for line in skips:
        assert "passed, but its memory could not be measured: smaps" in line
    assert "memory could not be measured: smaps" in found.reasons["test_strict"]
    assert "ValueError: its own" == found.reasons["test_fails"]
    assert "UnsupportedError: smaps" in found.reasons["test_fixture"]
    assert "memory not measured" in found.text


def test_child_that_forbids_reading(run: Runner) -> None:
    """
    A child that can't be read makes a limit unknown, unless children do not
    count.
    """
    if os.geteuid() == 0:
        pytest.skip("root may read every process")
    found = run(
        """
import subprocess

CHILD = (
    "import ctypes\\n"
    "ctypes.CDLL(None).prctl(4, 0)\\n"
    "print(flush=True)\\n"
    "input()\\n"
)

@pytest.fixture(autouse=True)
def child():
    with subprocess.Popen(
        [sys.executable, "-S", "-c", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        yield
        process.communicate(b"\\n")

@pytest.mark.procmem("10 GiB")
def test_with(): pass

@pytest.mark.procmem("10 GiB", tree=False)
def test_without(): pass

@pytest.mark.procmem("1 MiB")
def test_over_anyway(): pass
"""
    )

    assert {"test_without": "passed", "test_over_anyway": "failed"} == found.outcomes
    assert "memory could not be measured: not permitted to read" in found.text
