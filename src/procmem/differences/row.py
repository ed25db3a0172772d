"""
``DiffRow``: one line of a difference.
"""

from __future__ import annotations

from collections import abc
from typing import Literal, get_args

import attrs

from procmem.errors import UnsupportedError
from procmem.flags import MappingKind
from procmem.model.usage import Usage, UsageDelta, add_up
from procmem.sizes import format_size

__all__ = [
    "METRICS",
    "Change",
    "DiffRow",
    "Metric",
    "Side",
    "change_of",
    "figure",
    "figure_or_none",
    "merged",
    "nothing_like",
    "sum_or_none",
]

Change = Literal["new", "gone", "grown", "shrunk", "same"]
"""What became of a piece of memory between two readings."""

Metric = Literal["footprint", "pss", "uss", "rss", "swap", "swap_pss", "hugetlb"]
"""The figures that a row can be measured by."""

Side = Literal["before", "after"]

METRICS: tuple[Metric, ...] = get_args(Metric)

_REST = "rounding, drift, copied pages"
_LABELS = {
    MappingKind.ANONYMOUS: "anonymous memory",
    MappingKind.SHARED_MEMORY: "shared anonymous memory",
    MappingKind.THREAD_STACK: "thread stacks",
}
_NAMELESS_SHARED = "/dev/zero (deleted)"
_ARENAS = "malloc arenas"


@attrs.frozen(kw_only=True, repr=False)
class DiffRow:
    """
    One piece of memory in two readings: a mapping, or several that are taken
    together.

    Attributes:
        change:
            What became of it.  ``"new"`` and ``"gone"`` if it was mapped in
            one reading only, otherwise by its footprint if that changed, by
            its RSS if not.

        kind: What it is for; None for a row that is not of one kind.

        name: As the kernel prints it, in the later reading if it is there;
            None if it has none.

        mappings_before: How many mappings it was.

        mappings_after: How many it is.

        before: What it occupied; nothing at all if it is new.  Of the row
            for what no mapping accounts for, counters may be negative.

        after: What it occupies.

        pid: Whose memory it is; None if that is not one process.

        arena: Whether it belongs to the arenas of glibc's malloc.

        footprint_before:
            Its footprint in bytes, of a mapping of a file that was copied on
            write the least that it may be
            (:func:`procmem.accounting.footprint_bounds`).  None if a counter
            is missing that it takes.

        footprint_after: The same for the later reading.
    """

    change: Change
    kind: MappingKind | None = None
    name: str | None = None
    mappings_before: int = 0
    mappings_after: int = 0
    before: Usage
    after: Usage
    pid: int | None = None
    arena: bool = False
    footprint_before: int | None = None
    footprint_after: int | None = None

    @property
    def delta(self) -> UsageDelta:
        """
        What it occupies less what it occupied, counter by counter.
        """
        return self.after - self.before

    @property
    def is_rest(self) -> bool:
        """
        Whether this is what the mappings don't account for.

        The kernel rounds the shares of each mapping; a process that runs
        changes between the reading of its mappings and of its totals; and of
        the copied pages of a file that relatives still share, no file of one
        process tells the share.
        """
        return self.kind is None and self.name is None and self.pid is None

    @property
    def label(self) -> str:
        """
        What a person calls it: ``"[heap]"``, ``"malloc arenas"``,
        ``"libc.so.6"``, ``"anonymous memory"``.

        Names are as the kernel prints them, so take care where you show them.
        """
        if self.kind is None:
            if self.pid is not None:
                name = "process" if self.name is None else self.name
                return f"{name} (pid {self.pid})"
            return _REST if self.name is None else self.name
        if self.arena:
            return _ARENAS
        if self.name in {None, _NAMELESS_SHARED} or (
            self.kind is MappingKind.THREAD_STACK
        ):
            return _LABELS.get(self.kind, str(self.kind))
        name = str(self.name)
        if self.kind is MappingKind.FILE:
            return name.rpartition("/")[2] or name
        return name

    def size(self, metric: Metric, side: Side) -> int:
        """
        What it occupied or occupies by one metric, in bytes.

        Over all rows of a difference these add up to its total, whatever the
        metric.

        Args:
            metric: ``"footprint"``, ``"pss"``, ``"uss"``, ``"rss"``,
                ``"swap"``, ``"swap_pss"`` or ``"hugetlb"``.

            side: ``"before"`` or ``"after"``.

        Raises:
            UnsupportedError: If this system did not print it.

            ValueError: If there is no such metric or side.
        """
        if side not in get_args(Side):
            msg = f"neither 'before' nor 'after': {side!r}"
            raise ValueError(msg)
        if metric == "footprint":
            later = side == "after"
            value = self.footprint_after if later else self.footprint_before
            if value is None:
                raise UnsupportedError("smaps: footprint", "a kernel that tells it")
            return value
        return figure(self.after if side == "after" else self.before, metric)

    def growth(self, metric: Metric = "footprint") -> int:
        """
        By how many bytes it grew by one metric; negative if it shrank.

        Raises:
            UnsupportedError: If this system did not print it.

            ValueError: If there is no such metric.
        """
        return self.size(metric, "after") - self.size(metric, "before")

    def __repr__(self) -> str:
        sizes: list[int | None] = [self.footprint_before, self.footprint_after]
        name = "footprint"
        if None in sizes or sizes[0] == sizes[1]:
            sizes = [figure_or_none(each, "rss") for each in (self.before, self.after)]
            name = "rss"
        first, last = ("?" if n is None else format_size(n, decimals=1) for n in sizes)
        return f"<DiffRow {self.label!r}: {self.change}, {name} {first} to {last}>"


def figure(usage: Usage, metric: Metric) -> int:
    """
    One metric of a usage, in bytes.

    Raises:
        UnsupportedError: If it is missing.

        ValueError: If there is no such metric.
    """
    if metric not in METRICS:
        msg = f"no such metric: {metric!r}; there are {', '.join(METRICS)}"
        raise ValueError(msg)
    names: tuple[str, ...] = (metric,)
    if metric == "hugetlb":
        names = ("shared_hugetlb", "private_hugetlb")
    values = [usage.get(name) for name in names]
    known = [value for value in values if isinstance(value, int)]
    if len(known) < len(values):
        raise UnsupportedError(f"smaps: {metric}", "a kernel that prints it")
    return sum(known)


def figure_or_none(usage: Usage, metric: Metric) -> int | None:
    """
    The same; None if it is missing.
    """
    try:
        return figure(usage, metric)
    except UnsupportedError:
        return None


def change_of(
    before: Usage, after: Usage, footprint: tuple[int | None, int | None]
) -> Change:
    """
    Whether what was there in both readings grew or shrank.
    """
    resident = before.get("rss"), after.get("rss")
    for earlier, later in (footprint, resident):
        if isinstance(earlier, int) and isinstance(later, int) and earlier != later:
            return "grown" if later > earlier else "shrunk"
    return "same"


def nothing_like(usage: Usage) -> Usage:
    """
    No memory at all, with the counters of *usage*.
    """
    zero = Usage.zero()
    other = tuple((key, 0) for key, value in usage.other if isinstance(value, int))
    return attrs.evolve(zero, other=other)


def merged(
    rows: abc.Sequence[DiffRow], *, kind: MappingKind | None, name: str | None
) -> DiffRow:
    """
    Several rows as one: their sum.
    """
    before = add_up([row.before for row in rows])
    after = add_up([row.after for row in rows])
    footprint = (
        sum_or_none(row.footprint_before for row in rows),
        sum_or_none(row.footprint_after for row in rows),
    )
    pids = {row.pid for row in rows}
    changes = {row.change for row in rows}
    if len(changes) == 1 and changes <= {"new", "gone"}:
        change = rows[0].change
    else:
        change = change_of(before, after, footprint)
    return DiffRow(
        change=change,
        kind=kind,
        name=name,
        mappings_before=sum(row.mappings_before for row in rows),
        mappings_after=sum(row.mappings_after for row in rows),
        before=before,
        after=after,
        pid=rows[0].pid if len(pids) == 1 and kind is not None else None,
        arena=all(row.arena for row in rows),
        footprint_before=footprint[0],
        footprint_after=footprint[1],
    )


def sum_or_none(values: abc.Iterable[int | None]) -> int | None:
    """
    The sum; None if one of them is missing.
    """
    known: list[int] = []
    for value in values:
        if value is None:
            return None
        known.append(value)
    return sum(known)
