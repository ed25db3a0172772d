"""
The ways to say which processes make a group.
"""

from __future__ import annotations

import re
from collections import abc
from typing import TYPE_CHECKING, Self, Unpack, cast

from procmem.errors import ProcessGoneError
from procmem.groups.member import Member
from procmem.groups.options import ReadOptions
from procmem.model.status import Status
from procmem.sources.base import PinnedProcess

if TYPE_CHECKING:
    from procmem.groups.rules import Rule

__all__ = ["Chosen"]


class Chosen:
    """
    Processes that were chosen in one of these ways, and read.
    """

    __slots__ = ()

    @classmethod
    def _read(
        cls, rule: Rule, options: ReadOptions, *, may_be_gone: bool = True
    ) -> Self:
        from procmem.groups.once import read_once

        group = read_once(rule, options)
        found = group.members or group.unreadable or group.unread
        if group.gone and not found and not may_be_gone:
            raise ProcessGoneError(group.gone[0])
        # The one class that is made in these ways.
        return cast("Self", group)

    @classmethod
    def of(
        cls,
        pids: abc.Iterable[int | PinnedProcess | Member],
        **options: Unpack[ReadOptions],
    ) -> Self:
        """
        Some processes.

        Args:
            pids: Which: numbers, pinned processes, or members of an earlier
                group, which mean the same process even if its number was
                taken again.  The number of a thread means its process.

            **options: See :class:`ReadOptions`.

        Raises:
            ProcessGoneError: If there are some, and none is there any more.
                Where some are, :attr:`gone` names the others.
        """
        from procmem.groups.rules import Named

        rule = Named(pids)
        options["source"] = rule.source(options.get("source"))
        return cls._read(rule, options, may_be_gone=False)

    @classmethod
    def tree(
        cls, pid: int | PinnedProcess | None = None, **options: Unpack[ReadOptions]
    ) -> Self:
        """
        A process and all that descend from it.

        Processes of procmem itself that watch others are left out.

        Args:
            pid: The process; None means the calling one.

            **options: See :class:`ReadOptions`.

        Raises:
            ProcessGoneError: If it is not there any more.
        """
        from procmem.groups.descendants import Descendants
        from procmem.groups.rules import Named

        if pid is not None:
            options["source"] = Named([pid]).source(options.get("source"))
        return cls._read(Descendants(pid), options, may_be_gone=False)

    @classmethod
    def by_cgroup(cls, path: str, **options: Unpack[ReadOptions]) -> Self:
        """
        All processes in a cgroup, or in one below it, of either version.

        Args:
            path: As ``/proc/PID/cgroup`` has it, ``"/system.slice"``, in any
                hierarchy; or a folder below ``/sys/fs/cgroup``.

            **options: See :class:`ReadOptions`.

        Raises:
            ValueError: If *path* does not begin with a slash.
        """
        from procmem.groups import matching

        return cls._read(matching.Matching(matching.by_cgroup(path)), options)

    @classmethod
    def by_user(cls, user: int | str, **options: Unpack[ReadOptions]) -> Self:
        """
        All processes whose effective user is this one.

        Args:
            user: Its number, or the name that this machine has for it.

            **options: See :class:`ReadOptions`.

        Raises:
            ValueError: If there is no such user.
        """
        from procmem.groups import matching
        from procmem.sources.users import uid_of

        return cls._read(matching.Matching(matching.by_user(uid_of(user))), options)

    @classmethod
    def by_session(cls, session: int, **options: Unpack[ReadOptions]) -> Self:
        """
        All processes of a session.

        Args:
            session: Its number: the pid of the process that began it.

            **options: See :class:`ReadOptions`.
        """
        from procmem.groups import matching

        return cls._read(matching.Matching(matching.by_session(session)), options)

    @classmethod
    def by_command(
        cls, pattern: str | re.Pattern[str], **options: Unpack[ReadOptions]
    ) -> Self:
        """
        All processes with some command.

        Args:
            pattern: A regular expression that is found in the name of the
                program, or in the whole command line, its words separated by
                spaces.

            **options: See :class:`ReadOptions`.

        Raises:
            re.error: If it is none.
        """
        from procmem.groups import matching

        return cls._read(matching.Matching(matching.by_command(pattern)), options)

    @classmethod
    def where(
        cls, predicate: abc.Callable[[Status], bool], **options: Unpack[ReadOptions]
    ) -> Self:
        """
        All processes of whose status *predicate* is true.

        Kernel threads are not asked, here as in the others above: they have
        no memory.

        Args:
            predicate: Is called with the status of each process.

            **options: See :class:`ReadOptions`.
        """
        from procmem.groups import matching

        return cls._read(matching.Matching(matching.by_status(predicate)), options)
