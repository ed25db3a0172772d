"""
Files are there as a whole or not at all, and for their user only.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

import procmem
from procmem.errors import ParseError
from procmem.saving import load
from procmem.saving.files import replace
from tests.differences.readings import LOW, MIB, file, memory, reading

SAMPLE = reading([memory(LOW, MIB, "[heap]"), file(LOW + 2 * MIB, "/a\udcff b ")])


def test_round_trip(tmp_path: Path) -> None:
    """
    A path may be text or a path object, and what is there is replaced.
    """
    path = tmp_path / "odd \udcff name.json"
    path.write_text("something else")
    SAMPLE.save(path)

    assert SAMPLE == procmem.Snapshot.load(str(path)) == load(path)
    assert [path] == [*tmp_path.iterdir()]


def test_mode(tmp_path: Path) -> None:
    """
    Nobody else may read it, whatever the umask.
    """
    before = os.umask(0)
    try:
        SAMPLE.save(tmp_path / "x")
    finally:
        os.umask(before)

    assert 0o600 == stat.S_IMODE((tmp_path / "x").stat().st_mode)


def test_link(tmp_path: Path) -> None:
    """
    A link stays one, and what it points to is replaced.
    """
    (tmp_path / "link").symlink_to("real")
    SAMPLE.save(tmp_path / "link")

    assert (tmp_path / "link").is_symlink()
    assert SAMPLE == procmem.Snapshot.load(tmp_path / "real")


def test_device() -> None:
    """
    What is no file is written to and not replaced.
    """
    SAMPLE.save("/dev/null")

    assert not Path("/dev/null").is_file()


def test_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    If it can't be finished, the old file is there and nothing else.
    """
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        replace(path, b"new")

    assert b"old" == path.read_bytes()
    assert [path] == [*tmp_path.iterdir()]


def test_no_folder(tmp_path: Path) -> None:
    """
    Where it can't be written or read, the error is the system's.
    """
    with pytest.raises(FileNotFoundError):
        SAMPLE.save(tmp_path / "none" / "x")
    with pytest.raises(FileNotFoundError):
        procmem.Snapshot.load(tmp_path / "x")
    with pytest.raises(IsADirectoryError):
        procmem.Snapshot.load(tmp_path)


def test_names_the_file(tmp_path: Path) -> None:
    """
    The error of a file that is none of ours names it.
    """
    path = tmp_path / "x.json"
    path.write_text("{\n1")
    with pytest.raises(ParseError, match=r"x\.json:2: not JSON") as caught:
        load(path)

    assert (str(path), 2, b"1") == (
        caught.value.file,
        caught.value.line_number,
        caught.value.line,
    )
