"""
Live processes for tests, and one that does not live long.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import procmem
from procmem.sources.live import LiveProcess
from tests import children

__all__ = ["Ending", "end", "live"]


@contextlib.contextmanager
def live(pid: int | None = None, root: str | Path = "/proc") -> Iterator[LiveProcess]:
    """
    A live process, pinned.
    """
    with procmem.ProcFS(root).pin(pid) as process:
        assert isinstance(process, LiveProcess)
        yield process


def end(pid: int) -> None:
    """
    End a process and wait for it.
    """
    children.kill(pid)
    children.reap(pid)


class Ending(LiveProcess):
    """
    A process that is gone as soon as one has opened a file of it.
    """

    def open_descriptor(self, file: str, flags: int = 0) -> int:
        """
        Open a file, and end the process.
        """
        descriptor = super().open_descriptor(file, flags)
        end(self.pid)
        return descriptor
