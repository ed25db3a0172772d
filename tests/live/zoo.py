"""
A family of processes with every kind of memory, stopped; and who is in view.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import procmem
from tests.live.children.zoo import Group
from tests.live.control import wait_until
from tests.live.kernel_text import amount, covering, mappings, text_of, total
from tests.live.machine import huge_page_size, huge_pages, merging, swap
from tests.live.processes import stopped
from tests.live.processes.children import Area, child

__all__ = ["Group", "Zoo", "everyone", "zoo"]

_MANY = 400
_SCANS = Path("/sys/kernel/mm/ksm/full_scans")


class Zoo(NamedTuple):
    """
    A stopped family.

    Attributes:
        group: Which memory it has.
        pids: The parent, a child that has changed some of its memory, and one
            that has not.
        areas: Where the parent has what, by name.
        absent: What this machine does not have, with the reason.
    """

    group: Group
    pids: tuple[int, ...]
    areas: dict[str, Area]
    absent: dict[str, str]

    def amounts(self, name: str, key: str) -> list[int]:
        """
        One counter of an area, in bytes, as the kernel prints it for each of
        the family.
        """
        area = self.areas[name]
        return [
            total(covering(mappings(text_of(pid, "smaps")), area.start, area.end), key)
            for pid in self.pids
        ]


@contextlib.contextmanager
def zoo(group: Group, uid: int = -1) -> Iterator[Zoo]:
    """
    The family with the memory of one group, and what the machine has to have
    for it.

    Args:
        group: Which memory.

        uid: Whose processes they are; -1 leaves them the tests' own.

    Raises:
        NotHereError: If the machine cannot have it.
    """
    with contextlib.ExitStack() as stack:
        match group:
            case Group.HUGETLB:
                stack.enter_context(huge_pages(4))
            case Group.HUGE:
                huge_page_size()
            case Group.SWAPPED:
                stack.enter_context(swap())
            case Group.MERGED:
                stack.enter_context(merging())
            case _:
                pass
        facts = stack.enter_context(child("zoo", group, uid))
        it = Zoo(
            group,
            (facts.pid, *facts.told["children"]),
            {name: Area(*area) for name, area in facts.told["areas"].items()},
            facts.told["absent"],
        )
        if group is Group.MERGED:
            _wait_for_merger(it)
        stack.enter_context(stopped(it.pids))
        yield it


def _wait_for_merger(it: Zoo) -> None:
    wait_until(
        lambda: set(it.amounts("mergeable", "KSM")) == {it.areas["mergeable"].size},
        seconds=60,
        what="all pages merged",
    )
    # Once more, so that nothing is on its way.
    before = int(_SCANS.read_text())
    wait_until(
        lambda: int(_SCANS.read_text()) > before + 1, seconds=60, what="two scans"
    )


@contextlib.contextmanager
def everyone() -> Iterator[list[procmem.PinnedProcess]]:
    """
    All processes that can be seen, pinned; but where there are very many, only
    those of which the kernel says that something is swapped out.
    """
    pids = procmem.ProcFS().pids()
    if len(pids) > _MANY:
        pids = [pid for pid in pids if _swaps(pid)]
    with contextlib.ExitStack() as stack:
        pinned = []
        for pid in pids:
            with contextlib.suppress(procmem.ProcessGoneError):
                pinned.append(stack.enter_context(procmem.pinned(pid)))
        yield pinned


def _swaps(pid: int) -> bool:
    try:
        status = text_of(pid, "status")
    except (FileNotFoundError, ProcessLookupError):
        return False
    # A kernel thread has no such line.
    return b"VmSwap:" in status and b"VmSwap:\t       0 kB" not in status


def pages_of(pid: int) -> tuple[int, int]:
    """
    How many mappings a process has, and how many bytes are resident.
    """
    listed = mappings(text_of(pid, "smaps"))
    return len(listed), sum(amount(mapping, "Rss") for mapping in listed)
