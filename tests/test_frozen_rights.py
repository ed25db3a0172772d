from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import procmem
from procmem.sources.freezing import frozen
from tests.children import descriptors, script, wait_for
from tests.freezable import (
    FORK,
    THREADS,
    descendants,
    runs,
    watchers,
)
from tests.live.control import stands_still
from tests.live.processes import NOBODY, as_user, owned_by


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """
    No test leaves a descriptor or a watcher behind.
    """
    before = descriptors()
    yield
    assert before == descriptors()
    assert [] == watchers(os.getpid())


def python_for_all() -> str:
    """
    A Python that any user may run.
    """
    for candidate in ("/usr/bin/python3", "/usr/local/bin/python3", sys.executable):
        real = Path(candidate).resolve()
        if real.exists() and all(
            folder.stat().st_mode & 0o001 for folder in [real, *real.parents]
        ):
            return str(real)
    pytest.skip("no Python that other users may run")


# Has a child of another user, root, and is nobody's itself.
_MIXED = f"""{FORK}
fork(stay)
os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
print(flush=True)
sys.stdin.read()
"""


class TestRights:
    @pytest.fixture(autouse=True)
    def _python(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "_base_executable", python_for_all())

    def test_own(self) -> None:
        """
        An ordinary user may stop what is his own.
        """

        def hold() -> tuple[tuple[int, ...], bool]:
            with frozen(it.pid) as found:
                return found.pids, stands_still(it.pid)

        with owned_by() as it:
            assert ((it.pid,), True) == as_user(NOBODY, hold)
            assert runs(it.pid)

    def test_not_own(self) -> None:
        """
        Another user's process may not be stopped, and the error says what
        that takes.
        """

        def hold() -> None:
            frozen(pid).__enter__()

        with script(THREADS) as pid:
            with pytest.raises(procmem.AccessDeniedError) as caught:
                as_user(NOBODY, hold)
            assert runs(pid)

        assert pid == caught.value.pid
        assert "CAP_KILL" in caught.value.needs
        assert f"not permitted to stop process {pid}" in str(caught.value)

    def test_not_all_own(self) -> None:
        """
        What was stopped before somebody else's process was met goes on.
        """

        def hold() -> None:
            frozen(pid).__enter__()

        if os.geteuid() != 0:
            pytest.skip("needs root")
        with script(_MIXED) as pid:
            [child] = descendants(pid)
            with pytest.raises(procmem.AccessDeniedError) as caught:
                as_user(NOBODY, hold)
            wait_for(lambda: runs(pid))

        assert child == caught.value.pid

    def test_no_python(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """
        A user who may not run Python gets an error that says so.
        """

        def hold() -> None:
            frozen(it.pid).__enter__()

        (tmp_path / "python").symlink_to(sys.executable)
        tmp_path.chmod(0o700)
        monkeypatch.setattr(sys, "_base_executable", str(tmp_path / "python"))
        with owned_by() as it:
            with pytest.raises(procmem.UnsupportedError, match="this user may run"):
                as_user(NOBODY, hold)
            assert runs(it.pid)
