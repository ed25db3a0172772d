"""
What pages that were counted amount to, and what is certain of it.
"""

from __future__ import annotations

from collections import abc

import attrs

from procmem.evidence import Evidence
from procmem.flags import VmFlag
from procmem.model.mapping import Mapping
from procmem.model.usage import Usage
from procmem.pagetable.columns import PSS_SHIFT, fixed_point
from procmem.walk.tally import Resident, Tally

__all__ = ["Account", "Circumstances", "usage_of"]


@attrs.define(kw_only=True)
class Account:
    """
    What was found in one mapping.

    Attributes:
        mapping: Which.

        tally: Its pages.

        shmem: Whether its file is shared memory; None if that is unknown.

        shmem_swap: How many bytes of that are swapped out, or None if that
            is unknown.

        swap_entries: The entries of swapped pages, if they are divided.

        swap_share: Their proportional share in the kernel's fixed point;
            None if it was not asked for.

        seen: How many pages were looked at.

        unseen: How many a limit kept from being looked at.

        unsettled: How many changed while they were counted, twice.
    """

    mapping: Mapping
    tally: Tally = attrs.field(factory=Tally)
    shmem: bool | None = False
    shmem_swap: int | None = 0
    swap_entries: list[int] = attrs.field(factory=list[int])
    swap_share: int | None = None
    seen: int = 0
    unseen: int = 0
    unsettled: int = 0

    @property
    def locked(self) -> bool:
        """
        Whether the mapping is locked in memory.
        """
        return VmFlag.LOCKED in (self.mapping.vm_flags or ())


@attrs.frozen(kw_only=True)
class Circumstances:
    """
    What holds for all of a walk.

    Attributes:
        page_size: Size of one page, in bytes.

        zero_unknown: Whether zero pages could not be told from others.

        flags_read: Whether what anonymous frames are was looked at.

        merging: Whether there may be pages that KSM has merged.

        merged_known: Whether the flag of such pages can be believed: Linux
            6.12 sets it on every anonymous page.

        swap_known: Whether what looks swapped out is: without frames the
            kernel hides what tells markers from swap, and only the sum of
            status can confirm it.
    """

    page_size: int
    zero_unknown: bool = False
    flags_read: bool = False
    merging: bool = False
    merged_known: bool = True
    swap_known: bool = True


Bounds = tuple[int, int]


def usage_of(
    accounts: abc.Sequence[Account], circumstances: Circumstances, evidence: Evidence
) -> Usage:
    """
    The usage of one mapping or of several.

    A figure of which only bounds are certain is missing, and the bounds are
    in the evidence.  Where pages moved while they were counted there are
    bounds as well as a figure.
    """
    size = circumstances.page_size
    unseen = sum([account.unseen for account in accounts])
    drift = sum([account.unsettled for account in accounts]) * size
    found = {
        **_of_resident(accounts, unseen, circumstances),
        **_of_swap(accounts, unseen, circumstances),
        **_of_kinds(accounts, unseen, circumstances),
    }
    counters: dict[str, int | None] = {
        "size": sum([account.mapping.size for account in accounts])
    }
    bounds: dict[str, Bounds] = {}
    for name, (low, high) in found.items():
        if low == high:
            counters[name] = low
        if drift or low != high:
            bounds[name] = max(0, low - drift), high + drift
    shares = [account.swap_share for account in accounts]
    if not unseen and None not in shares:
        counters["swap_pss"] = sum([s or 0 for s in shares]) >> PSS_SHIFT
    if bounds:
        evidence = attrs.evolve(evidence, bounds=bounds)
    return Usage.of(counters, evidence=evidence)


def _together(parts: abc.Sequence[Resident]) -> Resident:
    # Of a single mapping most are empty.
    some = [part for part in parts if part.pages]
    if len(some) == 1:
        return some[0]
    total = Resident()
    for part in some:
        total.add(part)
    return total


def _of_resident(
    accounts: abc.Sequence[Account], unseen: int, circumstances: Circumstances
) -> dict[str, Bounds]:
    size = circumstances.page_size
    anonymous = _together([a.tally.anonymous for a in accounts])
    files = _together([a.tally.of_file for a in accounts if a.shmem is False])
    shmem = _together([a.tally.of_file for a in accounts if a.shmem])
    either = _together([a.tally.of_file for a in accounts if a.shmem is None])
    everything = _together((anonymous, files, shmem, either))
    zero = anonymous_zero = 0
    if circumstances.zero_unknown:
        # Huge zero pages have the bit of files set on most kernels.
        anonymous_zero = anonymous.uncertain
        zero = anonymous_zero + files.doubtful + shmem.doubtful + either.doubtful
    pages, private = everything.pages, everything.private
    doubtful = everything.doubtful
    shared = pages - private - doubtful
    return {
        "rss": ((pages - zero) * size, (pages + unseen) * size),
        "anonymous": (
            (anonymous.pages - anonymous_zero) * size,
            (anonymous.pages + unseen) * size,
        ),
        "uss": (private * size, (private + doubtful + unseen) * size),
        "shared": (
            max(0, shared - zero) * size,
            (shared + doubtful + unseen) * size,
        ),
        "pss": _share(everything, unseen, size),
        "pss_anon": _share(anonymous, unseen, size),
        "pss_file": _share(files, unseen, size, either),
        "pss_shmem": _share(shmem, unseen, size, either),
        "locked": _locked(accounts, unseen, size),
    }


def _locked(accounts: abc.Sequence[Account], unseen: int, size: int) -> Bounds:
    locked = [account.tally for account in accounts if account.locked]
    if not locked:
        return 0, 0
    parts = [part for tally in locked for part in (tally.anonymous, tally.of_file)]
    return _share(_together(parts), unseen, size)


def _share(
    part: Resident, unseen: int, size: int, perhaps: Resident | None = None
) -> Bounds:
    """
    The proportional share, added up exactly and cut once, of *part* and
    perhaps of some more.
    """
    low = fixed_point(part.sharers, size) >> PSS_SHIFT
    # What is shared, is shared by two at least.
    more = part.shared_by_some * size // 2 + (part.doubtful + unseen) * size
    if perhaps is not None and perhaps.pages:
        more += _share(perhaps, 0, size)[1] + 1
    return low, low + more


def _of_swap(
    accounts: abc.Sequence[Account], unseen: int, circumstances: Circumstances
) -> dict[str, Bounds]:
    size = circumstances.page_size
    high = sum([account.tally.swapped for account in accounts]) * size
    low = high if circumstances.swap_known else 0
    for account in accounts:
        if account.shmem_swap is None:
            high += account.mapping.size
        else:
            low += account.shmem_swap
            high += account.shmem_swap
    private = sum([account.tally.private_hugetlb for account in accounts]) * size
    shared = sum([account.tally.shared_hugetlb for account in accounts]) * size
    rest = unseen * size
    return {
        "swap": (low, high + rest),
        "private_hugetlb": (private, private + rest),
        "shared_hugetlb": (shared, shared + rest),
    }


def _of_kinds(
    accounts: abc.Sequence[Account], unseen: int, circumstances: Circumstances
) -> dict[str, Bounds]:
    """
    What only the flags of frames tell.
    """
    size = circumstances.page_size
    anonymous = sum([account.tally.anonymous.pages for account in accounts]) + unseen
    merged: Bounds = (0, anonymous * size)
    if not circumstances.merging:
        merged = (0, 0)
    elif circumstances.flags_read and circumstances.merged_known:
        found = sum([account.tally.merged for account in accounts])
        merged = (found * size, (found + unseen) * size)
    lazy = anonymous
    if circumstances.flags_read:
        # Those that were written to since are not, and that is not shown.
        lazy = sum([account.tally.lazily_free for account in accounts]) + unseen
    return {"ksm": merged, "lazy_free": (0, lazy * size)}
