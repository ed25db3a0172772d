"""
``RawGroup``: what one pass over the members of a group has read, mostly as
text.

Reading is the kernel's work and parsing is ours; whoever may never look at a
reading, such as that at the beginning of a budget, does not pay for parsing.
"""

from __future__ import annotations

from collections import abc
from itertools import starmap

import attrs

from procmem.errors import ParseError, ProcmemError
from procmem.evidence import Evidence
from procmem.formats.picking import picked
from procmem.groups.group import Group
from procmem.groups.member import Member
from procmem.groups.reading import Taken
from procmem.groups.texts import usage_of
from procmem.model.bulk import build_rows
from procmem.model.usage import Usage

__all__ = ["RawGroup"]

_KEYS = {
    "footprint": (b"Pss_Anon", b"Pss_Shmem", b"SwapPss"),
    "pss": (b"Pss",),
    "uss": (b"Private_Clean", b"Private_Dirty"),
    "rss": (b"Rss",),
    "swap": (b"Swap",),
    "swap_pss": (b"SwapPss",),
    "hugetlb": (b"Shared_Hugetlb", b"Private_Hugetlb"),
}


@attrs.frozen(kw_only=True)
class RawGroup:
    """
    What was read of several processes.

    Attributes:
        taken: What was read of each that could be, by pid.

        same_memory_as: For each that has the address space of another, which.

        refused: For each that could not be read, why.

        gone: Those that had ended before they were read.

        unread: Those that the time did not suffice for.

        unseen: Why there may be more, as phrases.

        began: When reading began, in seconds since the epoch.

        seconds: How long it took.

        notes: What else is to be said, as sentences.
    """

    taken: tuple[Taken, ...]
    same_memory_as: abc.Mapping[int, int] = attrs.field(hash=False)
    refused: abc.Mapping[int, ProcmemError] = attrs.field(eq=False)
    gone: tuple[int, ...] = ()
    unread: tuple[int, ...] = ()
    unseen: tuple[str, ...] = ()
    began: float = attrs.field(eq=False)
    seconds: float = attrs.field(eq=False)
    notes: tuple[str, ...] = ()

    @property
    def pids(self) -> tuple[int, ...]:
        """
        The processes that were read.
        """
        return tuple(taken.pid for taken in self.taken)

    @property
    def texts(self) -> dict[int, bytes]:
        """
        The text of ``smaps_rollup`` by pid, as far as that was usual.
        """
        return {t.pid: t.rollup for t in self.taken if t.rollup is not None}

    def by_pid(self, metric: str) -> dict[int, int | None]:
        """
        One figure of each process in bytes; None where it is not known, 0
        where another process stands for its memory.

        Args:
            metric: ``"footprint"``, ``"pss"``, ``"uss"``, ``"rss"``,
                ``"swap"``, ``"swap_pss"`` or ``"hugetlb"``.

        Raises:
            ValueError: If there is no such figure.
        """
        if metric not in _KEYS:
            msg = f"no such figure: {metric!r}; there are {', '.join(_KEYS)}"
            raise ValueError(msg)
        return {
            taken.pid: 0 if taken.pid in self.same_memory_as else _figure(taken, metric)
            for taken in self.taken
        }

    def parsed(self) -> Group:
        """
        The same as a group.
        """
        unreadable = dict(self.refused)
        good: list[tuple[Taken, Usage]] = []
        for taken in self.taken:
            usage = taken.usage
            if usage is None:
                try:
                    usage = usage_of(taken.rollup or b"", taken.seconds)
                except ParseError as exc:
                    unreadable[taken.pid] = exc
                    continue
            good.append((taken, usage))
        members = tuple(build_rows(Member, starmap(self._row, good)))
        return Group(
            members=members,
            unreadable=unreadable,
            gone=self.gone,
            unread=self.unread,
            unseen=self.unseen,
            taken=self.began,
            evidence=self._evidence(members, unreadable),
        )

    def _row(self, taken: Taken, usage: Usage) -> tuple[object, ...]:
        """
        The fields of a :class:`Member`.
        """
        who = taken.identity
        return (
            who.pid,
            who.start_time,
            who.name,
            taken.uid,
            who.parent or None,
            usage,
            taken.mappings,
            self.same_memory_as.get(who.pid),
        )

    def _evidence(
        self, members: abc.Sequence[Member], unreadable: abc.Mapping[int, ProcmemError]
    ) -> Evidence:
        files = [file for member in members for file in member.usage.evidence.files]
        if any(member.mappings is not None for member in members):
            files.append("smaps")
        missing = [f"process {pid}: {error}" for pid, error in unreadable.items()]
        missing += [f"process {pid}: not read in time" for pid in self.unread]
        return Evidence(
            method="kernel",
            files=("stat", *dict.fromkeys(files)),
            seconds=self.seconds,
            missing=(*missing, *self.unseen),
            notes=self.notes,
        )


def _figure(taken: Taken, metric: str) -> int | None:
    if taken.rollup is not None:
        return picked(taken.rollup, _KEYS[metric])
    if taken.usage is None:
        return None
    if metric == "hugetlb":
        shared, private = taken.usage.shared_hugetlb, taken.usage.private_hugetlb
        return None if shared is None or private is None else shared + private
    value = taken.usage.get(metric)
    return value if isinstance(value, int) else None
