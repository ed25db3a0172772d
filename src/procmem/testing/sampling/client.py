"""
The side of those who ask: one helper for each process and run.
"""

from __future__ import annotations

import atexit
import json
import os
import threading
from typing import TYPE_CHECKING

from procmem.errors import UnsupportedError
from procmem.testing.sampling.opened import SamplingWindow
from procmem.testing.sampling.sampled import Sampled, Target

if TYPE_CHECKING:
    import _socket

__all__ = ["Sampler", "SamplingWindow"]

_SHARE = 0.02
_INTERVAL = 0.01

_CHUNK = 65536

# A helper starts in some 50 ms and answers in one.  If it does not, somebody
# has stopped it.
_PATIENCE = 30.0

# MSG_NOSIGNAL: a program may have chosen to be ended by SIGPIPE.
_WITHOUT_SIGNAL = 0x4000


class Sampler:
    """
    A helper process that looks at others, started when it is first needed.

    Use :meth:`for_this_process`: one is enough for all windows.

    Args:
        share: What it may take of one core, in the long run.

        interval: Seconds between two ticks, where they cost little.
    """

    def __init__(self, *, share: float = _SHARE, interval: float = _INTERVAL) -> None:
        self._share = share
        self._interval = interval
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._channel: _socket.socket | None = None
        self._received = b""
        self._orders = 0
        self._answers: dict[int, dict[str, object]] = {}
        self._abandoned: set[int] = set()
        self._helper = 0
        self._generation = 0

    @classmethod
    def for_this_process(cls) -> Sampler:
        """
        The one of this process; a fork has its own.
        """
        with _OURS.lock:
            if _OURS.sampler is None:
                _OURS.sampler = cls()
            return _OURS.sampler

    @property
    def pid(self) -> int | None:
        """
        The helper's number; None if none is running.
        """
        return self._helper if self._channel is not None else None

    @property
    def generation(self) -> int:
        """
        How many helpers there have been.
        """
        return self._generation

    def start(self) -> None:
        """
        Start it now, so that the first window need not wait.

        Raises:
            UnsupportedError: If it cannot be started.
        """
        with self._lock:
            if self._channel is None:
                self._start()

    def open(self, target: Target) -> SamplingWindow:
        """
        Open a window.  When this returns, it has been looked once.

        Raises:
            UnsupportedError: If no helper can be started, or it fails.
        """
        with self._lock:
            for _ in range(2):
                self.start()
                try:
                    answer = self._ask({"do": "open", "target": target.to_json()})
                except OSError:
                    # It was ended since it was last needed.
                    self._drop()
                    continue
                number = answer["window"]
                if isinstance(number, int):
                    return SamplingWindow(self, target, number, self._generation)
        raise UnsupportedError("sampling", "a helper that is not ended at once")

    def close(self) -> None:
        """
        End the helper.
        """
        with self._lock:
            self._drop()

    # For windows

    def finish(self, number: int, generation: int) -> Sampled | None:
        """
        Close a window; None if the helper that had it is gone.
        """
        with self._lock:
            if self._channel is None or generation != self._generation:
                return None
            try:
                answer = self._ask({"do": "close", "window": number})
            except OSError:
                self._drop()
                return None
            return Sampled.from_json(str(answer["sampled"]))

    # The helper

    def _start(self) -> None:
        # Only who needs one pays for how to start it.
        from procmem.testing.sampling.starting import start

        self._received = b""
        self._answers.clear()
        self._abandoned.clear()
        channel = start(self._share, self._interval)
        try:
            channel.settimeout(_PATIENCE)
            self._channel = channel
            hello = self._wait_for(0)
        except OSError as exc:
            self._drop()
            needs = f"a helper process that answers ({exc})"
            raise UnsupportedError("sampling", needs) from None
        except BaseException:
            self._drop()
            raise
        self._generation += 1
        pid = hello["pid"]
        self._helper = pid if isinstance(pid, int) else 0

    def _drop(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        self._helper = 0

    def _ask(self, order: dict[str, object]) -> dict[str, object]:
        channel = self._channel
        if channel is None:
            raise ConnectionResetError
        self._orders += 1
        number = self._orders
        order["id"] = number
        try:
            channel.sendall(json.dumps(order).encode() + b"\n", _WITHOUT_SIGNAL)
            answer = self._wait_for(number)
        except OSError:
            raise
        except BaseException:
            # Interrupted; the answer comes all the same, and is nobody's.
            self._abandoned.add(number)
            raise
        if "failed" in answer:
            raise UnsupportedError("sampling", str(answer["failed"]))
        return answer

    def _wait_for(self, number: int) -> dict[str, object]:
        channel = self._channel
        while number not in self._answers:
            if channel is None:
                raise ConnectionResetError
            more = channel.recv(_CHUNK)
            if not more:
                raise ConnectionResetError
            *lines, self._received = (self._received + more).split(b"\n")
            for line in lines:
                answer: dict[str, object] = json.loads(line)
                which = answer["id"]
                if isinstance(which, int) and which not in self._abandoned:
                    self._answers[which] = answer
        return self._answers.pop(number)

    def forget(self) -> None:
        """
        In a fork: this is the parent's.
        """
        self._lock = threading.RLock()
        self._drop()


class _Process:
    """
    The sampler of this process.
    """

    __slots__ = ("lock", "sampler")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.sampler: Sampler | None = None

    def end(self) -> None:
        """
        The interpreter ends.
        """
        if self.sampler is not None:
            self.sampler.close()

    def begin_anew(self) -> None:
        """
        This is a fork: what it has is its parent's.
        """
        # A thread that is not there may hold the old one.
        self.lock = threading.Lock()
        if self.sampler is not None:
            self.sampler.forget()
            self.sampler = None


_OURS = _Process()

atexit.register(_OURS.end)
os.register_at_fork(after_in_child=_OURS.begin_anew)
