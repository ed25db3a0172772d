from __future__ import annotations

import _socket
import errno
import os
import pickle
import resource
import signal
import socket
import sys
import threading
from collections.abc import Iterator

import pytest

import procmem
from procmem.sources import descendants as descendants_of
from procmem.sources import watcher
from procmem.sources.freezing import StillRunningError, frozen
from procmem.sources.holds import Block, Holds
from procmem.sources.stopping import StopDeniedError, Stoppable, taken, unable
from procmem.sources.watching import Watcher
from tests.children import descriptors, script, state, wait_for
from tests.freezable import FAMILY, THREADS, descendants, runs, watchers
from tests.live.control import stands_still


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """
    No test leaves a descriptor or a watcher behind.
    """
    before = descriptors()
    yield
    assert before == descriptors()
    assert [] == watchers(os.getpid())


class TestErrno:
    @pytest.mark.parametrize(
        ("number", "expected"),
        [
            (errno.ESRCH, procmem.ProcessGoneError),
            (errno.EPERM, StopDeniedError),
            (errno.EINVAL, StopDeniedError),
            (errno.ENOSYS, procmem.UnsupportedError),
            (errno.EIO, OSError),
        ],
    )
    def test_meaning(self, number: int, expected: type[Exception]) -> None:
        """
        Each way in which a signal can fail has its error.
        """
        assert isinstance(unable(1, number), expected)

    @pytest.mark.parametrize(
        "error", [StillRunningError((1, 2), 0.5), StopDeniedError(1, "stat", "rights")]
    )
    def test_pickle(self, error: OSError) -> None:
        """
        Errors survive being pickled, and have the number of a builtin.
        """
        copy = pickle.loads(pickle.dumps(error))

        assert (str(error), error.errno) == (str(copy), copy.errno)
        assert error.errno is not None

    def test_too_many_files(self) -> None:
        """
        Without room for descriptors nothing remains stopped.
        """
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        with script(FAMILY) as pid:
            lowest = os.dup(0)
            os.close(lowest)
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 8, limits[1]))
            try:
                with pytest.raises(OSError, match="Too many open files"):
                    frozen(pid).__enter__()
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            assert all(map(runs, {pid, *descendants(pid)}))


class TestWatch:
    """
    The watcher, in a thread of the tests.
    """

    def test_forgets_and_continues(self) -> None:
        """
        When the channel closes, what was not forgotten is continued.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, script(THREADS) as one, script(THREADS) as two:
            holder = os.pidfd_open(os.getpid())
            channel = _socket.socket(fileno=theirs.detach())
            thread = threading.Thread(target=watcher.watch, args=[channel, holder])
            thread.start()
            assert watcher.READY == ours.recv(1)
            pids = [one, two]
            directories = [os.open(f"/proc/{pid}", os.O_RDONLY) for pid in pids]
            numbers = [number.to_bytes(4, sys.byteorder) for number in (7, 8)]
            socket.send_fds(ours, [watcher.HOLD + b"".join(numbers)], directories)
            assert b"\0\0" == ours.recv(9)
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            ours.send(watcher.FORGET + numbers[0])
            # One that it does not know is no matter.
            ours.send(watcher.FORGET + numbers[0])
            ours.close()
            thread.join()
            channel.close()
            wait_for(lambda: state(one) == "T")
            assert runs(two)
            for descriptor in [holder, *directories]:
                os.close(descriptor)

    def test_ends_with_the_holder(self) -> None:
        """
        It does not matter who else has the channel when the holder ends.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with script(THREADS) as pid, script(THREADS) as target:
            holder = os.pidfd_open(pid)
            channel = _socket.socket(fileno=theirs.detach())
            thread = threading.Thread(target=watcher.watch, args=[channel, holder])
            thread.start()
            assert watcher.READY == ours.recv(1)
            gone = os.open(f"/proc/{pid}", os.O_RDONLY)
            there = os.open(f"/proc/{target}", os.O_RDONLY)
            socket.send_fds(ours, [watcher.HOLD + bytes(4)], [there])
            assert b"\0" == ours.recv(9)
            os.kill(target, signal.SIGSTOP)
            os.kill(pid, signal.SIGKILL)
            thread.join()
            assert runs(target)
            for descriptor in [holder, gone, there]:
                os.close(descriptor)
            channel.close()
            ours.close()


class Answering:
    """
    In the place of a channel: a watcher that answers the same to everything.
    """

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer
        self.told: list[bytes] = []

    def sendmsg(self, parts: list[bytes], _ancillary: object, *_: object) -> None:
        """
        Be told something, with descriptors.
        """
        self.told.append(parts[0])

    def send(self, message: bytes) -> None:
        """
        Be told something.
        """
        self.told.append(message)

    def recv(self, _size: int) -> bytes:
        """
        Give the answer.
        """
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class TestWatcher:
    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (bytes([errno.EPERM]), procmem.AccessDeniedError),
            (b"\0\0", OSError),
            (b"", ConnectionError),
            (TimeoutError(), ConnectionError),
        ],
        ids=["denied", "too many", "closed", "silent"],
    )
    def test_refuses(
        self, answer: bytes | Exception, expected: type[Exception]
    ) -> None:
        """
        A process that is not watched is an error, and forgotten.
        """
        channel = Answering(answer)
        it = Watcher.__new__(Watcher)
        it._channel = channel  # type: ignore[assignment]
        with procmem.pinned() as process:
            subject = taken(process.pid, procmem.ProcFS())
            with pytest.raises(expected):
                it.hold([subject])
            subject.close()

        assert [watcher.HOLD, watcher.FORGET] == [told[:1] for told in channel.told]
        assert channel.told[0][1:] == channel.told[1][1:]

    def test_gone(self) -> None:
        """
        What has gone in between needs no watching.
        """
        channel = Answering(bytes([errno.ESRCH]))
        it = Watcher.__new__(Watcher)
        it._channel = channel  # type: ignore[assignment]
        subject = taken(os.getpid(), procmem.ProcFS())
        it.hold([subject])
        subject.close()

        assert 1 == len(channel.told)


class TestHolds:
    def test_watcher_that_somebody_waited_for(self) -> None:
        """
        A watcher that was ended, and waited for, by somebody else leaves
        nothing behind: what is held goes on, and can be held again.
        """
        with script(THREADS) as pid:
            with frozen(pid):
                [watching] = watchers(os.getpid())
                os.kill(watching, signal.SIGKILL)
                os.waitpid(watching, 0)
            wait_for(lambda: runs(pid))
            with frozen(pid) as held:
                assert (pid,) == held.pids
            wait_for(lambda: runs(pid))

    def test_forgets_all(self) -> None:
        """
        Who forgets what it holds continues nothing; the watcher does when
        nobody has its channel any more.
        """
        own = Holds()
        with script(THREADS) as pid:
            subject = taken(pid, procmem.ProcFS())
            assert {subject.identity} == own.hold(Block(), [subject])
            assert own.keeps(subject)
            [watching] = watchers(os.getpid())
            own.forget_all()
            assert not own.keeps(subject)
            wait_for(lambda: runs(pid))
            os.waitpid(watching, 0)

    def test_gone_before_the_signal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        What goes just before it would be stopped is not held.
        """

        def gone(self: Stoppable, _number: signal.Signals) -> None:
            raise procmem.ProcessGoneError(self.pid)

        own = Holds()
        with script(THREADS) as pid:
            subject = taken(pid, procmem.ProcFS())
            block = Block()
            monkeypatch.setattr(Stoppable, "send", gone)
            assert set() == own.hold(block, [subject])
            assert not own.keeps(subject)
            subject.close()
            own.release(block)


class TestHidden:
    def hide(self, monkeypatch: pytest.MonkeyPatch, hidden: set[int]) -> None:
        """
        Deny that some processes exist, as ``hidepid=2`` does.
        """

        def take(pid: int, source: procmem.ProcFS) -> Stoppable:
            if pid in hidden:
                raise procmem.ProcessGoneError(pid)
            return taken(pid, source)

        monkeypatch.setattr(descendants_of, "taken", take)

    def test_child(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A child that is listed and cannot be found is hidden: the family would
        not be whole.
        """
        with script(FAMILY) as pid:
            family = descendants(pid)
            self.hide(monkeypatch, family)
            with pytest.raises(procmem.AccessDeniedError) as caught:
                frozen(pid).__enter__()
            assert caught.value.pid in family
            assert runs(pid)

    def test_child_of_another(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A child whose number is somebody else's by now is left alone.
        """

        def stranger(_pid: int, source: procmem.ProcFS) -> Stoppable:
            return taken(os.getpid(), source)

        monkeypatch.setattr(descendants_of, "taken", stranger)
        with script(FAMILY) as pid, frozen(pid) as found:
            assert (pid,) == found.pids
            assert all(map(runs, descendants(pid)))
            assert stands_still(pid)
