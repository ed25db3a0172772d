"""
The processes of a group while it is being looked at: each held, so that none
can be mistaken for another that has got its number.
"""

from __future__ import annotations

import contextlib
import errno
from collections import abc
from typing import TypeVar

from procmem.errors import ProcessGoneError, ProcmemError
from procmem.groups.identity import Identity, identity_of
from procmem.sources.base import PinnedProcess, Source

__all__ = ["Roster", "Seat"]

# Holding a process takes a file descriptor, of which most programs may have
# 1024.  Of more processes than this, the others are taken hold of when they
# are read, and known by the time at which they started.
_MOST_HELD = 256

_T = TypeVar("_T")

_TOO_MANY = frozenset({errno.EMFILE, errno.ENFILE})


class Seat:
    """
    One process.

    Args:
        process: The process.

        belongs: Whether it is ours, to let go with the seat.

    Attributes:
        pid: Its number.

        process: The process, as long as it is held.

        is_named: Whether somebody has asked for it by its number.

        identity: Who it was when it was last looked at.

        uid: Its effective user then, if known.

    Raises:
        ProcmemError: If it can't be found out who it is.
    """

    __slots__ = (
        "_belongs",
        "_source",
        "identity",
        "is_named",
        "pid",
        "process",
        "uid",
    )

    process: PinnedProcess | None
    identity: Identity
    uid: int | None

    def __init__(self, process: PinnedProcess, *, belongs: bool = True) -> None:
        self.pid = process.pid
        self.is_named = False
        self._source = process.source
        self._belongs = belongs
        self.process = process
        self._look_at(process)

    def refresh(self) -> None:
        """
        Read anew who it is: names and parents change.

        Raises:
            ProcessGoneError: If it has ended.
        """
        with self.held() as process:
            self._look_at(process)

    def _look_at(self, process: PinnedProcess) -> None:
        self.identity = _identity(process)
        try:
            self.uid = process.owner()
        except ProcessGoneError:
            raise
        except ProcmemError:
            # Whose it is need not be known to read it.
            self.uid = None

    def held(self) -> contextlib.AbstractContextManager[PinnedProcess]:
        """
        The process, for as long as it is read.

        Raises:
            ProcessGoneError: If it has ended.
        """
        if self.process is None:
            return self._taken_again()
        # One that is held is not let go after each read.
        return contextlib.nullcontext(self.process)

    @contextlib.contextmanager
    def _taken_again(self) -> abc.Generator[PinnedProcess]:
        with self._source.pin(self.pid) as process:
            if _identity(process).start_time != self.identity.start_time:
                raise ProcessGoneError(self.pid)
            yield process

    def loosen(self) -> None:
        """
        Let the process go until it is read.
        """
        if self.process is not None and self._belongs:
            self.process.close()
            self.process = None

    def close(self) -> None:
        """
        Let it go, unless it is somebody else's.
        """
        if self.process is not None and self._belongs:
            self.process.close()


def _identity(process: PinnedProcess) -> Identity:
    return identity_of(process.read("stat"), page_size=process.source.page_size)


class Roster:
    """
    All seats of a group.

    Attributes:
        source: Where the processes are.

        seats: The seats by pid.

        refused: Those that cannot even be told who they are, with the reason.

        named: Those of them that somebody has asked for by number.

        gone: Those that have ended since the last reading.

        unseen: Why there may be more, as phrases.

        on_seen: Is called with each that was looked at and is held.

        on_released: Is called before any is let go.
    """

    __slots__ = (
        "_most_held",
        "gone",
        "named",
        "on_released",
        "on_seen",
        "refused",
        "seats",
        "source",
        "unseen",
    )

    def __init__(self, source: Source) -> None:
        self.source = source
        self.seats: dict[int, Seat] = {}
        self.refused: dict[int, ProcmemError] = {}
        self.named: set[int] = set()
        self.gone: list[int] = []
        self.unseen: list[str] = []
        self.on_seen: abc.Callable[[Seat], object] | None = None
        self.on_released: abc.Callable[[], object] | None = None
        self._most_held = _MOST_HELD

    def candidate(self, pid: int) -> Seat:
        """
        A process that may belong here; :meth:`add` it, or close it.

        Raises:
            ProcessGoneError: If it has ended.

            ProcmemError: If it can't be found out who it is.
        """
        try:
            return self._candidate(pid)
        except OSError:
            # Perhaps for want of descriptors.
            return self.with_descriptors(lambda: self._candidate(pid))

    def _candidate(self, pid: int) -> Seat:
        process = self.source.pin(pid)
        try:
            return Seat(process)
        except BaseException:
            process.close()
            raise

    def seat_of(self, process: PinnedProcess) -> Seat:
        """
        The same for a process that somebody else has pinned, and lets go.
        """
        return self.with_descriptors(lambda: Seat(process, belongs=False))

    def with_descriptors(self, call: abc.Callable[[], _T]) -> _T:
        """
        What *call* gives; if there are no file descriptors left for it, none
        of the processes is held any more, and it is called again.
        """
        try:
            return call()
        except OSError as exc:
            if exc.errno not in _TOO_MANY or not self._most_held:
                raise
        self.loosen()
        return call()

    def add(self, seat: Seat) -> None:
        """
        Keep a process from now on.
        """
        previous = self.seats.get(seat.pid)
        if previous is not None:
            self.drop(previous)
        if len(self.seats) >= self._most_held:
            seat.loosen()
        elif self.on_seen is not None:
            self.on_seen(seat)
        self.seats[seat.pid] = seat

    def drop(self, seat: Seat) -> None:
        """
        Keep it no longer.
        """
        self._release()
        del self.seats[seat.pid]
        seat.close()

    def end(self, seat: Seat) -> None:
        """
        Note that a process has ended.
        """
        self.drop(seat)
        self.gone.append(seat.pid)

    def loosen(self) -> None:
        """
        Hold none of them until it is read: descriptors are needed.
        """
        self._release()
        for seat in self.seats.values():
            seat.loosen()
        self._most_held = 0

    def refresh(self) -> None:
        """
        Look who each of them is now, and note who has ended.
        """
        for seat in list(self.seats.values()):
            try:
                self.with_descriptors(seat.refresh)
                if self.on_seen is not None and seat.process is not None:
                    self.on_seen(seat)
            except ProcessGoneError:
                self.end(seat)
            except ProcmemError:
                # It is told when its memory is read.
                continue

    def close(self) -> None:
        """
        Let all go.
        """
        self._release()
        for seat in self.seats.values():
            seat.close()
        self.seats.clear()

    def _release(self) -> None:
        if self.on_released is not None:
            self.on_released()
