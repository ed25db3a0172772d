"""
Who else has a swapped page: the kernel counts its users and tells no one, so
they are counted over all processes in view.
"""

from __future__ import annotations

from collections import Counter, abc
from functools import partial
from itertools import compress

from procmem.errors import ProcessGoneError, ProcmemError
from procmem.flags import PageState
from procmem.pagetable.columns import CODES, PSS_SHIFT, states_of, table_of
from procmem.reading.lifecycle import first_sound
from procmem.sources.base import PinnedProcess
from procmem.walk.blocks import Block, read_blocks
from procmem.walk.plan import listing_for_walk, make_plan
from procmem.walk.usages import Account

__all__ = ["SwapUsers"]

# Type and offset of the swap slot; what is above are flags.
_SLOT = (1 << 55) - 1

_IF_SWAPPED = table_of(lambda code: code == CODES[PageState.SWAPPED])
_HAS_SWAP = CODES[PageState.SWAPPED]


class SwapUsers:
    """
    Divides swapped pages among processes.

    Args:
        view: The processes; the one that is counted is among them or not.
    """

    def __init__(self, view: abc.Sequence[PinnedProcess]) -> None:
        self._view = view
        self.unreadable: list[int] = []

    def entries(self, block: Block) -> list[int]:
        """
        The swap slots of the swapped pages of *block*.
        """
        words = memoryview(block.raw).cast("Q")
        states = states_of(words, None)
        if _HAS_SWAP not in states:
            return []
        return [word & _SLOT for word in compress(words, states.translate(_IF_SWAPPED))]

    def count(self, process: PinnedProcess, accounts: abc.Sequence[Account]) -> None:
        """
        Give each account its share of what is swapped out.
        """
        users: Counter[int] = Counter()
        for account in accounts:
            users.update(account.swap_entries)
        if users:
            seen = [process]
            for other in self._view:
                if not any(_is_same(other, known) for known in seen):
                    seen.append(other)
                    self._add(users, other)
        page = process.source.page_size << PSS_SHIFT
        for account in accounts:
            account.swap_share = sum(page // users[e] for e in account.swap_entries)
            account.swap_entries = []

    def _add(self, users: Counter[int], other: PinnedProcess) -> None:
        try:
            slots = first_sound(other, "pagemap", partial(self._slots, users))
        except ProcessGoneError:
            return
        except ProcmemError:
            self.unreadable.append(other.pid)
        else:
            users.update(slots or ())

    def _slots(
        self, wanted: abc.Container[int], process: PinnedProcess, prefix: str
    ) -> list[int] | None:
        """
        Which of some slots a process uses, as often as it does.
        """
        found: list[int] = []
        with process.pagemap(prefix) as pagemap:
            listed = listing_for_walk(process, prefix)
            if listed is None:
                return None
            plan = make_plan(process, pagemap, listed[0], listed[1])
            for pieces in plan.pieces:
                for block in read_blocks(
                    pagemap,
                    pieces,
                    page_size=process.source.page_size,
                    byteorder=process.source.byteorder,
                ):
                    found += [slot for slot in self.entries(block) if slot in wanted]
            return found if pagemap.is_bound() else None


def _is_same(one: PinnedProcess, two: PinnedProcess) -> bool:
    """
    Whether both have one address space, which counts once.
    """
    return one.pid == two.pid or bool(one.shares_memory_with(two))
