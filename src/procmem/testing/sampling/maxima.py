"""
The largest sums that a window has seen.
"""

from __future__ import annotations

from collections import abc

__all__ = ["Maxima"]


class Maxima:
    """
    The largest sums: as read, and as they should have been.

    Attributes:
        lower: The largest that was read.

        at: The figures that make it up.

        at_seconds: When it was read.

        last: The last that was not nothing.

        was_read: Whether all members were read while none came or went.
    """

    __slots__ = (
        "_estimate",
        "_unread",
        "at",
        "at_seconds",
        "last",
        "lower",
        "was_read",
    )

    def __init__(self) -> None:
        self.lower: int | None = None
        self.at: abc.Mapping[int, int] = {}
        self.at_seconds: float | None = None
        self.last: int | None = None
        self.was_read = False
        self._estimate: int | None = None
        # The same before the first full reading: all that is counted.
        self._unread: int | None = None

    @property
    def estimate(self) -> int | None:
        """
        The largest that there should have been.
        """
        return self._estimate if self.was_read else self._unread

    def take(self, expected: int) -> None:
        """
        This is what should be there now.
        """
        self.last = expected or self.last
        # Who was there before the window may share all that it counts, until
        # it is read.
        if self.was_read:
            self._estimate = max(self._estimate or 0, expected)
        else:
            self._unread = max(self._unread or 0, expected)

    def read_first(self, shared: int) -> None:
        """
        Members were read for the first time.

        Args:
            shared: How much of what they count they share.
        """
        if self._unread is not None:
            self._estimate = max(0, self._unread - shared)
        self.was_read = True

    def read(self, at: abc.Mapping[int, int], seconds: float) -> None:
        """
        Members were read.

        Args:
            at: What they had, by their numbers.

            seconds: When.
        """
        lower = sum(at.values())
        if at and (self.lower is None or lower > self.lower):
            self.lower, self.at, self.at_seconds = lower, at, seconds
        self._estimate = max(self._estimate or 0, lower)
