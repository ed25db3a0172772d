"""
The same questions from within a pid namespace, where pids are others.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

import procmem
from tests.live.asking import CALLS, answered, comparable, everything, held, load
from tests.live.control import NotHereError, temporary_folder
from tests.live.processes import (
    Known,
    in_child,
    in_mount_namespace,
    known,
    mount_proc,
    mounted_proc,
    require_root,
    stopped,
)

pytestmark = pytest.mark.live

T = TypeVar("T")

_CLONE_NEWPID = 0x2000_0000

_libc = ctypes.CDLL(None, use_errno=True)


@pytest.fixture(autouse=True)
def loaded() -> None:
    """
    A new namespace takes root, and modules that are loaded.
    """
    require_root()
    load()


@pytest.fixture(name="still")
def known_at_rest() -> Iterator[Known]:
    """
    A process with known memory, stopped with its child.
    """
    with known() as it, stopped([it.pid, it.child]):
        yield it


def in_pid_namespace(function: Callable[[], T]) -> T:
    """
    Call a function in a process that is the first of its own pid namespace,
    where it may mount what it likes.
    """

    def unshared() -> T:
        if _libc.unshare(_CLONE_NEWPID) == -1:
            msg = f"no pid namespace: {os.strerror(ctypes.get_errno())}"
            raise NotHereError(msg)
        # The one that unshares stays outside; its children are inside.
        return in_child(function)

    return in_mount_namespace(unshared)


class TestInside:
    def test_proc_of_outside(self, still: Known) -> None:
        """
        In the /proc of the namespace outside, the pids are those of outside,
        also that of who asks.
        """

        def ask() -> tuple[int, str, dict[str, object], dict[str, object]]:
            return (
                os.getpid(),
                Path("/proc/self").readlink().name,
                everything(still.pid),
                everything(),
            )

        inner, outer, theirs, own = in_pid_namespace(ask)

        assert 1 == inner != int(outer)
        assert held(theirs, still.private)
        assert answered(own)
        assert isinstance(own["status"], procmem.Status)
        assert int(outer) == own["status"].pid

    def test_own_proc(self, still: Known) -> None:
        """
        In its own /proc, whoever asks is the first, and sees no one outside.
        """

        def ask() -> tuple[dict[str, object], ...]:
            mount_proc()
            return everything(), everything(1), everything(still.pid)

        own, first, outside = in_pid_namespace(ask)

        assert answered(own)
        assert answered(first)
        assert isinstance(own["status"], procmem.Status)
        assert 1 == own["status"].pid
        gone = (procmem.ProcessGoneError, still.pid)
        assert dict.fromkeys(CALLS, gone) == comparable(outside)

    def test_both(self, still: Known) -> None:
        """
        Both at once, as in a container that is given the host's /proc.
        """

        def ask() -> tuple[dict[str, object], ...]:
            with temporary_folder() as folder, mounted_proc(folder):
                host, own = procmem.ProcFS("/proc"), procmem.ProcFS(folder)
                return (
                    everything(still.pid, host),
                    everything(still.pid, own),
                    everything(None, host),
                    everything(None, own),
                )

        theirs, absent, outer, inner = in_pid_namespace(ask)

        assert held(theirs, still.private)
        gone = (procmem.ProcessGoneError, still.pid)
        assert dict.fromkeys(CALLS, gone) == comparable(absent)
        assert answered(outer)
        assert answered(inner)
        for one, other in ((outer, inner), (inner, outer)):
            assert isinstance(one["status"], procmem.Status)
            assert isinstance(other["status"], procmem.Status)
            assert one["status"].pid != other["status"].pid
            assert one["status"].name == other["status"].name
