"""
Answers from a look at every page.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Unpack

from procmem.pagetable.table import PageTable
from procmem.shortcuts.options import CountOptions, WalkOptions
from procmem.shortcuts.totals import Pid, held
from procmem.sizes import Size
from procmem.sources.base import Source
from procmem.walk.limits import Limits
from procmem.walk.table import read_pages
from procmem.walk.totals import PageUsage, read_page_usage
from procmem.walk.unique import read_true_uss

if TYPE_CHECKING:
    from procmem.sources.base import PinnedProcess

__all__ = ["count_pages", "pages", "true_uss"]


def pages(
    pid: Pid = None,
    *,
    source: Source | None = None,
    flags: bool = False,
    **options: Unpack[WalkOptions],
) -> PageTable:
    """
    The pages of the process, with the number of mappings that share each.

    From ``pagemap`` and ``kpagecount``.  Stretches of addresses where nothing
    is may be left out.  Without CAP_SYS_ADMIN the kernel shows no frames, and
    the table has no sharers.  A walk that a limit ended gives what it has
    seen; the evidence says so.

    Args:
        pid: The process.

        source: Where to look; None means the live ``/proc``.

        flags: Whether to read ``kpageflags`` too.

        **options: See :class:`~procmem.WalkOptions`.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.

        UnsupportedError: If it has no page tables to show.

        ProcessChangedError: If the process became another program each time
            it was looked at.
    """
    check_drift, limits = _parted(options)
    with held(pid, source) as process:
        return read_pages(process, flags=flags, check_drift=check_drift, limits=limits)


def true_uss(
    pid: Pid = None,
    *,
    source: Source | None = None,
    **options: Unpack[WalkOptions],
) -> int:
    """
    What nobody but this process maps, in bytes: it would be free if the
    process ended.

    The kernel's USS (:func:`procmem.uss`) leaves out what a process maps
    twice, as if another one shared it.  Pages of files stay in the page
    cache, and are free when they are needed.

    Args:
        pid: The process.

        source: Where to look; None means the live ``/proc``.

        **options: See :class:`~procmem.WalkOptions`.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see frames.

        UnsupportedError: If a limit ended the walk, or the kernel has no page
            tables to show.

        ProcessChangedError: If the process became another program each time
            it was looked at.
    """
    check_drift, limits = _parted(options)
    with held(pid, source) as process:
        return Size(read_true_uss(process, check_drift=check_drift, limits=limits))


def count_pages(process: PinnedProcess, options: CountOptions) -> PageUsage:
    """
    The usage of *process* and its mappings, page by page.
    """
    check_drift, limits = _parted(options)
    with ExitStack() as stack:
        view = options.get("view")
        pinned = (
            None
            if view is None
            else [stack.enter_context(held(pid, process.source)) for pid in view]
        )
        return read_page_usage(
            process,
            view=pinned,
            flags=options.get("flags", False),
            check_drift=check_drift,
            limits=limits,
        )


def _parted(options: WalkOptions) -> tuple[bool, Limits]:
    limits = Limits(
        progress=options.get("progress"),
        cancel=options.get("cancel"),
        time_limit=options.get("time_limit"),
        page_limit=options.get("page_limit"),
    )
    return options.get("check_drift", True), limits
