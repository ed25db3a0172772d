"""
``Group``: what several processes cost together, at one moment.
"""

from __future__ import annotations

import os
from collections import abc
from pathlib import Path
from typing import TYPE_CHECKING, cast

import attrs

from procmem import accounting
from procmem.errors import ProcmemError, UnsupportedError
from procmem.evidence import Evidence
from procmem.flags import MappingKind
from procmem.groups.chosen import Chosen
from procmem.groups.member import Member
from procmem.model.usage import Usage, add_up
from procmem.sizes import Size, format_size

if TYPE_CHECKING:
    from procmem.differences.diff import Diff

__all__ = ["Group"]


def _comparable(unreadable: object) -> object:
    """
    Errors as that by which they are equal.
    """
    errors = cast("dict[int, ProcmemError]", unreadable)
    return {pid: (type(error), error.args) for pid, error in errors.items()}


@attrs.frozen(kw_only=True, repr=False)
class Group(Chosen):
    """
    Several processes, read in one pass.

    Three sums are right although memory is shared: :attr:`footprint`,
    :attr:`pss` and :attr:`swap_pss`.  In them every page is divided by the
    number of mappings that share it, and the shares of all add up to one page;
    what processes outside of the group have of it is not counted.  A sum over
    processes some of which could not be read is a sum over the others:
    :attr:`complete` says whether it is one over all.

    The processes ran on while they were read, unless somebody stopped them.

    Attributes:
        members: The processes that were read, by pid.

        unreadable: For each that could not be read, why.

        gone: Those that had ended before they were read.

        unread: Those that the time did not suffice for.

        unseen: Why there may be more processes than were found, as phrases;
            usually none.

        taken: When reading began, in seconds since the epoch.

        evidence: How all that was found out.
    """

    members: tuple[Member, ...] = ()
    unreadable: abc.Mapping[int, ProcmemError] = attrs.field(
        factory=dict[int, ProcmemError], eq=_comparable, hash=False
    )
    gone: tuple[int, ...] = ()
    unread: tuple[int, ...] = ()
    unseen: tuple[str, ...] = ()
    taken: float = attrs.field(default=0.0, eq=False)
    evidence: Evidence = attrs.field(factory=Evidence, eq=False)

    # What is known

    @property
    def complete(self) -> bool:
        """
        Whether all processes were read, so that sums are sums over all.

        Those that have ended are not missing.
        """
        return not (self.unreadable or self.unread or self.unseen)

    @property
    def missing(self) -> tuple[str, ...]:
        """
        What was not read, and why, as phrases.
        """
        return (
            *(f"process {pid}: {error}" for pid, error in self.unreadable.items()),
            *(f"process {pid}: not read in time" for pid in self.unread),
            *self.unseen,
        )

    @property
    def pids(self) -> tuple[int, ...]:
        """
        The processes that were read.
        """
        return tuple(member.pid for member in self.members)

    def __getitem__(self, pid: int) -> Member:
        """
        The member with a pid.

        Raises:
            KeyError: If that is none.
        """
        for member in self.members:
            if member.pid == pid:
                return member
        raise KeyError(pid)

    # What they cost

    @property
    def usage(self) -> Usage:
        """
        Every counter added up, each address space once.

        Only the proportional ones are right as sums: see :attr:`rss_sum` and
        :attr:`uss_sum` for what is wrong with the others.
        """
        usages = [member.usage for member in self._counted()]
        usage = add_up(usages) if usages else Usage.zero()
        return attrs.evolve(usage, evidence=self.evidence)

    def _counted(self) -> list[Member]:
        return [member for member in self.members if member.counts]

    def _sum(self, name: str) -> Size:
        return Size(sum(getattr(member.usage, name) for member in self._counted()))

    @property
    def footprint(self) -> int:
        """
        What the processes cost, whoever else maps their libraries, in bytes:
        their shares of memory without a file, and of swap.

        Of memory that they share among themselves alone it is exactly that
        memory, once.  What they share with others counts with their part.

        Raises:
            UnsupportedError: If the kernel does not tell that of one of them.
        """
        return Size(sum(member.footprint for member in self._counted()))

    @property
    def pss(self) -> int:
        """
        All that they have in memory, files included, each page divided by its
        sharers, in bytes.

        Raises:
            UnsupportedError: If the kernel does not tell that of one of them.
        """
        return self._sum("pss")

    @property
    def swap_pss(self) -> int:
        """
        What is swapped out of them, each page divided by its users, in bytes;
        without swapped shared memory.

        Raises:
            UnsupportedError: If the kernel does not tell that of one of them.
        """
        return self._known_sum("swap_pss")

    @property
    def hugetlb(self) -> int:
        """
        Pages of hugetlbfs, which are in no other figure, in bytes.

        The kernel does not divide them: what several of the processes map
        counts for each.

        Raises:
            UnsupportedError: If the kernel does not tell that of one of them.
        """
        shared, private = (self._known_sum(f"{w}_hugetlb") for w in _HUGETLB)
        return Size(shared + private)

    def _known_sum(self, name: str) -> Size:
        values = [member.usage.get(name) for member in self._counted()]
        known = [value for value in values if isinstance(value, int)]
        if len(known) < len(values):
            raise UnsupportedError(f"smaps_rollup: {name}", "a kernel that prints it")
        return Size(sum(known))

    @property
    def rss_sum(self) -> int:
        """
        The RSS of all added up, in bytes: too much, as a page that several
        of them share counts for each.

        Forked processes that rewrite little have a sum that is nearly as many
        times too high as there are processes.  It is here to be compared
        with what other tools show.
        """
        return self._sum("rss")

    @property
    def uss_sum(self) -> int:
        """
        The USS of all added up, in bytes: too little, as a page that two of
        them share counts for neither, though it would be free without both.

        Of forked processes that share nearly everything it is nearly nothing.
        """
        return self._sum("uss")

    def by_kind(self) -> dict[MappingKind, Usage]:
        """
        The usage of each kind of mapping, added up over all processes.

        Raises:
            ValueError: If the mappings were not read: that is asked for with
                ``mappings=True``.
        """
        kinds: dict[MappingKind, list[Usage]] = {}
        for member in self._counted():
            if member.mappings is None:
                msg = f"the mappings of process {member.pid} were not read: {_ASK}"
                raise ValueError(msg)
            for kind, usage in accounting.by_kind(member.mappings).items():
                kinds.setdefault(kind, []).append(usage)
        return {kind: add_up(usages) for kind, usages in kinds.items()}

    # What became of them

    def __sub__(self, other: object) -> Diff:
        """
        What changed from *other*, read earlier, to this.
        """
        if not isinstance(other, Group):
            return NotImplemented
        from procmem.differences import between_groups

        return between_groups(self, other)

    def save(self, path: str | os.PathLike[str]) -> None:
        """
        Write it to a file, which :meth:`load` and ``procmem diff`` read.
        """
        from procmem.saving import save

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Group:
        """
        Read a file that :meth:`save` wrote.

        Raises:
            ParseError: If it is none.
        """
        from procmem.saving import load_as

        return load_as(Group, Path(path))

    def __repr__(self) -> str:
        count = len(self.members)
        some = f"{count} process{'es' * (count != 1)}"
        shown = [f"{name} {self._shown(name)}" for name in ("footprint", "pss")]
        more = [
            f", {len(pids)} {what}"
            for pids, what in (
                (self.unreadable, "unreadable"),
                (self.unread, "not read in time"),
                (self.unseen, "gaps"),
                (self.gone, "gone"),
            )
            if pids
        ]
        return f"<Group of {some}: {', '.join(shown)}{''.join(more)}>"

    def _shown(self, name: str) -> str:
        try:
            size = format_size(getattr(self, name), decimals=1)
        except UnsupportedError:
            return "unknown"
        return size if self.complete else f"at least {size}"

    def _repr_html_(self) -> str:
        from procmem.render.group_html import group_table

        return group_table(self)


_HUGETLB = ("shared", "private")
_ASK = "ask for them with mappings=True"
