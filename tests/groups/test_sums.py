"""
Sums over real trees whose memory the tests have made.
"""

from __future__ import annotations

import mmap
import os

import pytest

import procmem
from tests.groups.puppets import Puppet, puppet

pytestmark = pytest.mark.live

MIB = 1024**2
PAGE = mmap.PAGESIZE


def of_mapping(group: procmem.Group, address: int) -> list[procmem.Usage]:
    """
    What each member has in the mapping at an address.
    """
    found = [member.mappings.at(address) for member in group.members if member.mappings]
    return [mapping.usage for mapping in found if mapping and mapping.usage]


def grown(before: procmem.Group, after: procmem.Group, name: str) -> int:
    """
    By how much a figure grew, in bytes.
    """
    more: int = getattr(after, name) - getattr(before, name)
    return more


# The kernel rounds each share down to a kB: of five processes three of which
# footprint is the sum.
_ROUNDED = 5 * 3 * 1024


class TestForked:
    def test_copy_on_write(self) -> None:
        """
        Of private memory that was made before a fork and partly rewritten,
        the shares of all add up to what there is of it, to the page.
        """
        with puppet() as parent:
            address = parent.run(f"hold({16 * MIB})")
            children = parent.fork(4)
            parent.tell(children[0], f"rewrite({address}, {4 * MIB})")
            group = procmem.tree(parent.pid, mappings=True)
        usages = of_mapping(group, address)

        assert [parent.pid, *children] == list(group.pids)
        # Each is rounded down to a kB.
        shares = sum(usage.pss for usage in usages)
        assert 20 * MIB == -(-shares // PAGE) * PAGE
        assert 5 * 16 * MIB == sum(usage.rss for usage in usages)
        assert 4 * MIB == sum(usage.uss for usage in usages)

    def test_totals(self) -> None:
        """
        The sum of footprints is what the test made, to the page: it falls by
        just that when all give it back, where RSS falls by as much as there
        are processes, and USS only by what one had for itself.
        """
        with puppet() as parent:
            # What giving back takes besides, it has taken the third time.
            areas = [parent.run(f"hold({16 * MIB})") for _ in range(3)]
            areas += [parent.run(f"hold_shared({8 * MIB})") for _ in range(3)]
            children = parent.fork(4)
            before = after = procmem.tree(parent.pid)
            for private, shared in zip(areas[:3], areas[3:], strict=True):
                parent.tell(children[0], f"rewrite({private}, {4 * MIB})")
                for child in children:
                    parent.tell(child, f"libc.read({shared}, {8 * MIB})")
                before = procmem.tree(parent.pid)
                for address, size in ((private, 16 * MIB), (shared, 8 * MIB)):
                    for child in children:
                        parent.tell(child, f"libc.unmap({address}, {size})")
                    parent.run(f"libc.unmap({address}, {size})")
                after = procmem.tree(parent.pid)

        made = 16 * MIB + 4 * MIB + 8 * MIB
        assert abs(grown(after, before, "footprint") - made) < _ROUNDED
        # It has a share of the libraries, which other processes change.
        assert abs(grown(after, before, "pss") - made) < MIB
        # Python may copy a page of its own meanwhile.
        assert abs(grown(after, before, "rss_sum") - 5 * (16 + 8) * MIB) < 16 * PAGE
        assert abs(grown(after, before, "uss_sum") - 4 * MIB) < 16 * PAGE

    def test_shared_memory(self) -> None:
        """
        Shared memory counts once, whoever maps it.
        """
        with puppet() as parent:
            address = parent.run(f"hold_shared({16 * MIB})")
            children = parent.fork(3)
            for child in children:
                parent.tell(child, f"libc.read({address}, {16 * MIB})")
            group = procmem.tree(parent.pid, mappings=True)
        shares = sum(usage.pss for usage in of_mapping(group, address))

        assert 16 * MIB == -(-shares // PAGE) * PAGE
        kinds = group.by_kind()
        assert kinds[procmem.MappingKind.SHARED_MEMORY].rss == 4 * 16 * MIB
        # Each mapping is rounded, the totals are rounded once.
        count = sum(len(member.mappings or ()) for member in group.members)
        total = sum(usage.pss for usage in kinds.values())
        assert 0 <= group.pss - total <= 1024 * count

    def test_a_hundred(self) -> None:
        """
        A hundred forked children are found, and none is taken for another.
        """
        with puppet() as parent:
            parent.run(f"hold({8 * MIB})")
            children = parent.fork(100)
            group = procmem.tree(parent.pid)

        assert {parent.pid, *children} == set(group.pids)
        assert group.complete
        assert all(member.counts for member in group.members)
        assert group.rss_sum > 100 * 8 * MIB > 4 * group.footprint

    def test_generations(self) -> None:
        """
        Children of children belong to the tree.
        """
        with puppet() as parent:
            (child,) = parent.fork()
            (grandchild,) = parent.tell(child, "many(1)")
            group = procmem.tree(parent.pid)

        assert [parent.pid, child, grandchild] == list(group.pids)
        assert child == group[grandchild].parent


def twins(parent: Puppet) -> tuple[int, int]:
    """
    A process of a tree with memory, and another that has the same.
    """
    (child,) = parent.fork()
    parent.tell(child, f"hold({16 * MIB})")
    return child, parent.tell(child, "twin()")


class TestOneAddressSpace:
    def test_counts_once(self) -> None:
        """
        Two processes in one address space count once, and both are listed
        with what they have.
        """
        with puppet() as parent:
            alone = procmem.group([parent.pid])
            child, other = twins(parent)
            group = procmem.tree(parent.pid)
            both = procmem.group([other, child])
            one = procmem.group([other])

        assert [parent.pid, child, other] == sorted(group.pids)
        assert child == group[other].same_memory_as
        assert group[child].counts
        assert group[other].usage.rss == group[child].usage.rss
        assert both.footprint == one.footprint
        assert both.rss_sum == one.rss_sum
        assert group.footprint < alone.footprint + 2 * 16 * MIB

    def test_forked_siblings(self) -> None:
        """
        Forked processes that look alike have address spaces of their own,
        also next to two that have one.
        """
        with puppet() as parent:
            siblings = parent.fork(6)
            other = parent.tell(siblings[2], "twin()")
            group = procmem.tree(parent.pid)

        copies = [member.pid for member in group.members if not member.counts]
        assert [other] == copies
        assert siblings[2] == group[other].same_memory_as

    def test_vfork(self) -> None:
        """
        Between ``vfork`` and ``execve`` a child has its parent's memory.
        """
        with puppet() as parent:
            parent.run(f"hold({16 * MIB})")
            # The parent stands still until the child ends or is another program.
            parent.order("twin(0x4000 | libc.CLONE_VM | 17)")
            group = procmem.tree(parent.pid)
            while len(group.members) < 2:
                group = procmem.tree(parent.pid)

        (child,) = set(group.pids) - {parent.pid}
        assert parent.pid == group[child].same_memory_as
        assert group.rss_sum == group[parent.pid].usage.rss

    def test_known_again(self) -> None:
        """
        Members that are read again are told apart as before.
        """
        with puppet() as parent, procmem.Members.tree(parent.pid) as members:
            first = members.read()
            siblings = parent.fork(3)
            second = members.read()
            other = parent.tell(siblings[0], "twin()")
            third, fourth = members.read(), members.read()

        assert all(member.counts for member in (*first.members, *second.members))
        assert siblings[0] == third[other].same_memory_as
        assert siblings[0] == fourth[other].same_memory_as


def test_itself() -> None:
    """
    Without a pid it is the tree of the calling process.
    """
    assert os.getpid() in procmem.tree().pids


def test_thread() -> None:
    """
    The number of a thread means its process.
    """
    with puppet() as parent:
        thread = parent.run("start_thread()")
        group = procmem.group([thread])
        both = procmem.group([thread, parent.pid])
        below = procmem.tree(thread)

    assert thread != parent.pid
    assert [parent.pid] == list(group.pids) == list(both.pids) == list(below.pids)
