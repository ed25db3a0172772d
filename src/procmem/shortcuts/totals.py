"""
The totals of a process: ``procmem.pss(pid)`` and its sisters.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from procmem.errors import UnsupportedError
from procmem.formats.picking import picked
from procmem.sizes import Size
from procmem.sources.base import PinnedProcess, Source
from procmem.sources.procfs import ProcFS

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from typing_extensions import TypeIs

__all__ = [
    "Pid",
    "footprint",
    "held",
    "pinned",
    "pss",
    "rss",
    "shared",
    "swap",
    "uss",
]

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
    return _total("rss", (b"Rss",), pid, source)


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
    return _total("pss", (b"Pss",), pid, source)


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
    return _total("uss", (b"Private_Clean", b"Private_Dirty"), pid, source)


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
    return _total("shared", (b"Shared_Clean", b"Shared_Dirty"), pid, source)


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
    # Kernels that do not print Pss_Anon may have Swap wrong.
    if_sound = (b"Pss_Anon",)
    return _total("swap", (b"Swap",), pid, source, if_printed=if_sound)


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
    keys = (b"Pss_Anon", b"Pss_Shmem", b"SwapPss")
    return _total("footprint", keys, pid, source)


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


def _total(
    name: str,
    keys: tuple[bytes, ...],
    pid: Pid,
    source: Source | None,
    *,
    if_printed: tuple[bytes, ...] = (),
) -> Size:
    """
    One counter: picked from the rollup, or worked out where that is unusual.
    """
    with held(pid, source) as process:
        try:
            data = process.read("smaps_rollup")
        except UnsupportedError:
            data = b""
        value = picked(data, keys)
        if value is None or (if_printed and picked(data, if_printed) is None):
            # Most processes never get here, and need not load this.
            from procmem.reading.totals import read_total

            value = read_total(process, name)
        return Size(value)
