"""
Ask everything that looks at every page.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import procmem
from tests.live import kernel_text
from tests.live.control import NotHereError
from tests.live.kernel_text import Printed, amount, steady, text_of
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


class Seen(NamedTuple):
    """
    What the kernel printed and procmem found in one moment.

    Attributes:
        rollup: The file.
        smaps: The file.
        usage: The totals.
        mappings: The mappings.
    """

    rollup: bytes
    smaps: bytes
    usage: procmem.Usage
    mappings: procmem.Mappings

    def pairs(self) -> Iterator[tuple[Printed, procmem.Usage]]:
        """
        What is to be compared: the totals, and each mapping.
        """
        yield kernel_text.rollup(self.rollup), self.usage
        printed = kernel_text.mappings(self.smaps)
        for one, mapping in zip(printed, self.mappings, strict=True):
            assert mapping.usage is not None
            yield one, mapping.usage


def look(pid: int) -> Seen:
    """
    Look at a process that stands still.  Who looks may share pages with it, so
    the kernel has to be asked by the same.
    """
    _, (smaps, total, found) = steady(
        pid,
        ("smaps_rollup",),
        lambda: (text_of(pid, "smaps"), usage(pid), mappings(pid)),
    )
    return Seen(text_of(pid, "smaps_rollup"), smaps, total, found)


def unsound_of(seen: Seen) -> list[object]:
    """
    What is not sound of the totals and of each mapping.
    """
    return [
        (printed.get("start"), printed.get("name"), wrong)
        for printed, found in seen.pairs()
        if (wrong := unsound(printed, found))
    ]


def is_narrow(printed: Printed, found: procmem.Usage) -> bool:
    """
    Whether huge pages map nothing of it, and all is as exact as may be then.

    Raises:
        AssertionError: If the bounds are wider than they have to be.
    """
    bounds = found.evidence.bounds
    low, high = bounds.get("pss", (found.get("pss"), found.get("pss")))
    assert isinstance(low, int)
    assert isinstance(high, int)
    huge = ("AnonHugePages", "ShmemPmdMapped", "FilePmdMapped")
    rss = amount(printed, "Rss")
    if any(amount(printed, key) for key in huge):
        if found.get("uss") is None:
            least, most = bounds["uss"]
            assert least < most <= high <= rss
        return False
    shared = amount(printed, "Shared_Clean") + amount(printed, "Shared_Dirty")
    private = rss - shared
    assert (rss, private, shared) == (found.rss, found.uss, found.shared)
    assert private <= low <= high <= rss - shared // 2
    # Then it is certain how much is shared, but not by how many.
    assert (found.get("pss") is None) == (shared > 0)
    return True


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
