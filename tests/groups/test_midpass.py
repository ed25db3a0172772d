"""
What becomes of members in mid-pass: each test has it happen at one certain
moment, after the group was found and before a file is read.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest

import procmem
from tests.children import as_nobody, reap, state, wait_for
from tests.groups.puppets import Puppet, puppet
from tests.groups.triggers import Triggers
from tests.live.children import libc

pytestmark = pytest.mark.live

MIB = 1024**2


@pytest.fixture
def parent() -> Iterator[Puppet]:
    """
    A process that obeys.
    """
    with puppet() as made:
        yield made


def read(
    parent: Puppet, pid: int, file: str, action: Callable[[], object]
) -> procmem.Group:
    """
    The tree, where *action* happens before *file* of *pid* is read.
    """
    source = Triggers({(pid, file): action}).as_source()
    # By this thread alone, one after the other.
    return procmem.Group.tree(parent.pid, source=source, threads=1)


@pytest.mark.parametrize("file", ["stat", "owner", "smaps_rollup"])
def test_ends(parent: Puppet, file: str) -> None:
    """
    A member that ends is gone, and nobody else is.
    """
    first, second = parent.fork(2)
    group = read(parent, first, file, lambda: parent.reap(first))

    assert [parent.pid, second] == list(group.pids)
    assert group.complete
    # Whoever had ended before one could see who it was never was a member.
    assert ((first,) if file == "smaps_rollup" else ()) == group.gone


@pytest.mark.parametrize("file", ["smaps_rollup"])
def test_becomes_a_zombie(parent: Puppet, file: str) -> None:
    """
    A member that ends and was not waited for has no memory: 0, and that is
    known.
    """
    (child,) = parent.fork()

    def end() -> None:
        os.kill(child, 9)
        wait_for(lambda: state(child) == "Z")

    group = read(parent, child, file, end)

    assert [parent.pid, child] == list(group.pids)
    assert not group[child].has_memory
    assert 0 == group[child].usage.rss == group[child].footprint
    assert group.complete
    assert group.footprint == group[parent.pid].footprint


def test_becomes_another_program(parent: Puppet) -> None:
    """
    A member that becomes another program is the same process, and has what
    that needs.
    """
    (child,) = parent.fork()
    parent.tell(child, f"hold({16 * MIB})")

    def execute() -> None:
        parent.run(
            f"os.write(strings[{child}][0], b\"os.execv('/bin/sleep', "
            "['sleep', '600'])\\n\")"
        )
        wait_for(lambda: procmem.status(child).name == "sleep")

    group = read(parent, child, "smaps_rollup", execute)

    assert [parent.pid, child] == list(group.pids)
    assert 0 < group[child].usage.rss < 16 * MIB
    assert group.complete


def test_loses_its_first_thread(parent: Puppet) -> None:
    """
    A member whose first thread ends has all its memory as long as another
    thread lives.
    """
    (child,) = parent.fork()
    parent.tell(child, f"hold({16 * MIB})")
    parent.tell(child, "start_thread()")

    def lose() -> None:
        parent.run(f"os.write(strings[{child}][0], b'libc.exit_thread()\\n')")
        wait_for(lambda: state(child) == "Z")

    group = read(parent, child, "smaps_rollup", lose)

    assert [parent.pid, child] == list(group.pids)
    assert group[child].usage.rss > 16 * MIB
    assert group.complete


def test_forbids_to_be_read() -> None:
    """
    A member that may not be looked into any more is part of the answer with
    the reason, and the totals say that they lack it.
    """

    def answer() -> str:
        # The kernel takes that away from whoever becomes another user.
        libc.set_dumpable(True)
        orders, answers = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            os.read(orders[0], 1)
            libc.set_dumpable(False)
            os.write(answers[1], b"x")
            os.read(orders[0], 1)
            os._exit(0)

        def forbid() -> None:
            os.write(orders[1], b"x")
            os.read(answers[0], 1)

        source = Triggers({(child, "smaps_rollup"): forbid}).as_source()
        own = os.getpid()
        try:
            group = procmem.group([own, child], source=source)
            below = procmem.tree(source=procmem.ProcFS())
        finally:
            reap(child)
        assert [own] == list(group.pids)
        assert [child] == list(group.unreadable) == list(below.unreadable)
        assert not group.complete
        assert group.footprint == group[own].footprint
        assert "at least" in repr(group)
        assert (f"process {child}: {group.unreadable[child]}",) == group.missing
        return type(group.unreadable[child]).__name__

    if os.getuid():
        assert "AccessDeniedError" == answer()
    else:
        assert "AccessDeniedError" == as_nobody(answer)


def test_children_of_one_that_ends(parent: Puppet) -> None:
    """
    Whoever was a member stays one when its parent ends, as long as it is
    held; a tree that is looked for then has it no more.
    """
    (child,) = parent.fork()
    (grandchild,) = parent.tell(child, "many(1)")
    with procmem.Members.tree(parent.pid) as members:
        before = members.read()
        parent.reap(child)
        after = members.read()
        afterwards = procmem.tree(parent.pid)

    assert [parent.pid, child, grandchild] == list(before.pids)
    assert [parent.pid, grandchild] == list(after.pids)
    assert (child,) == after.gone
    assert after.complete
    assert after[grandchild].parent != child
    assert [parent.pid] == list(afterwards.pids)


def test_parent_ends_while_children_are_looked_for(parent: Puppet) -> None:
    """
    A child that was listed belongs, even if its parent ends before anybody
    has looked at it.
    """
    (child,) = parent.fork()
    (grandchild,) = parent.tell(child, "many(1)")
    # Times are told in hundredths of a second.
    time.sleep(0.05)
    group = read(parent, grandchild, "stat", lambda: parent.reap(child))

    assert [parent.pid, grandchild] == list(group.pids)
    assert (child,) == group.gone


def test_root_ends() -> None:
    """
    A root that ends in mid-pass is gone, which its children are not.
    """
    with puppet() as parent:
        (child,) = parent.fork()
        group = read(parent, parent.pid, "smaps_rollup", parent.end)

    assert [child] == list(group.pids)
    assert (parent.pid,) == group.gone


def test_all_end() -> None:
    """
    A tree of which nothing is left is an error.
    """
    with puppet() as parent:
        parent.end()
        with pytest.raises(procmem.ProcessGoneError) as caught:
            procmem.tree(parent.pid)
        assert parent.pid == caught.value.pid
        with pytest.raises(procmem.ProcessGoneError):
            procmem.group([parent.pid])

    with puppet() as parent, pytest.raises(procmem.ProcessGoneError):
        read(parent, parent.pid, "smaps_rollup", parent.end)
