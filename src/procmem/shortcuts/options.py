"""
What the functions take that look at every page.
"""

from __future__ import annotations

from collections import abc
from typing import TypedDict

from procmem.shortcuts.totals import Pid
from procmem.walk.limits import Cancellation

__all__ = ["CountOptions", "WalkOptions"]


class WalkOptions(TypedDict, total=False):
    """
    What all functions take that look at every page.

    Attributes:
        check_drift: Whether to read the page table twice and count again what
            changed; True unless given.

        progress: Is called with the number of pages that were looked at since
            the last call: ``tqdm.update``, or rich's ``Progress.advance``
            bound to a task.

        cancel: Ends the walk once its ``is_set()`` is true, such as a
            :class:`threading.Event`.

        time_limit: Seconds after which the walk ends.

        page_limit: Number of pages after which it ends.
    """

    check_drift: bool
    progress: abc.Callable[[int], object] | None
    cancel: Cancellation | None
    time_limit: float | None
    page_limit: int | None


class CountOptions(WalkOptions, total=False):
    """
    What the functions take that count pages.

    Attributes:
        view: The processes among which swapped pages are divided.  Without
            it ``swap_pss`` is missing.

        flags: Whether to read the flags of anonymous pages, which bounds
            ``lazy_free`` more closely and takes about as long again.
    """

    view: abc.Iterable[Pid]
    flags: bool
