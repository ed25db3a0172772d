"""
A root that is no ``/proc``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sources.sample import FILES, PID


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """
    A root with one process, made of regular files.
    """
    folder = tmp_path / str(PID)
    (folder / "task" / str(PID)).mkdir(parents=True)
    for name, text in FILES.items():
        assert isinstance(text, bytes)
        (folder / name).write_bytes(text)
    (tmp_path / "self").symlink_to(str(PID))
    (tmp_path / "meminfo").write_bytes(b"MemTotal: 1 kB\n")
    return tmp_path
