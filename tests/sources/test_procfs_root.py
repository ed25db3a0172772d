"""
Roots that are no ``/proc`` of this kernel: files in a folder, and worse.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import procmem
from tests.kernel import samples
from tests.sources.sample import MAPPINGS, PAGE, PID


class TestRoot:
    def test_every_call(self, root: Path) -> None:
        """
        Another root serves for every call, with and without a pid.
        """
        source = procmem.ProcFS(root)

        for pid in (PID, None):
            assert 3 * PAGE == procmem.pss(pid, source=source)
            assert 3 * PAGE == procmem.footprint(pid, source=source)
            assert 3 * PAGE == procmem.peak_rss(pid, source=source)
            assert MAPPINGS == list(procmem.mappings(pid, source=source))
            assert PID == procmem.snapshot(pid, source=source).pid
        assert [PID] == list(source.pids())

    def test_taken_again(self, root: Path) -> None:
        """
        Who takes the number of a process does not take its place.
        """
        source = procmem.ProcFS(root)
        with source.pin(PID) as process:
            (root / str(PID)).rename(root / "old")
            shutil.copytree(root / "old", root / str(PID))
            (root / str(PID) / "status").write_bytes(samples.status(state="Z"))
            (root / str(PID) / "smaps_rollup").write_bytes(b"")

            assert 3 * PAGE == procmem.pss(process)
            assert 0 == procmem.pss(PID, source=source)

    def test_process_goes(self, root: Path) -> None:
        """
        A pinned process whose directory is empty is gone.
        """
        with procmem.ProcFS(root).pin(PID) as process:
            shutil.rmtree(root / str(PID))

            with pytest.raises(procmem.ProcessGoneError):
                procmem.pss(process)
            with pytest.raises(procmem.ProcessGoneError):
                process.threads()

    def test_no_rollup(self, root: Path) -> None:
        """
        A kernel without smaps_rollup has its smaps added up.
        """
        (root / str(PID) / "smaps_rollup").unlink()
        usage = procmem.usage(source=procmem.ProcFS(root))

        assert ("smaps", "status") == usage.evidence.files

    @pytest.mark.parametrize("name", ["smaps", "smaps_rollup", "maps", "status"])
    def test_masked(self, root: Path, name: str) -> None:
        """
        A file that something is mounted over is missing, not empty.
        """
        path = root / str(PID) / name
        path.unlink()
        path.symlink_to("/dev/null")

        with procmem.ProcFS(root).pin(PID) as process:
            with pytest.raises(procmem.UnsupportedError, match=name):
                process.read(name)
            if name == "smaps_rollup":
                assert ("smaps", "status") == procmem.usage(process).evidence.files
            elif name == "smaps":
                assert procmem.mappings(process)[0].usage is None

    def test_other_errors(self, root: Path) -> None:
        """
        What is no fact about processes comes as it is.
        """
        path = root / str(PID) / "smaps"
        path.unlink()
        path.mkdir()

        with procmem.ProcFS(root).pin(PID) as process:
            with pytest.raises(IsADirectoryError):
                process.read("smaps")
            (root / str(PID) / "loop").symlink_to("loop")
            with pytest.raises(OSError, match="symbolic links"):
                process.open("loop")
        (root / "77").symlink_to("77")
        with pytest.raises(OSError, match="symbolic links"):
            procmem.ProcFS(root).pin(77)

    def test_no_task(self, root: Path) -> None:
        """
        Where threads are not shown, that is not supported.
        """
        shutil.rmtree(root / str(PID) / "task")

        with (
            procmem.ProcFS(root).pin(PID) as process,
            pytest.raises(procmem.UnsupportedError),
        ):
            process.threads()

    def test_process_is_a_file(self, root: Path) -> None:
        """
        A file called like a number is no process.
        """
        (root / "88").write_bytes(b"")

        with pytest.raises(procmem.ProcessGoneError):
            procmem.ProcFS(root).pin(88)

    def test_machine_files(self, root: Path) -> None:
        """
        Files of the machine are read beside, or missing.
        """
        source = procmem.ProcFS(root)

        assert b"MemTotal: 1 kB\n" == source.read("meminfo")
        assert source.read("vmstat") is None

    def test_without_self(self, root: Path) -> None:
        """
        Where the calling process has no number, it is not there.
        """
        (root / "self").unlink()

        with pytest.raises(procmem.ProcessGoneError) as caught:
            procmem.ProcFS(root).pin()
        assert os.getpid() == caught.value.pid


class TestNoRoot:
    @pytest.mark.parametrize("make", ["nothing", "file"])
    def test_is_unsupported(self, tmp_path: Path, make: str) -> None:
        """
        Where nothing is mounted, it is the system that lacks something, and
        no process that is gone.
        """
        path = tmp_path / "proc"
        if make == "file":
            path.write_bytes(b"")
        source = procmem.ProcFS(path)

        for ask in (
            lambda: source.pin(PID),
            source.pin,
            source.pids,
            lambda: procmem.pss(source=source),
        ):
            with pytest.raises(procmem.UnsupportedError) as caught:
                ask()
            assert str(path) == caught.value.file
