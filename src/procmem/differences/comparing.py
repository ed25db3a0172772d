"""
Two readings in, their difference out.
"""

from __future__ import annotations

from collections import abc, defaultdict

from procmem.differences.diff import Diff, MemberChange
from procmem.differences.making import rest_of, rows_of
from procmem.differences.readings import (
    Couple,
    GroupReading,
    Member,
    Reading,
    any_of,
    is_one,
)
from procmem.model.usage import Usage

__all__ = ["between_groups", "between_readings"]

_Identity = tuple[int, int | None]
"""Pid and start time."""


def between_readings(
    after: Reading, before: Reading, *, missing: abc.Iterable[str] = ()
) -> Diff:
    """
    What changed from one reading of a process to another; they may be of two
    processes, such as two runs of a program.

    Args:
        after: The later.

        before: The earlier.

        missing: What is missing in them, as phrases.
    """
    together: Couple = (before, after)
    phrases = tuple(missing)
    return _diff(
        memory=[together],
        members=[together]
        if is_one(before, after)
        else [(before, None), (None, after)],
        totals=(before.usage, after.usage),
        complete=not phrases,
        missing=phrases,
    )


def between_groups(after: GroupReading, before: GroupReading) -> Diff:
    """
    What changed from one reading of a group to another.

    A process is the same if its number and its start time are.  If none is,
    these are two runs, and processes of one name are compared in their order.
    """
    earlier, later = _by_identity(before), _by_identity(after)
    return _diff(
        memory=_address_spaces(earlier, later),
        members=[
            (earlier.get(identity), later.get(identity))
            for identity in sorted({*earlier, *later}, key=_order)
        ],
        totals=(before.usage, after.usage),
        complete=before.complete and after.complete,
        missing=(
            *(f"before: {phrase}" for phrase in before.missing),
            *(f"after: {phrase}" for phrase in after.missing),
        ),
    )


def _by_identity(group: GroupReading) -> dict[_Identity, Member]:
    return {(member.pid, member.start_time): member for member in group.members}


def _order(identity: _Identity) -> tuple[int, int]:
    return identity[0], identity[1] or 0


def _address_spaces(
    earlier: dict[_Identity, Member], later: dict[_Identity, Member]
) -> list[Couple]:
    """
    What memory to compare with what: each address space once.
    """
    left = {key: one for key, one in earlier.items() if one.same_memory_as is None}
    right = {key: one for key, one in later.items() if one.same_memory_as is None}
    found: list[Couple] = [
        (left.pop(key), right.pop(key)) for key in [*left] if key in right
    ]
    # What was counted for one process may be counted for its twin now.
    for key, one in [*left.items()]:
        for other, twin in [*right.items()]:
            was, now = earlier.get(other), later.get(key)
            if (was is not None and was.same_memory_as == one.pid) or (
                now is not None and now.same_memory_as == twin.pid
            ):
                found.append((left.pop(key), right.pop(other)))
                break
    if earlier.keys().isdisjoint(later):
        waiting: defaultdict[str | None, list[_Identity]] = defaultdict(list)
        for key in sorted(right, key=_order, reverse=True):
            waiting[right[key].name].append(key)
        for key in sorted(left, key=_order):
            if waiting[left[key].name]:
                counterpart = waiting[left[key].name].pop()
                found.append((left.pop(key), right.pop(counterpart)))
    found += [(one, None) for one in left.values()]
    found += [(None, one) for one in right.values()]
    return sorted(found, key=lambda couple: any_of(couple).pid)


def _diff(
    *,
    memory: abc.Iterable[Couple],
    members: abc.Iterable[Couple],
    totals: tuple[Usage, Usage],
    complete: bool,
    missing: tuple[str, ...],
) -> Diff:
    rows = [row for couple in memory for row in rows_of(couple)]
    before, after = totals
    return Diff(
        rows=(*rows, *rest_of(rows, before, after)),
        before=before,
        after=after,
        members=tuple(map(_member_change, members)),
        complete=complete,
        missing=missing,
    )


def _member_change(couple: Couple) -> MemberChange:
    before, after = couple
    one = any_of(couple)
    return MemberChange(
        pid=one.pid,
        start_time=one.start_time,
        name=one.name,
        change="new" if before is None else "gone" if after is None else "stayed",
        before=None if before is None else before.usage,
        after=None if after is None else after.usage,
    )
