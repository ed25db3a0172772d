"""
``Members``: the processes of a group as long as one is interested in them.
"""

from __future__ import annotations

import re
import threading
import time
from collections import abc
from functools import partial
from types import TracebackType
from typing import Self, Unpack

from procmem.groups import matching
from procmem.groups.crew import Crew, processors
from procmem.groups.deadline import Deadline
from procmem.groups.descendants import Descendants
from procmem.groups.early import Early
from procmem.groups.group import Group
from procmem.groups.identity import Identity
from procmem.groups.member import Member
from procmem.groups.options import HoldOptions
from procmem.groups.raw import RawGroup
from procmem.groups.reading import Taken, take
from procmem.groups.rules import SAMPLER, Named, Rule
from procmem.groups.seats import Roster, Seat
from procmem.groups.twins import UNTOLD, Twins, copies
from procmem.model.status import Status
from procmem.sources.base import PinnedProcess, Source
from procmem.sources.procfs import ProcFS
from procmem.sources.users import uid_of

__all__ = ["Members"]

# Reading a process takes as long as its memory is large, and a helper is of
# use only if that is longer than it takes to hand it the interpreter.
_WORTH_HELP = 8 * 1024**2


class Members:
    """
    Some processes that are held, and read as often as one likes.

    Each reading first looks who is new and who has ended.  A member stays one
    as long as it lives: also if it leaves the tree because its parent ends,
    or becomes another program or another user's.  When a number is taken
    again, the new process is a member only if it would be one under any other
    number.

    It is a context manager that lets them go, and its methods may be called
    by several threads.  Make one by :meth:`of`, :meth:`tree` and the others;
    all take :class:`HoldOptions`.
    """

    def __init__(
        self,
        rule: Rule,
        *,
        source: Source | None = None,
        threads: int | None = None,
        deadline: Deadline | None = None,
        is_early: bool = False,
    ) -> None:
        if threads is not None and threads < 1:
            msg = f"at least one thread has to read, not {threads}"
            raise ValueError(msg)
        self._rule = rule
        self._threads = threads
        self._lock = threading.RLock()
        self._roster = Roster(ProcFS() if source is None else source)
        self._twins = Twins()
        self._is_closed = False
        self._early: Early | None = None
        deadline = deadline or Deadline()
        if is_early:
            self._begin_early(deadline)
        try:
            rule.look(self._roster, deadline)
        except BaseException:
            self._roster.close()
            raise

    # Who

    @classmethod
    def of(
        cls,
        pids: abc.Iterable[int | PinnedProcess | Member],
        **options: Unpack[HoldOptions],
    ) -> Self:
        """
        Some processes; see :meth:`Group.of`.

        None is an error that has ended: the next reading says so.
        """
        rule = Named(pids)
        options["source"] = rule.source(options.get("source"))
        return cls(rule, **options)

    @classmethod
    def tree(
        cls,
        pid: int | PinnedProcess | None = None,
        *,
        leave_out: abc.Iterable[int] = (),
        **options: Unpack[HoldOptions],
    ) -> Self:
        """
        A process and all that descend from it.

        Args:
            pid: The process; None means the calling one.

            leave_out: The numbers of processes that do not belong, nor do
                those that descend from them.

            **options: See :class:`HoldOptions`.

        Raises:
            ProcessGoneError: If the process is not there any more.
        """
        if pid is not None:
            options["source"] = Named([pid]).source(options.get("source"))
        return cls(Descendants(pid, leave_out=leave_out), **options)

    @classmethod
    def by_cgroup(cls, path: str, **options: Unpack[HoldOptions]) -> Self:
        """
        All processes in a cgroup; see :meth:`Group.by_cgroup`.
        """
        return cls(matching.Matching(matching.by_cgroup(path)), **options)

    @classmethod
    def by_user(cls, user: int | str, **options: Unpack[HoldOptions]) -> Self:
        """
        All processes of a user; see :meth:`Group.by_user`.
        """
        return cls(matching.Matching(matching.by_user(uid_of(user))), **options)

    @classmethod
    def by_session(cls, session: int, **options: Unpack[HoldOptions]) -> Self:
        """
        All processes of a session; see :meth:`Group.by_session`.
        """
        return cls(matching.Matching(matching.by_session(session)), **options)

    @classmethod
    def by_command(
        cls, pattern: str | re.Pattern[str], **options: Unpack[HoldOptions]
    ) -> Self:
        """
        All processes with some command; see :meth:`Group.by_command`.
        """
        return cls(matching.Matching(matching.by_command(pattern)), **options)

    @classmethod
    def where(
        cls, predicate: abc.Callable[[Status], bool], **options: Unpack[HoldOptions]
    ) -> Self:
        """
        All processes that satisfy *predicate*; see :meth:`Group.where`.
        """
        return cls(matching.Matching(matching.by_status(predicate)), **options)

    @property
    def source(self) -> Source:
        """
        Where they are.
        """
        return self._roster.source

    @property
    def pids(self) -> tuple[int, ...]:
        """
        The members, as they were last looked for, in ascending order.
        """
        with self._lock:
            return tuple(sorted(self._roster.seats))

    @property
    def named(self) -> tuple[int, ...]:
        """
        Those of them that were asked for by their number: the root of a tree.
        """
        with self._lock:
            seats = self._roster.seats.values()
            return tuple(sorted(seat.pid for seat in seats if seat.is_named))

    @property
    def identities(self) -> abc.Mapping[int, Identity]:
        """
        Who each of them was when they were last looked for, by pid.
        """
        with self._lock:
            return {pid: seat.identity for pid, seat in self._roster.seats.items()}

    # Reading

    def look(self, *, timeout: float | None = None) -> tuple[int, ...]:
        """
        Look who is new and who has ended, without reading their memory.

        Returns:
            :attr:`pids`.

        Raises:
            ValueError: If they have been let go.
        """
        with self._lock:
            self._look(Deadline(timeout))
            return self.pids

    def read(self, *, mappings: bool = False, timeout: float | None = None) -> Group:
        """
        Look who is new and who has ended, and read all in one pass.

        Args:
            mappings: Whether to read what each process maps.

            timeout: Seconds after which what has not been read is left out,
                and is said to be; None for no limit.

        Returns:
            The group, which may be empty; its ``gone`` are those that ended
            since the last reading.

        Raises:
            ValueError: If they have been let go.
        """
        with self._lock:
            deadline = Deadline(timeout)
            if not mappings:
                self._begin_early(deadline)
            try:
                self._look(deadline)
                return self.read_found(deadline, mappings=mappings)
            finally:
                self._end_early()

    def read_raw(
        self, *, mappings: bool = False, timeout: float | None = None
    ) -> RawGroup:
        """
        The same, with the texts of the kernel as they are: to be parsed when
        somebody asks.
        """
        with self._lock:
            deadline = Deadline(timeout)
            self._look(deadline)
            return self._read(deadline, mappings=mappings)

    def read_found(self, deadline: Deadline, *, mappings: bool = False) -> Group:
        """
        Read those that were found when one last looked.
        """
        with self._lock:
            raw = self._read(deadline, mappings=mappings, digest=Taken.parse)
            return raw.parsed()

    def _read(
        self,
        deadline: Deadline,
        *,
        mappings: bool,
        digest: abc.Callable[[Taken], object] | None = None,
    ) -> RawGroup:
        began, started = time.time(), time.perf_counter()
        roster, early = self._roster, self._early
        if early:
            began, started = early.began, early.started
        # The largest first: whoever is done early helps with the small.
        seats = sorted(roster.seats.values(), key=lambda seat: -seat.identity.resident)
        spaces = roster.with_descriptors(lambda: self._twins.find(seats))
        begun = early.stop(seats) if early else []
        results = roster.with_descriptors(
            lambda: Crew(
                [seat for seat in seats if seat not in begun],
                lambda seat: take(seat, with_mappings=mappings),
                is_large=_is_large,
                digest=digest,
            ).run(
                deadline,
                threads=self._threads,
                spare=early.helper if early else None,
            )
        )
        if early:
            found = early.wait()
            for seat in begun:
                # What failed there fails again here.
                again = partial(take, seat)
                results.append(found.get(seat) or roster.with_descriptors(again))
            self._end_early()
        results.sort(key=lambda taken: taken.pid)
        done = {taken.pid for taken in results}
        for taken in results:
            if taken.is_gone:
                roster.end(roster.seats[taken.pid])
        good = tuple(taken for taken in results if taken.error is None)
        errors = {t.pid: t.error for t in results if t.error and not t.is_gone}
        texts = {taken.pid: taken.rollup for taken in good}
        raw = RawGroup(
            taken=good,
            same_memory_as=copies(texts, spaces, self._twins.untold),
            refused=dict(sorted({**roster.refused, **errors}.items())),
            gone=tuple(sorted(roster.gone)),
            unread=tuple(sorted(roster.seats.keys() - done)),
            unseen=tuple(dict.fromkeys(roster.unseen)),
            began=began,
            seconds=time.perf_counter() - started,
            notes=(UNTOLD,) if self._twins.untold else (),
        )
        roster.gone = []
        return raw

    def _begin_early(self, deadline: Deadline) -> None:
        if not deadline.exists and (self._threads or processors()) > 1:
            self._early = Early(take, is_large=_is_large)
            self._roster.on_seen = self._early.offer
            self._roster.on_released = self._early.wait

    def _end_early(self) -> None:
        if self._early is not None:
            self._early.wait()
            self._early = self._roster.on_seen = self._roster.on_released = None

    def _look(self, deadline: Deadline) -> None:
        if self._is_closed:
            msg = "the members of the group have been let go"
            raise ValueError(msg)
        roster = self._roster
        roster.unseen = []
        roster.refused = {
            pid: error for pid, error in roster.refused.items() if pid in roster.named
        }
        roster.refresh()
        for seat in list(roster.seats.values()):
            if seat.identity.name == SAMPLER and not seat.is_named:
                roster.drop(seat)
        self._rule.look(roster, deadline)

    # Letting go

    def close(self) -> None:
        """
        Let all of them go; to do so again is no error.
        """
        with self._lock:
            self._is_closed = True
            self._roster.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{len(self._roster.seats)} members of a group>"


def _is_large(seat: Seat) -> bool:
    return seat.identity.resident >= _WORTH_HELP
