"""
Ask everything that looks at every page.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import procmem
from tests.live.control import NotHereError
from tests.live.kernel_text import Printed, amount
from tests.live.page_comparing import KEYS, SPLIT, actual_of, expected_of
from tests.live.processes import as_user

T = TypeVar("T")

_CLONE_NEWUSER = 0x1000_0000

_libc = ctypes.CDLL(None, use_errno=True)


def usage(
    pid: int | procmem.PinnedProcess | None = None, **options: object
) -> procmem.Usage:
    """
    The totals, counted page by page.
    """
    return procmem.usage(pid, method="pages", **options)  # type: ignore[arg-type]


def mappings(
    pid: int | procmem.PinnedProcess | None = None, **options: object
) -> procmem.Mappings:
    """
    The mappings, counted page by page.
    """
    return procmem.mappings(pid, method="pages", **options)  # type: ignore[arg-type]


CALLS: dict[str, Callable[..., object]] = {
    "usage": usage,
    "mappings": mappings,
    "pages": procmem.pages,
    "true_uss": procmem.true_uss,
}
"""Every public function that looks at pages."""


def everything(pid: int | procmem.PinnedProcess | None = None) -> dict[str, object]:
    """
    What each call answers, or the error that it raises.
    """
    answers: dict[str, object] = {}
    for name, call in CALLS.items():
        try:
            answers[name] = call(pid)
        except procmem.ProcmemError as exc:
            answers[name] = exc
    return answers


def load() -> None:
    """
    Import all that the calls use, which a user who may not read its files
    can't do.
    """
    for name in procmem.__all__:
        getattr(procmem, name)
    everything()
    usage(flags=True, view=[None])
    # Also what is imported only to say no.
    everything(1 << 22)


def as_namespace_root(uid: int, function: Callable[[], T]) -> T:
    """
    Call a function as a user who is root of a user namespace, and of no other.

    Raises:
        NotHereError: If such a user may not make one.
    """

    def unshared() -> T:
        if _libc.unshare(_CLONE_NEWUSER) == -1:
            msg = f"no user namespace: {os.strerror(ctypes.get_errno())}"
            raise NotHereError(msg)
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1\n")
        assert os.geteuid() == 0
        return function()

    return as_user(uid, unshared)


def unsound(printed: Printed, found: procmem.Usage) -> dict[str, object]:
    """
    The figures that are not the kernel's, though they are stated as certain,
    and those whose bounds do not contain the kernel's.
    """
    # Only the rollup has the parts of PSS.
    expected = expected_of(printed, KEYS | SPLIT)
    expected["lazy_free"] = amount(printed, "LazyFree")
    actual = actual_of(found, expected)
    wrong: dict[str, object] = {}
    for name, truth in expected.items():
        assert isinstance(truth, int)
        if actual[name] is not None:
            if actual[name] != truth:
                wrong[name] = (truth, actual[name])
            continue
        low, high = found.evidence.bounds.get(name, (None, None))
        if low is None or high is None:
            # Without knowing who else swaps it, there is no saying.
            if name != "swap_pss":
                wrong[name] = (truth, "missing")
        # The kernel cuts to the kB.
        elif not low - low % 1024 <= truth <= high:
            wrong[name] = (truth, low, high)
    return wrong
