"""
What :func:`procmem.testing.assert_no_growth` can be told.
"""

from __future__ import annotations

from typing import TypedDict

from procmem.testing.limits import Amount, Metric

__all__ = ["NAMES", "CaseOptions", "GrowthOptions", "OtherOptions"]


class OtherOptions(TypedDict, total=False):
    """
    What is neither the limit nor what is counted.

    Attributes:
        calls: How many calls the first block has.  None chooses: enough for
            the limit to be many pages, as far as *max_seconds* allows it.  If
            given, exactly *blocks* blocks are run, however long they take.

        blocks: How many blocks there are at least, 5 by default and no fewer
            than 3; each is twice as long as the one before.

        warmup: Calls to make before anything is measured, 2 by default.
            Caches that take many calls to fill need as many here.

        settle: Whether to collect garbage before each reading, as is the
            default.

        trim: Whether to have the C library return free memory to the system
            before each reading (``malloc_trim``), where it can.

        max_seconds: How long it may take, about, 10 by default, unless
            *calls* is given.  Without growth it takes a quarter at most.

        where: Whether to look where growth comes from, if there is any, as
            is the default: some more calls, with :mod:`tracemalloc` and a
            look at all mappings.
    """

    calls: int | None
    blocks: int
    warmup: int
    settle: bool
    trim: bool
    max_seconds: float
    where: bool


class CaseOptions(OtherOptions, total=False):
    """
    The same, and what is counted.

    Attributes:
        metric: ``"footprint"`` (the default), ``"pss"``, ``"uss"`` or
            ``"rss"``.
    """

    metric: Metric


class GrowthOptions(CaseOptions, total=False):
    """
    What :func:`~procmem.testing.assert_no_growth` takes beside the function.

    Attributes:
        per_call: How much memory each call may add: bytes as an integer, or
            text such as ``"1 KiB"``.  The default of 64 bytes is as much as
            the smallest objects that programs lose (an empty list or dict in
            a list), and what can be told from noise within some thousand
            calls.  With 0, what is lost must make up a few pages.

        info: What to say first in case of a failure, a test's name perhaps.
    """

    per_call: Amount
    info: str


NAMES = GrowthOptions.__required_keys__ | GrowthOptions.__optional_keys__
"""The names of all options."""
