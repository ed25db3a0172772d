"""
The totals of a process: ``procmem.pss(pid)`` and its sisters.
"""

from __future__ import annotations

from collections import abc
from contextlib import nullcontext
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypeIs, Unpack

from procmem.errors import UnsupportedError
from procmem.model.usage import Usage
from procmem.reading.totals import read_usage
from procmem.sizes import Size
from procmem.sources.base import PinnedProcess, Source
from procmem.sources.procfs import ProcFS

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from procmem.shortcuts.pages import CountOptions

__all__ = [
    "Method",
    "Pid",
    "check_method",
    "footprint",
    "held",
    "pinned",
    "pss",
    "rss",
    "shared",
    "swap",
    "usage",
    "uss",
]

Method = Literal["auto", "kernel", "pages"]
"""How to find out: the kernel's own counters, or a look at every page."""

_METHODS = ("auto", "kernel", "pages")

Pid = int | PinnedProcess | None
"""A process: by number, pinned, or None for the calling one."""


def pinned(pid: int | None = None, source: Source | None = None) -> PinnedProcess:
    """
    Take hold of a process, to ask several things about the same one.

    Use it in a ``with`` statement, and give what it yields in place of a pid:
    when the process ends, every further question raises
    :exc:`~procmem.ProcessGoneError`, even if the pid is taken again.

    Args:
        pid: Its number; None means the calling process.

        source: Where to look; None means the live ``/proc``.

    Raises:
        ProcessGoneError: If there is no such process.
    """
    return (ProcFS() if source is None else source).pin(pid)


def rss(pid: Pid = None, *, source: Source | None = None) -> int:
    """
    Resident set size, in bytes: every page in memory counts fully, however
    many share it.

    From ``smaps_rollup``, or the sum of ``smaps`` where there is none.  It is
    exact, which ``VmRSS`` of ``status`` is not on every kernel.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.

        UnsupportedError: If it offers neither file, or does not print it.
    """
    return Size(usage(pid, source=source).rss)


def pss(pid: Pid = None, *, source: Source | None = None) -> int:
    """
    Proportional set size, in bytes: every page in memory divided by the
    number of mappings that share it.

    From ``smaps_rollup``; where there is none, the sum of ``smaps``, which is
    lower by up to 1 kB a mapping.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.

        UnsupportedError: If it offers neither file, or does not print it.
    """
    return Size(usage(pid, source=source).pss)


def uss(pid: Pid = None, *, source: Source | None = None) -> int:
    """
    Unique set size, in bytes: the pages in memory that are mapped exactly
    once.

    From ``smaps_rollup``, or the sum of ``smaps`` where there is none.  Pages
    of hugetlbfs are not in it, as they are in neither RSS nor PSS.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.

        UnsupportedError: If it offers neither file, or does not print it.
    """
    return Size(usage(pid, source=source).uss)


def shared(pid: Pid = None, *, source: Source | None = None) -> int:
    """
    The pages in memory that are mapped more than once, in bytes, each counted
    fully.

    From ``smaps_rollup``, or the sum of ``smaps`` where there is none.  It is
    not the SHR of top, which counts pages of files whether or not anyone
    shares them.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.

        UnsupportedError: If it offers neither file, or does not print it.
    """
    return Size(usage(pid, source=source).shared)


def swap(pid: Pid = None, *, source: Source | None = None) -> int:
    """
    What is swapped out, in bytes, swapped shared memory included.

    From ``smaps_rollup``, or the sum of ``smaps`` where there is none.
    ``VmSwap`` of ``status`` is less where shared memory is swapped.

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.

        UnsupportedError: If it offers neither file, or does not print it.
    """
    return Size(usage(pid, source=source).swap)


def footprint(pid: Pid = None, *, source: Source | None = None) -> int:
    """
    What the process costs, whoever else maps its libraries, in bytes: the
    proportional share of memory without a file, and of swap.

    From ``smaps_rollup`` (``Pss_Anon + Pss_Shmem + SwapPss``); where the
    kernel does not print those, added up over ``smaps`` if that tells exactly
    (:func:`procmem.accounting.footprint`).

    Raises:
        ProcessGoneError: If there is no such process.

        AccessDeniedError: If the kernel does not let this user see it.

        UnsupportedError: If the kernel tells no more than bounds.
    """
    with held(pid, source) as process:
        try:
            return Size(read_usage(process).footprint)
        except UnsupportedError:
            from procmem import accounting
            from procmem.reading.listing import read_mappings

            return Size(accounting.footprint(read_mappings(process)))


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
    check_method(method, options)
    with held(pid, source) as process:
        if method == "pages":
            from procmem.shortcuts.pages import count_pages

            return count_pages(process, options).usage
        return read_usage(process)


def check_method(method: str, options: abc.Mapping[str, object]) -> None:
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


def held(pid: Pid, source: Source | None) -> AbstractContextManager[PinnedProcess]:
    """
    The process that the arguments of a shortcut mean, for as long as the
    call takes.
    """
    if not _is_pinned(pid):
        return pinned(pid, source)
    if source is not None and source != pid.source:
        msg = f"{pid} is pinned in {pid.source}, not in {source}"
        raise ValueError(msg)
    # Whoever pinned it lets it go.
    return nullcontext(pid)


def _is_pinned(pid: Pid) -> TypeIs[PinnedProcess]:
    # Whatever else is no process is refused where pids are checked.
    return hasattr(pid, "pid") and hasattr(pid, "read")
