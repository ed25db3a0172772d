"""
All processes of which something is true: those of a user, of a session, of a
cgroup, with some command, or whatever a caller asks for.
"""

from __future__ import annotations

import re
from collections import abc

from procmem.errors import AccessDeniedError, ProcessGoneError
from procmem.formats.status import parse_status
from procmem.groups.deadline import Deadline
from procmem.groups.rules import HIDDEN, SAMPLER, TOO_LATE
from procmem.groups.seats import Roster, Seat
from procmem.model.status import Status
from procmem.sources.base import PinnedProcess

__all__ = ["Matching", "by_cgroup", "by_command", "by_session", "by_status", "by_user"]

_UID = re.compile(rb"\nUid:\t[0-9]+\t([0-9]{1,10})\t")

# Where cgroups are usually mounted.
_MOUNT = "/sys/fs/cgroup"
_DELETED = " (deleted)"

Test = abc.Callable[[PinnedProcess, Seat], bool]
"""Whether a process belongs; may raise as reading it does."""


class Matching:
    """
    All processes that pass a test when they are first seen.

    Parts of the kernel have no memory, and are left out.

    Args:
        test: The test.
    """

    __slots__ = ("_test",)

    def __init__(self, test: Test) -> None:
        self._test = test

    def look(self, roster: Roster, deadline: Deadline) -> None:
        """
        Ask all processes that are not there yet.
        """
        pids = roster.source.pids()
        # Every pid namespace has a process 1.  Under hidepid=2 that of root
        # and everybody else's are not listed.
        hidden = 1 not in pids
        for pid in pids:
            if pid in roster.seats:
                continue
            if deadline.has_passed:
                roster.unseen.append(TOO_LATE)
                break
            try:
                self._ask(pid, roster)
            except ProcessGoneError:
                continue
            except AccessDeniedError:
                # As under hidepid=1.
                hidden = True
        if hidden:
            roster.unseen.append(HIDDEN)

    def _ask(self, pid: int, roster: Roster) -> None:
        seat = roster.candidate(pid)
        try:
            who = seat.identity
            belongs = not who.is_kernel_thread and who.name != SAMPLER
            if belongs:
                with seat.held() as process:
                    belongs = self._test(process, seat)
        except BaseException:
            seat.close()
            raise
        if belongs:
            roster.add(seat)
        else:
            seat.close()


def by_status(predicate: abc.Callable[[Status], bool]) -> Test:
    """
    Whether the status of a process satisfies *predicate*.
    """
    return lambda process, _: bool(predicate(parse_status(process.read("status"))))


def by_user(uid: int) -> Test:
    """
    Whether a process runs as a user: by its effective one, as ``ps -u``.
    """

    def test(process: PinnedProcess, _: Seat) -> bool:
        found = _UID.search(process.read("status"))
        return found is not None and int(found[1]) == uid

    return test


def by_session(session: int) -> Test:
    """
    Whether a process belongs to a session.
    """
    return lambda _, seat: seat.identity.session == session


def by_command(pattern: str | re.Pattern[str]) -> Test:
    """
    Whether *pattern* is found in the name of a process, or in its command
    line, the words of which are separated by single spaces.
    """
    search = re.compile(pattern).search

    def test(process: PinnedProcess, seat: Seat) -> bool:
        if search(seat.identity.name):
            return True
        words = process.read("cmdline").rstrip(b"\0").replace(b"\0", b" ")
        return search(words.decode("utf-8", "surrogateescape")) is not None

    return test


def by_cgroup(path: str) -> Test:
    """
    Whether a process is in a cgroup, or in one below it, in any hierarchy.

    Args:
        path: As ``/proc/PID/cgroup`` has it, ``"/system.slice"``; or a folder
            below ``/sys/fs/cgroup``.

    Raises:
        ValueError: If that is no absolute path.
    """
    if not path.startswith("/"):
        msg = f"the path of a cgroup begins with a slash: {path!r}"
        raise ValueError(msg)
    wanted = _wanted(path.rstrip("/"))

    def test(process: PinnedProcess, _: Seat) -> bool:
        lines = process.read("cgroup").decode("utf-8", "surrogateescape")
        for line in lines.split("\n"):
            # "4:memory:/path", or "0::/path" in the unified hierarchy.
            names, colon, place = line.partition(":")[2].partition(":")
            if not colon:
                continue
            place = place.removesuffix(_DELETED)
            for controller, folder in wanted:
                if controller not in {None, *names.split(",")}:
                    continue
                if place == (folder or "/") or place.startswith(f"{folder}/"):
                    return True
        return False

    return test


def _wanted(path: str) -> list[tuple[str | None, str]]:
    """
    What *path* may mean: a controller (None for any) and a path in its
    hierarchy.
    """
    if path != _MOUNT and not path.startswith(f"{_MOUNT}/"):
        return [(None, path)]
    below = path.removeprefix(_MOUNT)
    _, _, rest = below.partition("/")
    controller, slash, folder = rest.partition("/")
    # With version 2 alone the path follows; with version 1 the name of the
    # hierarchy stands between ("unified" is then that of version 2).
    special = {"unified": [""], "systemd": ["name=systemd"]}
    names = special.get(controller, controller.split(","))
    return [("", below), *((name, f"{slash}{folder}") for name in names)]
