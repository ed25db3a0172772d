"""
What is refused, and what failures leave behind: nothing.
"""

from __future__ import annotations

import errno
import gc
import os
from pathlib import Path

import pytest

import procmem
from tests import children
from tests.sources.sample import PID


def refuse(*_: object, **__: object) -> int:
    """
    What the kernel says to who may not.
    """
    raise PermissionError(errno.EACCES, "refused")


class TestRefused:
    def test_other_user(self) -> None:
        """
        What another user may not see is refused with the right it takes.
        """

        def ask() -> str:
            found = []
            for function in (procmem.pss, procmem.mappings, procmem.snapshot):
                try:
                    function(parent)
                except procmem.AccessDeniedError as exc:
                    found.append(f"{exc.pid == parent} {exc.file} {exc.needs}")
            return "\n".join(found)

        parent = os.getpid()
        procmem.mappings(parent)  # Imports what the other user may not.
        answers = children.as_nobody(ask).split("\n")

        assert ["True smaps_rollup", "True smaps", "True smaps_rollup"] == [
            " ".join(answer.split()[:2]) for answer in answers
        ]
        assert all("same user" in answer for answer in answers)

    def test_status_is_for_all(self) -> None:
        """
        What every user may see is not refused.
        """
        parent = os.getpid()
        procmem.status(parent)
        answer = children.as_nobody(lambda: str(procmem.status(parent).pid))

        assert str(parent) == answer

    @pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
    def test_hidden_directory(self, root: Path) -> None:
        """
        A directory that may not be opened, as under hidepid=1, is refused
        too, and so are its files.
        """

        def ask() -> str:
            try:
                source.pin(PID)
            except procmem.AccessDeniedError as exc:
                return f"{exc.file} {exc.needs}"
            return "pinned"

        os.chmod(root, 0o755)
        for parent in root.parents[:2]:
            os.chmod(parent, 0o755)
        os.chmod(root / str(PID), 0)
        source = procmem.ProcFS(root)
        file, _, needs = children.as_nobody(ask).partition(" ")

        assert "." == file
        assert "hidepid" in needs

    def test_at_any_point(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Kernels refuse when a file is opened or, older ones, when it is read.
        """
        source = procmem.ProcFS(root)
        with source.pin(PID) as process, process.open("smaps") as smaps:
            monkeypatch.setattr(os, "read", refuse)
            monkeypatch.setattr(os, "open", refuse)
            for ask in (smaps.read, lambda: process.open("smaps")):
                with pytest.raises(procmem.AccessDeniedError) as caught:
                    ask()

                assert (PID, "smaps") == (caught.value.pid, caught.value.file)
        with pytest.raises(procmem.AccessDeniedError, match="hidepid"):
            source.pin(PID)


class TestDescriptors:
    def test_none_is_left(self, root: Path) -> None:
        """
        Whatever fails, no descriptor stays open.
        """
        source = procmem.ProcFS(root)
        (root / str(PID) / "smaps").unlink()
        (root / str(PID) / "smaps").symlink_to("/dev/null")
        (root / str(PID) / "smaps_rollup").write_bytes(b"nonsense\n")
        (root / "66").mkdir()
        before = children.descriptors()
        with children.forked() as pid, procmem.pinned(pid) as reaped:
            during = children.descriptors()
            children.kill(pid)
            children.reap(pid)
            for ask in (
                lambda: procmem.pss(reaped),
                lambda: procmem.mappings(reaped),
                lambda: procmem.pss(pid),
                lambda: procmem.pss(PID, source=source),
                lambda: procmem.mappings(66, source=source),
                lambda: source.pin(PID).read("smaps"),
                lambda: source.pin(PID).threads() and source.pin(66).threads(),
                lambda: procmem.snapshot(PID, source=source),
            ):
                with pytest.raises(procmem.ProcmemError):
                    ask()
                assert during == children.descriptors()
        procmem.snapshot()

        assert before == children.descriptors()

    def test_failures_do_not_keep_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A process that could not be read is let go with the error, without
        waiting until garbage is collected.
        """

        def fail(*_: object, **__: object) -> bytes:
            raise OSError(errno.EMFILE, "too many open files")

        before = children.descriptors()
        gc.disable()
        try:
            for name in ("read", "open"):
                process = procmem.pinned()
                with monkeypatch.context() as patch:
                    patch.setattr(os, name, fail)
                    with pytest.raises(OSError, match="too many"):
                        process.read("stat")
                del process
                assert before == children.descriptors()
        finally:
            gc.enable()

    def test_forgotten(self) -> None:
        """
        What nobody closes is closed when nobody has it any more.
        """
        before = children.descriptors()
        process = procmem.pinned()
        smaps = process.open("smaps")
        assert len(children.descriptors()) == len(before) + 2
        del process, smaps

        assert before == children.descriptors()
