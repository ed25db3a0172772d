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
from procmem.pagetable.columns import PSS_SHIFT
from procmem.walk.tally import Tally

__all__ = ["Account", "Circumstances", "usage_of"]


@attrs.define(kw_only=True)
class Account:
    """
    What was found in one mapping.

    Attributes:
        mapping: Which.

        tally: Its pages.

        shmem: Whether its file is shared memory.

        shmem_swap: How many bytes of that are swapped out, or None if that
            is unknown.

        swap_entries: The entries of swapped pages, if they are divided.

        swap_share: Their proportional share in the kernel's fixed point;
            None if it was not asked for.

        unseen: How many pages a limit kept from being looked at.

        unsettled: How many changed while they were counted, twice.
    """

    mapping: Mapping
    tally: Tally = attrs.field(factory=Tally)
    shmem: bool = False
    shmem_swap: int | None = 0
    swap_entries: list[int] = attrs.field(factory=list[int])
    swap_share: int | None = None
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
    """

    page_size: int
    zero_unknown: bool
    flags_read: bool
    merging: bool
    merged_known: bool


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
    total = Tally()
    for account in accounts:
        total.add(account.tally)
    size = circumstances.page_size
    unseen = sum(account.unseen for account in accounts)
    drift = sum(account.unsettled for account in accounts) * size
    found = {
        **_of_resident(total, unseen, circumstances),
        **_of_shares(accounts, unseen, size),
        **_of_swap(accounts, unseen, size),
        **_of_kinds(total, unseen, circumstances),
    }
    counters: dict[str, int | None] = {"size": sum(a.mapping.size for a in accounts)}
    bounds: dict[str, Bounds] = {}
    for name, (low, high) in found.items():
        if low == high:
            counters[name] = low
            if drift:
                bounds[name] = max(0, low - drift), high + drift
        else:
            bounds[name] = max(0, low - drift), high + drift
    shares = [account.swap_share for account in accounts]
    if not unseen and None not in shares:
        counters["swap_pss"] = sum(s or 0 for s in shares) >> PSS_SHIFT
    return Usage.of(counters, evidence=attrs.evolve(evidence, bounds=bounds))


def _maybe_zero(total: Tally, of_file: bool, circumstances: Circumstances) -> int:
    """
    How many pages that look resident may be the zero page.
    """
    if not circumstances.zero_unknown:
        return 0
    # Huge zero pages have the bit of files set on most kernels.
    return total.doubtful[True] if of_file else total.uncertain(of_file=False)


def _of_resident(
    total: Tally, unseen: int, circumstances: Circumstances
) -> dict[str, Bounds]:
    size = circumstances.page_size
    zero = [_maybe_zero(total, of_file, circumstances) for of_file in (False, True)]
    anonymous = total.resident(of_file=False)
    resident = anonymous + total.resident(of_file=True)
    private = total.private()
    doubtful = sum(total.doubtful.values())
    shared = resident - private - doubtful
    sure_shared = max(0, shared - sum(zero))
    return {
        "rss": ((resident - sum(zero)) * size, (resident + unseen) * size),
        "anonymous": ((anonymous - zero[0]) * size, (anonymous + unseen) * size),
        "uss": (private * size, (private + doubtful + unseen) * size),
        "shared": (sure_shared * size, (shared + doubtful + unseen) * size),
    }


def _of_shares(
    accounts: abc.Sequence[Account], unseen: int, size: int
) -> dict[str, Bounds]:
    """
    The proportional shares: each is added up exactly and cut once.
    """
    parts: dict[str, list[tuple[Tally, bool]]] = {
        "pss_anon": [(a.tally, False) for a in accounts],
        "pss_file": [(a.tally, True) for a in accounts if not a.shmem],
        "pss_shmem": [(a.tally, True) for a in accounts if a.shmem],
    }
    parts["pss"] = [part for some in parts.values() for part in some]
    parts["locked"] = [
        (a.tally, of_file) for a in accounts if a.locked for of_file in (False, True)
    ]
    return {name: _share(tallies, unseen, size) for name, tallies in parts.items()}


def _share(tallies: list[tuple[Tally, bool]], unseen: int, size: int) -> Bounds:
    known = sum(tally.share(of_file, size) for tally, of_file in tallies)
    by_some = sum(tally.shared_by_some[of_file] for tally, of_file in tallies)
    doubtful = sum(tally.doubtful[of_file] for tally, of_file in tallies)
    # What is shared, is shared by two at least.
    more = by_some * size // 2 + (doubtful + unseen) * size
    low = known >> PSS_SHIFT
    return low, low + more


def _of_swap(
    accounts: abc.Sequence[Account], unseen: int, size: int
) -> dict[str, Bounds]:
    swapped = sum(account.tally.swapped for account in accounts) * size
    low = high = swapped
    for account in accounts:
        if account.shmem_swap is None:
            high += account.mapping.size
        else:
            low += account.shmem_swap
            high += account.shmem_swap
    private = sum(account.tally.private_hugetlb for account in accounts) * size
    shared = sum(account.tally.shared_hugetlb for account in accounts) * size
    rest = unseen * size
    return {
        "swap": (low, high + rest),
        "private_hugetlb": (private, private + rest),
        "shared_hugetlb": (shared, shared + rest),
    }


def _of_kinds(
    total: Tally, unseen: int, circumstances: Circumstances
) -> dict[str, Bounds]:
    """
    What only the flags of frames tell.
    """
    size = circumstances.page_size
    anonymous = (total.resident(of_file=False) + unseen) * size
    merged: Bounds = (0, anonymous)
    if not circumstances.merging:
        merged = (0, 0)
    elif circumstances.flags_read and circumstances.merged_known:
        merged = (total.merged * size, (total.merged + unseen) * size)
    lazy = anonymous
    if circumstances.flags_read:
        # Those that were written to since are not, and that is not shown.
        lazy = (total.lazily_free + unseen) * size
    return {"ksm": merged, "lazy_free": (0, lazy)}
