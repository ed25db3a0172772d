"""
Groups that are held, whoever they are made of; and processes that are held
still while they end, or cannot be let go.
"""

from __future__ import annotations

import _socket
import errno
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import procmem
from procmem.sources import watcher, watching
from procmem.sources.freezing import frozen
from procmem.sources.holds import Block, Holds
from procmem.sources.stopping import StopDeniedError, Stoppable, taken
from procmem.sources.watching import Watcher
from tests.children import descriptors, forked, kill, reap, script, state, wait_for
from tests.freezable import THREADS, runs, watchers
from tests.groups.machine import Files, machine, process

MIB = 1024**2


def family(**more: Files) -> dict[int, Files]:
    """
    Process 1, and two to be found of which one has much of everything.
    """
    return {
        1: process(1, parent=0, name=b"init"),
        7: process(
            7,
            uid=1000,
            session=7,
            name=b"wanted",
            cgroup=b"0::/web\n",
            layout=(7, 7, 7),
        ),
        8: process(8),
        **{int(name[1:]): files for name, files in more.items()},
    }


_Make = Callable[[procmem.InMemory], procmem.Members]

MAKERS: dict[str, _Make] = {
    "user": lambda source: procmem.Members.by_user(1000, source=source),
    "session": lambda source: procmem.Members.by_session(7, source=source),
    "command": lambda source: procmem.Members.by_command("^want", source=source),
    "compiled": lambda source: procmem.Members.by_command(
        re.compile("WANT", re.IGNORECASE), source=source
    ),
    "status": lambda source: procmem.Members.where(
        lambda status: status.name == "wanted", source=source
    ),
    "cgroup": lambda source: procmem.Members.by_cgroup("/web", source=source),
}


class TestMembers:
    @pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
    def test_found_and_kept(self, make: _Make) -> None:
        """
        Whoever is found by what it is stays a member when it is that no more;
        others become members when they are it, and leave by ending only.
        """
        files = family()
        with make(machine(files)) as members:
            assert (7,) == members.pids
            assert () == members.named
            assert {7: "wanted"} == {
                pid: who.name for pid, who in members.identities.items()
            }
            files[9] = process(
                9, uid=1000, session=7, name=b"wanted", cgroup=b"0::/web/x\n"
            )
            # It keeps its number and its start, and changes all the rest.
            files[7] = process(7, name=b"other", anonymous=MIB, layout=(7, 7, 7))
            group = members.read()

            assert ((7, 9), ()) == (group.pids, group.gone)
            assert ("other", MIB) == (group[7].name, group[7].footprint)
            del files[7]
            assert ((9,), (7,)) == (members.read().pids, (7,))
            assert (9,) == members.look()

    @pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
    def test_number_taken_again(self, make: _Make) -> None:
        """
        Another process with the number of a member that is not held open is
        one only if it is found by itself.
        """
        files = family()
        with make(machine(files)) as members:
            # As where there are no descriptors left.
            members._roster.loosen()
            files[7] = process(7, name=b"other", start_time=99)
            group = members.read()

            assert ((), (7,)) == (group.pids, group.gone)

    def test_let_go(self) -> None:
        """
        Members that were let go are looked for no more.
        """
        members = procmem.Members.by_user(0, source=machine(family()))
        assert "<2 members of a group>" == repr(members)
        members.close()
        members.close()

        for ask in (members.look, members.read):
            with pytest.raises(ValueError, match="have been let go"):
                ask()


@pytest.fixture
def _nothing_is_left() -> Iterator[None]:
    """
    No test leaves a descriptor or a watcher behind.
    """
    before = descriptors()
    yield
    assert before == descriptors()
    assert [] == watchers(os.getpid())


@pytest.mark.usefixtures("_nothing_is_left")
class TestStopped:
    def test_ends_while_it_is_held(self) -> None:
        """
        What is gone when it is to be continued is no matter, and the others
        go on.
        """
        own, block = Holds(), Block()
        with forked() as gone, script(THREADS) as other:
            subjects = [taken(pid, procmem.ProcFS()) for pid in (gone, other)]
            assert {s.identity for s in subjects} == own.hold(block, subjects)
            reap(gone)
            wait_for(lambda: state(other) == "T")
            own.release(block)

            wait_for(lambda: runs(other))
            assert not any(map(own.keeps, subjects))

    def test_may_not_be_stopped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Where the second of two may not be stopped it is not held; the first
        is, until the block lets it go.
        """
        send = Stoppable.send
        own, block = Holds(), Block()
        with script(THREADS) as one, script(THREADS) as two:

            def refuse(self: Stoppable, number: signal.Signals) -> None:
                if self.pid == two:
                    raise StopDeniedError(two, "stat", "the same user")
                send(self, number)

            monkeypatch.setattr(Stoppable, "send", refuse)
            subjects = [taken(pid, procmem.ProcFS()) for pid in (one, two)]
            with pytest.raises(StopDeniedError) as caught:
                own.hold(block, subjects)
            assert two == caught.value.pid
            assert [True, False] == [own.keeps(subject) for subject in subjects]
            wait_for(lambda: state(one) == "T")
            own.release(block)
            wait_for(lambda: runs(one))
            assert runs(two)
            subjects[1].close()

    def test_ends_while_it_is_stopped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A process that goes away before it stands still is gone, and nobody is
        said to be stopped.
        """
        posture = Stoppable.posture

        def look(self: Stoppable) -> object:
            reap(self.pid)
            return posture(self)

        monkeypatch.setattr(Stoppable, "posture", look)
        with forked() as pid:
            with pytest.raises(procmem.ProcessGoneError) as caught:
                frozen(pid).__enter__()
            assert pid == caught.value.pid
            assert not Path(f"/proc/{pid}").exists()

    def test_zombie(self) -> None:
        """
        One that has ended and was not waited for is neither stopped nor gone.
        """
        with forked() as pid:
            kill(pid)
            with frozen(pid) as found:
                assert ((), ()) == (found.pids, found.already_stopped)
            assert "Z" == state(pid)


@pytest.mark.usefixtures("_nothing_is_left")
class TestWatching:
    def test_interrupted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        An interrupt while the watcher starts leaves none of it behind.
        """
        started: list[int] = []
        pidfd_open = os.pidfd_open

        def interrupt(pid: int) -> int:
            started.append(pid)
            os.close(pidfd_open(pid))
            os.kill(pid, signal.SIGKILL)
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "pidfd_open", interrupt)
        with pytest.raises(KeyboardInterrupt):
            Watcher()
        (pid,) = started
        assert not Path(f"/proc/{pid}").exists()

    def test_nobody_waits(self) -> None:
        """
        In a program that has the kernel wait for its children, to end the
        watcher is no error, and it has ended.
        """
        before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        try:
            it = Watcher()
            (pid,) = watchers(os.getpid())
            it.end()
            it.end()
            assert not Path(f"/proc/{pid}").exists()
        finally:
            signal.signal(signal.SIGCHLD, before)

    @pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
    def test_no_descriptors(self, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        That there are too many files open is told as it is: nothing is lacking
        on this system.
        """

        def refuse(_: int) -> int:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(watching, "_start", refuse)
        with pytest.raises(OSError, match="open files") as caught:
            Watcher()
        assert number == caught.value.errno
        assert not isinstance(caught.value, procmem.UnsupportedError)

    def test_no_python(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        That there is no Python to start is told as what it takes.
        """
        monkeypatch.setattr("sys._base_executable", "/no/python", raising=False)
        with pytest.raises(procmem.UnsupportedError, match="a Python"):
            Watcher()

    def test_closed_with_something_unread(self) -> None:
        """
        A channel that is closed with something unread in it is as closed as
        any other: what is held goes on, whoever of it has gone.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        channel = _socket.socket(fileno=theirs.detach())
        holder = os.pidfd_open(os.getpid())
        thread = threading.Thread(
            target=watcher.watch, args=[channel, holder], daemon=True
        )
        with forked() as gone, script(THREADS) as pid:
            some = [os.open(f"/proc/{each}", os.O_RDONLY) for each in (gone, pid)]
            reap(gone)
            thread.start()
            assert watcher.READY == ours.recv(9)
            numbers = b"".join(n.to_bytes(4, sys.byteorder) for n in (7, 8))
            socket.send_fds(ours, [watcher.HOLD + numbers], some)
            assert bytes([errno.ESRCH, 0]) == ours.recv(9, socket.MSG_PEEK)
            os.kill(pid, signal.SIGSTOP)
            wait_for(lambda: state(pid) == "T")
            ours.close()
            thread.join()
            wait_for(lambda: runs(pid))
            for descriptor in [holder, *some]:
                os.close(descriptor)
        channel.close()
