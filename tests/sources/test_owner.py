"""
Whose a process is.
"""

from __future__ import annotations

import os

import pytest

import procmem
from tests import children
from tests.groups.machine import machine, process
from tests.groups.puppets import puppet


def effective(pid: int) -> int:
    """
    What ``status`` says.
    """
    uid = procmem.status(pid).uid
    assert uid is not None
    return uid[1]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_who_has_become_somebody_else() -> None:
    """
    It is the effective user as it is now, also of a process that may not be
    dumped since: its files belong to root.
    """
    with puppet() as other, procmem.pinned(other.pid) as process:
        assert process.owner() == effective(other.pid) == 0
        other.run(f"os.seteuid({children.NOBODY})")

        assert process.owner() == effective(other.pid) == children.NOBODY
        assert os.stat(f"/proc/{other.pid}/stat").st_uid == 0


def test_gone() -> None:
    """
    Who has ended belongs to nobody.
    """
    with children.forked() as pid, procmem.pinned(pid) as process:
        children.kill(pid)
        children.reap(pid)

        with pytest.raises(procmem.ProcessGoneError):
            process.owner()


def test_not_told() -> None:
    """
    A process of which one may not know whose it is can be read.
    """
    files = process(7)
    files["status"] = procmem.AccessDeniedError(7, "status", "a right")
    group = procmem.group([7], source=machine({7: files}))

    assert group[7].uid is None
    assert group.complete
    assert group.footprint > 0


def test_in_memory() -> None:
    """
    A source of bytes has it from ``status``, if that is there and tells.
    """
    told = {"status": b"Name:\tx\nUid:\t1000\t1001\t1002\t1003\n"}
    source = procmem.InMemory(processes={1: told, 2: {"status": b"Name:\tx\n"}, 3: {}})

    assert source.pin(1).owner() == 1001
    assert source.pin(2).owner() is None
    assert source.pin(3).owner() is None
