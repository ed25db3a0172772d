"""
Members that are held, and read again and again.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import procmem
from procmem.groups.rules import SAMPLER
from tests.children import descriptors, forked, reap
from tests.groups.puppets import Puppet, puppet

pytestmark = pytest.mark.live

MIB = 1024**2


@pytest.fixture
def parent() -> Iterator[Puppet]:
    """
    A process that obeys.
    """
    with puppet() as made:
        yield made


class TestTree:
    def test_come_and_go(self, parent: Puppet) -> None:
        """
        Each reading has those that are there then.
        """
        with procmem.Members.tree(parent.pid) as members:
            pids = [members.pids, members.read().pids]
            assert [(parent.pid,)] * 2 == pids
            first, second = parent.fork(2)
            pids = [members.read().pids, members.pids]
            assert [(parent.pid, first, second)] * 2 == pids
            parent.reap(first)
            left = members.read()
            assert ((parent.pid, second), (first,)) == (left.pids, left.gone)
            assert () == members.read().gone

    def test_look(self, parent: Puppet) -> None:
        """
        One may look who is there without reading anything.
        """
        with procmem.Members.tree(parent.pid) as members:
            children = parent.fork(2)

            assert (parent.pid, *children) == members.look()
            assert {parent.pid, *children} == members.identities.keys()

    def test_all_gone(self) -> None:
        """
        When all have ended, a reading is empty, and says who they were.
        """
        with puppet() as parent, procmem.Members.tree(parent.pid) as members:
            (child,) = parent.fork()
            members.look()
            parent.reap(child)
            parent.end()
            last = members.read()

        assert ((), (parent.pid, child)) == (last.pids, last.gone)
        assert last.complete
        assert 0 == last.footprint

    def test_leave_out(self, parent: Puppet) -> None:
        """
        Whoever is left out takes its children with it.
        """
        first, second = parent.fork(2)
        parent.tell(first, "many(2)")
        with procmem.Members.tree(parent.pid, leave_out=[first]) as members:
            assert (parent.pid, second) == members.read().pids

    def test_sampler(self, parent: Puppet) -> None:
        """
        A helper of procmem is no member, also if it was one before it had
        its name; unless it is asked for by number.
        """
        (child,) = parent.fork()
        with procmem.Members.tree(parent.pid) as members:
            parent.tell(child, f"rename({SAMPLER!r})")

            assert 15 == len(SAMPLER)
            assert (parent.pid,) == members.read().pids
            assert (parent.pid,) == procmem.tree(parent.pid).pids
            assert (child,) == procmem.group([child]).pids
            assert (child,) == procmem.tree(child).pids

    def test_children_of_other_threads(self, parent: Puppet) -> None:
        """
        Children belong to the thread that forked them, and are found.
        """
        children = parent.run(
            "[t.start() or t.join() or list(strings) "
            "for t in [threading.Thread(target=fork)]][0]"
        )

        assert {parent.pid, *children} == set(procmem.tree(parent.pid).pids)


class TestNamed:
    def test_end(self, parent: Puppet) -> None:
        """
        Whoever was named and has ended is gone once, and then forgotten.
        """
        first, second = parent.fork(2)
        with procmem.Members.of([first, second]) as members:
            parent.reap(first)
            group = members.read()
            assert ((second,), (first,)) == (group.pids, group.gone)
            assert () == members.read().gone

    def test_newcomers(self, parent: Puppet) -> None:
        """
        Children of who was named do not belong.
        """
        with procmem.Members.of([parent.pid]) as members:
            parent.fork(2)

            assert (parent.pid,) == members.read().pids

    def test_pinned(self, parent: Puppet) -> None:
        """
        A pinned process stays pinned when the members are let go.
        """
        with procmem.pinned(parent.pid) as process:
            with procmem.Members.of([process]) as members:
                assert (parent.pid,) == members.read().pids
            assert (parent.pid,) == procmem.group([process]).pids
            assert procmem.pss(process) > 0
            with pytest.raises(ValueError, match="is pinned in"):
                procmem.group([process], source=procmem.ProcFS("/proc/self"))

    def test_pid_taken_again(self) -> None:
        """
        A process that got the number of a member is none.
        """
        with forked() as pid, procmem.Members.of([pid]) as members:
            group = members.read()
            # The kernel tells when a process started in steps of 10 ms.
            time.sleep(0.03)
            reap(pid)
            _take(pid)
            try:
                assert Path(f"/proc/{pid}").exists()
                again = members.read()
                earlier = group.members
                with pytest.raises(procmem.ProcessGoneError):
                    procmem.group(earlier)
                assert (pid,) == procmem.group([pid]).pids
            finally:
                reap(pid)

        assert ((), (pid,)) == (again.pids, again.gone)

    def test_pid_taken_again_in_the_tree(self, parent: Puppet) -> None:
        """
        A new child with the number of an old one is a newcomer; one of
        somebody else is not.
        """
        (child,) = parent.fork()
        with procmem.Members.tree(parent.pid) as members:
            before = members.read()
            time.sleep(0.03)
            parent.reap(child)
            _take(child)
            try:
                stranger = members.read()
            finally:
                reap(child)
            for _ in range(200):
                _choose(child)
                (last,) = parent.fork()
                if last == child:
                    break
                parent.reap(last)
            else:
                pytest.skip("others were given the number each time")
            own = members.read()

        assert (parent.pid,) == stranger.pids
        assert (child,) == stranger.gone
        assert (parent.pid, child) == own.pids
        assert before[child].start_time < own[child].start_time

    def test_members_of_a_group(self, parent: Puppet) -> None:
        """
        Members of an earlier group mean the same processes.
        """
        children = parent.fork(2)
        group = procmem.tree(parent.pid)
        parent.reap(children[0])
        again = procmem.group(group.members)

        assert (parent.pid, children[1]) == again.pids
        assert (children[0],) == again.gone


def _choose(pid: int) -> None:
    """
    Have the next process get a number.
    """
    try:
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
    except OSError:
        pytest.skip("choosing a pid takes CAP_CHECKPOINT_RESTORE")


def _take(pid: int) -> None:
    """
    Fork a process that gets a number which is free.
    """
    for _ in range(200):
        _choose(pid)
        child = os.fork()
        if child == 0:
            threading.Event().wait(600)
            os._exit(0)
        if child == pid:
            return
        reap(child)
    pytest.skip("others were given the number each time")


class TestLettingGo:
    def test_descriptors(self, parent: Puppet) -> None:
        """
        Nothing is held open afterwards, whatever came and went.
        """
        gc.collect()
        before = descriptors()
        children = parent.fork(5)
        with procmem.Members.tree(parent.pid) as members:
            members.read()
            parent.reap(children[0])
            parent.fork(2)
            members.read()
            procmem.tree(parent.pid)
        members.close()

        assert before == descriptors()
        with pytest.raises(ValueError, match="let go"):
            members.read()

    def test_few_descriptors(self, parent: Puppet) -> None:
        """
        A group may have more processes than this one may hold open files.
        """
        code = (
            "import os, resource, procmem\n"
            "pid, count = map(int, input().split())\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))\n"
            "with procmem.Members.tree(pid) as members:\n"
            "    group = members.read()\n"
            "    assert len(group.members) == count == len(members.read().members)\n"
            "    assert group.complete\n"
        )
        parent.fork(40)
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=f"{parent.pid} 41",
            text=True,
            check=False,
            capture_output=True,
        )

        assert (0, "") == (done.returncode, done.stderr)

    def test_many_threads(self, parent: Puppet) -> None:
        """
        Several threads may read the same members.
        """
        parent.fork(3)
        with (
            procmem.Members.tree(parent.pid) as members,
            ThreadPoolExecutor(4) as pool,
        ):
            groups = list(pool.map(lambda _: members.read(), range(20)))

        assert {4} == {len(group.members) for group in groups}

    def test_after_fork(self, parent: Puppet) -> None:
        """
        A child that lets go leaves its parent's members alone.
        """
        with procmem.Members.tree(parent.pid) as members:
            pid = os.fork()
            if pid == 0:
                members.close()
                os._exit(0)
            os.waitpid(pid, 0)

            assert (parent.pid,) == members.read().pids


def test_read_raw(parent: Puppet) -> None:
    """
    The texts of the kernel say what the group says.
    """
    parent.run(f"hold({16 * MIB})")
    parent.fork(2)
    parent.tell(parent.fork()[0], "twin()")
    with procmem.Members.tree(parent.pid) as members:
        raw = members.read_raw()
        group = raw.parsed()

    assert raw.pids == group.pids
    assert 5 == len(raw.texts)
    for pid, text in raw.texts.items():
        assert procmem.parse_smaps_rollup(text) == group[pid].usage
    for name in ("footprint", "pss", "swap_pss", "hugetlb"):
        assert sum(v or 0 for v in raw.by_pid(name).values()) == getattr(group, name)
    assert sum(v or 0 for v in raw.by_pid("rss").values()) == group.rss_sum
    with pytest.raises(ValueError, match="no such figure"):
        raw.by_pid("size")
