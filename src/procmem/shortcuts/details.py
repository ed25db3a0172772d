"""
More than totals: what ``procmem.mappings(pid)`` and its like answer.

They stand apart because what they give is made of classes that a program
which asks for one number need not load.
"""

from __future__ import annotations

from collections import abc
from typing import Literal, Unpack

import attrs

from procmem.model.mapping import Mappings
from procmem.model.status import Status
from procmem.model.usage import Usage
from procmem.reading.listing import read_mappings
from procmem.reading.status import read_peak, read_status
from procmem.reading.totals import read_usage
from procmem.shortcuts.options import CountOptions
from procmem.shortcuts.totals import Pid, held
from procmem.sizes import Size
from procmem.snapshots import Snapshot, take
from procmem.sources.base import Source

__all__ = ["Method", "mappings", "peak_rss", "snapshot", "status", "usage"]


def peak_rss(pid: Pid = None, *, source: Source | None = None) -> int:
    """
    The largest RSS so far, in bytes: ``VmHWM`` of ``status``.

    The kernel keeps it approximately, without swap, and starts anew when the
    process becomes another program.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.

        UnsupportedError: If the kernel does not print it.
    """
    with held(pid, source) as process:
        return Size(read_peak(process))


Method = Literal["auto", "kernel", "pages"]
"""How to find out: the kernel's own counters, or a look at every page."""

_METHODS = ("auto", "kernel", "pages")


def usage(
    pid: Pid = None,
    *,
    method: Method = "auto",
    source: Source | None = None,
    **options: Unpack[CountOptions],
) -> Usage:
    """
    All counters of the process, in bytes.

    From ``smaps_rollup``, or the sum of ``smaps`` where there is none; or, with
    ``method="pages"``, from every page: ``pagemap`` and ``kpagecount``.  Its
    evidence says which.

    Args:
        pid: The process.

        method: ``"kernel"`` for the kernel's own sums, ``"pages"`` to count
            every page; ``"auto"`` for the cheapest that is exact, which is
            the kernel's.

        source: Where to look; None means the live ``/proc``.

        **options: For ``method="pages"``: see
            :class:`~procmem.CountOptions`.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.

        UnsupportedError: If it offers neither file.

        ProcessChangedError: If the process became another program each time
            it was looked at.

        ValueError: If there is no such method.

        TypeError: If options are given that the method does not take.
    """
    _check_method(method, options)
    with held(pid, source) as process:
        if method == "pages":
            from procmem.shortcuts.pages import count_pages

            return count_pages(process, options).usage()
        return read_usage(process)


def _check_method(method: str, options: abc.Mapping[str, object]) -> None:
    """
    Refuse a method that there is not, and options that it does not take.

    Raises:
        ValueError: If there is no such method.

        TypeError: If it takes no options and there are some.
    """
    if method not in _METHODS:
        msg = f"no such method: {method!r}; there are {', '.join(_METHODS)}"
        raise ValueError(msg)
    if options and method != "pages":
        msg = f"{', '.join(options)}: for method='pages' only"
        raise TypeError(msg)


def mappings(
    pid: Pid = None,
    *,
    method: Method = "auto",
    source: Source | None = None,
    **options: Unpack[CountOptions],
) -> Mappings:
    """
    The mappings of the process with what each occupies.

    From ``smaps``, where the kernel offers only ``maps`` without usage; or,
    with ``method="pages"``, counted page by page.

    Args:
        pid: The process.

        method: ``"kernel"`` for the kernel's own sums, ``"pages"`` to count
            every page; ``"auto"`` is the kernel's.

        source: Where to look; None means the live ``/proc``.

        **options: For ``method="pages"``: see
            :class:`~procmem.CountOptions`.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.

        UnsupportedError: If it offers neither file.

        ProcessChangedError: If the process became another program each time
            it was looked at.

        ValueError: If there is no such method.

        TypeError: If options are given that the method does not take.
    """
    _check_method(method, options)
    with held(pid, source) as process:
        if method == "pages":
            from procmem.shortcuts.pages import count_pages

            return count_pages(process, options).mappings()
        return read_mappings(process)


def status(pid: Pid = None, *, source: Source | None = None) -> Status:
    """
    Identity, state and cheap counters of the process, from ``status``.

    If its first thread has ended while others live, the memory is read
    through one of those.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.
    """
    with held(pid, source) as process:
        return read_status(process)


def snapshot(
    pid: Pid = None, *, pages: bool = False, source: Source | None = None
) -> Snapshot:
    """
    The process read once: status, totals and mappings.

    Args:
        pid: The process.

        pages: Whether to read its pages too.

        source: Where to look; None means the live ``/proc``.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.

        UnsupportedError: If the kernel lacks a file that this takes.

        ProcessChangedError: If the process became another program each time
            it was looked at.
    """
    with held(pid, source) as process:
        taken = take(process)
        if pages:
            from procmem.walk.table import read_pages

            return attrs.evolve(taken, pages=read_pages(process))
        return taken
