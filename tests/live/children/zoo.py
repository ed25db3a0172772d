"""
A process with every kind of memory of one group, and its two forked children.

Arguments: the number of the group, and the user to become, if any.  It reports
the ranges by name, the children, and the kinds that this machine does not have.
"""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Callable

from tests.live.children import libc, zoo_huge, zoo_plain, zoo_rings, zoo_swapped
from tests.live.children.zoo_book import Book


class Group(enum.IntEnum):
    """
    Kinds that need the same of the machine.
    """

    # Nothing special.
    PLAIN = enum.auto()
    # Mapped for the use of devices, or with entries that are no pages.
    RINGS = enum.auto()
    # Transparent huge pages.
    HUGE = enum.auto()
    # Two free pages of hugetlbfs.
    HUGETLB = enum.auto()
    # Swap.
    SWAPPED = enum.auto()
    # KSM that runs.
    MERGED = enum.auto()


_MAKERS: dict[Group, tuple[Callable[[Book], None], ...]] = {
    Group.PLAIN: zoo_plain.MAKERS,
    Group.RINGS: zoo_rings.MAKERS,
    Group.HUGE: zoo_huge.MAKERS,
    Group.HUGETLB: zoo_huge.OF_HUGETLBFS,
    Group.SWAPPED: zoo_swapped.MAKERS,
    Group.MERGED: zoo_plain.MERGED,
}


def main(number: int, uid: int = -1) -> None:
    """
    Make the memory, fork, change some of it, and wait.
    """
    book = Book()
    for make in _MAKERS[Group(number)]:
        try:
            make(book)
        except OSError as exc:
            book.absent[make.__name__] = str(exc)
    if uid != -1:
        libc.drop_to(uid, uid, dumpable=True)
    ready, parent_lives = os.pipe(), os.pipe()
    children = []
    for active in (True, False):
        if pid := os.fork():
            children.append(pid)
            os.read(ready[0], 1)
            continue
        os.close(parent_lives[1])
        if active:
            for action in book.in_child:
                action()
        os.write(ready[1], b"x")
        os.read(parent_lives[0], 1)
        os._exit(0)
    for action in book.afterwards:
        action()
    libc.report(children=children, areas=book.areas, absent=book.absent)
    libc.wait_for_end()
    os.close(parent_lives[1])
    for pid in children:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
