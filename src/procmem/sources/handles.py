"""
What is common to all that holds a file descriptor.
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

__all__ = ["Handle", "Unheld"]


class Handle:
    """
    A file descriptor that is closed when it is let go.

    Args:
        descriptor: An open file descriptor; None for a file that there was
            nothing to open for, and that is read as empty.
    """

    __slots__ = ("_closed", "_descriptor")

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._closed = False

    @property
    def descriptor(self) -> int | None:
        """
        The descriptor, or None if there was nothing to open.

        Raises:
            ValueError: If it has been closed.
        """
        if self._closed:
            msg = f"{self!r} has been let go"
            raise ValueError(msg)
        return self._descriptor

    def close(self) -> None:
        """
        Close the descriptor; to do so again is no error.
        """
        self._closed = True
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class Unheld:
    """
    Something that there is nothing of to let go.
    """

    __slots__ = ()

    def close(self) -> None:
        """
        Nothing is held.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass
