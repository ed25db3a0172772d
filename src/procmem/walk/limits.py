"""
How far a walk may go, and who is told of it.
"""

from __future__ import annotations

import time
from collections import abc
from typing import Protocol

import attrs

__all__ = ["Cancellation", "Limits"]


class Cancellation(Protocol):
    """
    Something that says whether to stop, such as :class:`threading.Event`.
    """

    def is_set(self) -> bool:
        """
        Whether the walk is to stop.
        """
        ...


@attrs.define(kw_only=True)
class Limits:
    """
    Keeps count of a walk, and says when it has gone far enough.

    Attributes:
        progress: Is called with the number of pages that were looked at since
            the last call, as ``tqdm.update`` and rich's ``Progress.advance``
            want it.

        cancel: Stops the walk at the next block once it is set.

        time_limit: Seconds after which the walk stops at the next block.

        page_limit: Pages after which it stops at the next block.

        pages: How many were looked at so far.

        reached: Which limit stopped it, or None.
    """

    progress: abc.Callable[[int], object] | None = None
    cancel: Cancellation | None = None
    time_limit: float | None = None
    page_limit: int | None = None
    pages: int = 0
    reached: str | None = None
    _started: float = attrs.field(factory=time.perf_counter)

    def count(self, pages: int) -> None:
        """
        *pages* more were looked at.
        """
        self.pages += pages
        if self.progress is not None:
            self.progress(pages)

    def stop(self) -> bool:
        """
        Whether the walk is to end here.
        """
        if self.reached is None:
            self.reached = self._limit()
        return self.reached is not None

    def _limit(self) -> str | None:
        if self.cancel is not None and self.cancel.is_set():
            return "it was cancelled"
        seconds = time.perf_counter() - self._started
        if self.time_limit is not None and seconds >= self.time_limit:
            return f"the time limit of {self.time_limit} s was reached"
        if self.page_limit is not None and self.pages >= self.page_limit:
            return f"the limit of {self.page_limit} pages was reached"
        return None
