"""
A live source on which something happens just before a file is read: in
mid-pass, and always at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import procmem
from procmem.sources.base import PinnedProcess, Source

__all__ = ["Triggers"]

Action = Callable[[], object]


class Triggers:
    """
    The live ``/proc`` with triggers.

    Each is pulled once, just before the file is read the first time, or just
    after that ("after stat"), or just before one asks for the "owner".
    """

    def __init__(self, actions: dict[tuple[int, str], Action]) -> None:
        self._live = procmem.ProcFS()
        self._actions = actions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._live, name)

    def pull(self, pid: int, file: str) -> None:
        """
        Let happen what is to happen now.
        """
        action = self._actions.pop((pid, file), None)
        if action is not None:
            action()

    def pin(self, pid: int | None) -> PinnedProcess:
        """
        A process whose files have triggers.
        """
        made: Any = _Process(self, self._live.pin(pid))
        process: PinnedProcess = made
        return process

    def as_source(self) -> Source:
        """
        This, as what it stands for.
        """
        this: Any = self
        source: Source = this
        return source


class _Process:
    def __init__(self, triggers: Triggers, process: PinnedProcess) -> None:
        self.source = triggers
        self._process = process

    def __getattr__(self, name: str) -> Any:
        return getattr(self._process, name)

    def read(self, file: str) -> bytes:
        self.source.pull(self._process.pid, file)
        content = self._process.read(file)
        self.source.pull(self._process.pid, f"after {file}")
        return content

    def owner(self) -> int | None:
        self.source.pull(self._process.pid, "owner")
        return self._process.owner()

    def open(self, file: str) -> Any:
        self.source.pull(self._process.pid, file)
        return self._process.open(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.close()
