"""
A limit on time for several reads together.
"""

from __future__ import annotations

import time

__all__ = ["Deadline"]


class Deadline:
    """
    The moment at which a given time will have passed.

    Args:
        timeout: Seconds from now, or None for never.

    Raises:
        ValueError: If that is negative or no number.
    """

    __slots__ = ("_end",)

    def __init__(self, timeout: float | None = None) -> None:
        if timeout is not None and not timeout >= 0:
            msg = f"a timeout is a number of seconds from 0 on, not {timeout}"
            raise ValueError(msg)
        self._end = None if timeout is None else time.monotonic() + timeout

    @property
    def exists(self) -> bool:
        """
        Whether there is a limit at all.
        """
        return self._end is not None

    @property
    def has_passed(self) -> bool:
        """
        Whether the time is over.
        """
        return self._end is not None and time.monotonic() >= self._end

    @property
    def left(self) -> float | None:
        """
        Seconds that are left, 0 if none are; None without a limit.
        """
        return None if self._end is None else max(0.0, self._end - time.monotonic())
