"""
The usage of a process and of each of its mappings, added up over its pages.

Nothing is kept of a page once it is counted, so that the memory this takes
does not grow with the process.
"""

from __future__ import annotations

import time
from collections import abc
from functools import partial
from operator import attrgetter

import attrs

from procmem.evidence import Evidence
from procmem.model.bulk import build
from procmem.model.mapping import Mapping, Mappings
from procmem.model.usage import Usage
from procmem.reading.lifecycle import first_sound, nothing
from procmem.sources.base import PinnedProcess
from procmem.walk.limits import Limits
from procmem.walk.shmem import SharedMemory
from procmem.walk.swapping import SwapUsers
from procmem.walk.tally import count_blocks
from procmem.walk.usages import Account, Circumstances, usage_of
from procmem.walk.walker import Walker

__all__ = ["PageUsage", "read_page_usage"]


@attrs.frozen(kw_only=True)
class PageUsage:
    """
    What a walk has counted, an account a mapping.
    """

    accounts: tuple[Account, ...]
    circumstances: Circumstances
    evidence: Evidence

    def usage(self) -> Usage:
        """
        Of the process.
        """
        if not self.accounts:
            return Usage.zero(self.evidence)
        return usage_of(self.accounts, self.circumstances, self.evidence)

    def mappings(self) -> Mappings:
        """
        Of each mapping.
        """
        usages = [
            usage_of([account], self.circumstances, self.evidence)
            for account in self.accounts
        ]
        listed = [account.mapping for account in self.accounts]
        # What attrs.evolve() would do, in a tenth of the time.
        columns: dict[str, list[object]] = {
            field.name: list(map(attrgetter(field.name), listed))
            for field in attrs.fields(Mapping)
        }
        found = build(Mapping, len(listed), {**columns, "usage": usages})
        return Mappings(found, evidence=self.evidence)


def read_page_usage(
    process: PinnedProcess,
    *,
    view: abc.Sequence[PinnedProcess] | None = None,
    flags: bool = False,
    check_drift: bool = True,
    limits: Limits | None = None,
) -> PageUsage:
    """
    Count every page of *process* by the rules of ``smaps``.

    Args:
        process: Whose pages.

        view: The processes among which swapped pages are divided; None leaves
            ``swap_pss`` missing.

        flags: Whether to read ``kpageflags`` of anonymous pages, to bound
            ``lazy_free`` more closely.

        check_drift: Whether to read entries twice and count again what
            changed.

        limits: How far to go.

    Raises:
        ProcessGoneError: If the process is gone.

        AccessDeniedError: If the kernel refuses.

        UnsupportedError: If it has no page tables to show, or is older than
            4.2.

        ProcessChangedError: If the process became another program each time.
    """
    started = time.perf_counter()
    attempt = partial(
        _attempt,
        view=view,
        flags=flags,
        check_drift=check_drift,
        limits=limits or Limits(),
        started=started,
    )
    counted = first_sound(process, "pagemap", attempt)
    if counted is None:
        return PageUsage(
            accounts=(),
            circumstances=Circumstances(page_size=process.source.page_size),
            evidence=attrs.evolve(nothing(started), method="pages"),
        )
    return counted


def _attempt(
    process: PinnedProcess,
    prefix: str,
    *,
    view: abc.Sequence[PinnedProcess] | None,
    flags: bool,
    check_drift: bool,
    limits: Limits,
    started: float,
) -> PageUsage | None:
    walker = Walker.open(process, prefix, limits=limits, check_drift=check_drift)
    if walker is None:
        return None
    with walker:
        # Without frames the kernel hides the slots of swapped pages as well.
        divided = view is not None and walker.frames_visible
        swapped = SwapUsers(view or ()) if divided else None
        accounts = _accounts(walker, SharedMemory(walker), swapped, flags=flags)
        if not walker.pagemap.is_bound():
            # The process ended, or became another program, in mid-walk.
            return None
    evidence = Evidence(
        method="pages",
        files=(walker.file, "status", "pagemap", *walker.frame_files),
        moved=walker.moved,
        seconds=time.perf_counter() - started,
        missing=_missing(limits, swapped, hidden=view is not None and not divided),
    )
    merged = sum(account.tally.merged for account in accounts)
    circumstances = Circumstances(
        page_size=walker.page_size,
        zero_unknown=walker.zero_unknown,
        flags_read=_wants_flags(process, flags) and "kpageflags" in walker.frame_files,
        merging=_merging(process),
        merged_known=merged < sum(a.tally.anonymous.pages for a in accounts),
        swap_known=walker.frames_visible
        or sum(a.tally.swapped for a in accounts) * walker.page_size
        == walker.amounts.swapped,
    )
    return PageUsage(
        accounts=tuple(accounts), circumstances=circumstances, evidence=evidence
    )


def _wants_flags(process: PinnedProcess, flags: bool) -> bool:
    return flags or _merging(process)


def _merging(process: PinnedProcess) -> bool:
    return process.source.has_merged_pages() is not False


def _missing(
    limits: Limits, swapped: SwapUsers | None, *, hidden: bool
) -> tuple[str, ...]:
    missing: list[str] = []
    if hidden:
        missing.append("swap_pss: slots of swap are shown with CAP_SYS_ADMIN only")
    if limits.reached is not None:
        missing.append(f"pages that were not looked at: {limits.reached}")
    if swapped is not None and swapped.unreadable:
        pids = ", ".join(map(str, swapped.unreadable))
        missing.append(f"swapped pages of processes that could not be read: {pids}")
    return tuple(missing)


def _accounts(
    walker: Walker,
    shared_memory: SharedMemory,
    swapped: SwapUsers | None,
    *,
    flags: bool,
) -> list[Account]:
    """
    One account for each mapping.
    """
    counts = walker.frame_file("kpagecount")
    wanted = _wants_flags(walker.process, flags)
    page_flags = walker.frame_file("kpageflags") if wanted else None
    known: dict[int, Account] = {}
    look = partial(count_blocks, counts=counts, flags=page_flags)
    for index, block, found, unsettled in walker.blocks(look):
        if index in known:
            known[index].tally.add(found)
        else:
            known[index] = Account(mapping=walker.mappings[index], tally=found)
        account = known[index]
        account.seen += block.pages
        account.unsettled += unsettled
        if found.swapped and swapped is not None:
            account.swap_entries += swapped.entries(block)
    accounts = [
        known.get(index) or Account(mapping=mapping)
        for index, mapping in enumerate(walker.mappings)
    ]
    for index, account in enumerate(accounts):
        # At the end of a walk, what has not been seen is what is above the
        # page table, such as [vsyscall], and has no entries.
        if walker.limits.reached is not None:
            account.unseen = walker.pages_of(index) - account.seen
        if account.tally.of_file.pages or shared_memory.swap_in_use:
            account.shmem = shared_memory.is_shared(index)
            if account.shmem is not False:
                account.shmem_swap = shared_memory.swapped(index)
    if swapped is not None:
        swapped.count(walker.process, accounts)
    return accounts
