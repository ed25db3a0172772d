"""
Groups are saved and come back as they were.
"""

from __future__ import annotations

import os
from pathlib import Path

import attrs
import pytest

import procmem
from procmem.errors import ParseError, ProcmemError
from procmem.saving import load
from tests.children import forked
from tests.differences.readings import LOW, MIB, memory, reading


class OddError(ProcmemError):
    """
    An error that the file has no name for.
    """


def test_round_trip(tmp_path: Path) -> None:
    """
    Members, reasons, gaps and evidence come back.
    """
    path = tmp_path / "group.json"
    errors: dict[int, ProcmemError] = {
        3: procmem.AccessDeniedError(3, "smaps", "root"),
        4: procmem.ParseError("odd", "smaps", 7, b"\xff\x00"),
        5: procmem.UnsupportedError("smaps", "Linux 9"),
        6: procmem.ProcessChangedError(6, "smaps"),
    }
    with forked() as child:
        found = procmem.Group.of([os.getpid(), child], mappings=True)
    group = attrs.evolve(found, unreadable=errors, gone=(8,), unread=(9,))
    group.save(path)
    again = procmem.Group.load(path)

    assert group == again == load(path)
    assert group.evidence == again.evidence
    assert group.taken == again.taken
    assert [one.mappings for one in group.members] == [
        one.mappings for one in again.members
    ]
    assert {pid: repr(error) for pid, error in errors.items()} == {
        pid: repr(error) for pid, error in again.unreadable.items()
    }
    assert 0 == (again - group).growth()


def test_other_errors(tmp_path: Path) -> None:
    """
    Of an error that only this program knows, what it says is kept.
    """
    path = tmp_path / "group.json"
    procmem.Group(unreadable={3: OddError("who knows")}).save(path)
    [error] = procmem.Group.load(path).unreadable.values()

    assert (ProcmemError, "who knows") == (type(error), str(error))


@pytest.mark.parametrize(
    "error",
    [
        '"x"',
        "{}",
        '{"error": "OSError", "values": []}',
        '{"error": "ProcmemError", "values": []}',
        '{"error": "ParseError", "values": ["a", "b", 1, "\\u1234"]}',
        '{"error": ["ParseError"], "values": []}',
    ],
    ids=range(6),
)
def test_no_error(error: str, tmp_path: Path) -> None:
    """
    What is no error of procmem's is refused.
    """
    path = tmp_path / "group.json"
    start = '{"procmem": "group", "version": 1, "unreadable": [[3, '
    path.write_text(f"{start}{error}]]}}\n")
    with pytest.raises(ParseError, match="unreadable"):
        load(path)


def test_snapshot_or_group(tmp_path: Path) -> None:
    """
    A group is not taken for a snapshot.
    """
    procmem.Group().save(tmp_path / "group")
    reading([memory(LOW, MIB)]).save(tmp_path / "one")
    with pytest.raises(ParseError, match="this is a group, not a snapshot"):
        procmem.Snapshot.load(tmp_path / "group")
    with pytest.raises((ParseError, TypeError)):
        procmem.Group.load(tmp_path / "one")
