"""
``Diff``: what changed between two readings, in rows that add up.
"""

from __future__ import annotations

from typing import Literal

import attrs

from procmem.differences.row import (
    Change,
    DiffRow,
    Metric,
    Side,
    figure,
    merged,
    nothing_like,
)
from procmem.errors import UnsupportedError
from procmem.flags import MappingKind
from procmem.model.usage import Usage, UsageDelta
from procmem.sizes import format_size

__all__ = ["Diff", "DiffRow", "MemberChange"]

_Group = tuple[MappingKind | None, str | None, int | None, bool]


@attrs.frozen(kw_only=True)
class MemberChange:
    """
    One process in two readings.

    Attributes:
        pid: Its number.

        start_time: When it started, in clock ticks since the machine did;
            None if that is not known.  A number that was taken again has
            another.

        name: Of its program, in the later reading if it is there.

        change: Whether it came, went or stayed.

        before: What it occupied; None if it is new.

        after: What it occupies; None if it is gone.
    """

    pid: int
    start_time: int | None
    name: str | None
    change: Literal["new", "gone", "stayed"]
    before: Usage | None
    after: Usage | None

    @property
    def delta(self) -> UsageDelta:
        """
        What it occupies less what it occupied; what is not there counts
        nothing.
        """
        one = self.before or self.after or Usage()
        nothing = nothing_like(one)
        return (self.after or nothing) - (self.before or nothing)


@attrs.frozen(kw_only=True, repr=False)
class Diff:
    """
    What changed between two readings of a process or of a group:
    ``after - before``.

    Over all rows, every counter that they have adds up exactly to
    :attr:`total`; so does every metric of :meth:`DiffRow.size`.  What the
    readings have in total and no mapping accounts for is a row too.

    Attributes:
        rows: One for each mapping, or for a few that were split or became
            one, by process and address.  For processes whose mappings were
            not read, one for each process.

        before: The totals of the earlier reading.

        after: The totals of the later one.

        members: The processes of both.

        complete: Whether nothing was unreadable, in either.

        missing: What is missing, as phrases.
    """

    rows: tuple[DiffRow, ...] = attrs.field(converter=tuple[DiffRow, ...])
    before: Usage
    after: Usage
    members: tuple[MemberChange, ...] = ()
    complete: bool = True
    missing: tuple[str, ...] = ()

    @property
    def total(self) -> UsageDelta:
        """
        The difference of the totals, counter by counter.
        """
        return self.after - self.before

    @property
    def new(self) -> tuple[DiffRow, ...]:
        """
        What was not mapped before.
        """
        return self._changed("new")

    @property
    def gone(self) -> tuple[DiffRow, ...]:
        """
        What is not mapped any more.
        """
        return self._changed("gone")

    @property
    def grown(self) -> tuple[DiffRow, ...]:
        """
        What occupies more than before.
        """
        return self._changed("grown")

    @property
    def shrunk(self) -> tuple[DiffRow, ...]:
        """
        What occupies less than before.
        """
        return self._changed("shrunk")

    def _changed(self, change: Change) -> tuple[DiffRow, ...]:
        return tuple(row for row in self.rows if row.change == change)

    def size(self, metric: Metric, side: Side) -> int:
        """
        The total by one metric in one of the readings, in bytes.

        Raises:
            UnsupportedError: If this system did not print it.

            ValueError: If there is no such metric.
        """
        return figure(self.after if side == "after" else self.before, metric)

    def growth(self, metric: Metric = "footprint") -> int:
        """
        By how many bytes the total grew by one metric; negative if it shrank.

        Raises:
            UnsupportedError: If this system did not print it.

            ValueError: If there is no such metric.
        """
        return self.size(metric, "after") - self.size(metric, "before")

    def grouped(self) -> tuple[DiffRow, ...]:
        """
        The rows with those of one kind and name taken together: all malloc
        arenas, all parts of a library, in all processes.

        They are in the order in which the first of each stands in
        :attr:`rows`, and add up to the same.
        """
        groups: dict[_Group, list[DiffRow]] = {}
        for row in self.rows:
            groups.setdefault(_group(row), []).append(row)
        return tuple(
            merged(rows, kind=rows[0].kind, name=key[1]) if len(rows) > 1 else rows[0]
            for key, rows in groups.items()
        )

    def top(self, count: int, metric: Metric = "footprint") -> tuple[DiffRow, ...]:
        """
        What changed most, the largest change first, and all the rest as one
        row, so that they add up to the same.

        Args:
            count: How many of the :meth:`grouped` rows to give at most.  What
                did not change is not among them.

            metric: What to measure by, as in :meth:`DiffRow.size`.

        Raises:
            UnsupportedError: If this system did not print the metric.

            ValueError: If there is no such metric, or *count* is negative.
        """
        if count < 0:
            msg = f"not a number of rows: {count}"
            raise ValueError(msg)
        # What the total lacks, nothing can add up to.
        self.growth(metric)
        rows = sorted(self.grouped(), key=lambda row: -abs(row.growth(metric)))
        first = [row for row in rows[:count] if row.growth(metric)]
        rest = rows[len(first) :]
        if not rest:
            return tuple(first)
        if len(rest) == 1:
            return (*first, rest[0])
        others = sum(not row.is_rest for row in rest)
        name = f"{others} other" if others == 1 else f"{others} others"
        return (*first, merged(rest, kind=None, name=name))

    def __repr__(self) -> str:
        try:
            total = f"footprint {_signed(self.growth())}"
        except UnsupportedError:
            change = self.total.get("rss")
            total = f"rss {_signed(change)}" if isinstance(change, int) else "unknown"
        counts = ", ".join(
            f"{len(self._changed(change))} {change}"
            for change in ("new", "gone", "grown", "shrunk")
        )
        more = "" if self.complete else ", incomplete"
        return f"<Diff: {total}; {counts}{more}>"

    def _repr_html_(self) -> str:
        from procmem.render.differences_html import diff_table

        return diff_table(self)


def _signed(size: int) -> str:
    return f"{'+' if size > 0 else ''}{format_size(size, decimals=1)}"


def _group(row: DiffRow) -> _Group:
    if row.kind is None:
        # Processes, each of its own, and what no mapping accounts for.
        return None, row.name, row.pid, False
    name = None if row.kind is MappingKind.THREAD_STACK else row.name
    return row.kind, name, None, row.arena
