"""
What became of a command that ``procmem run`` has run, and the JSON document
that says so.
"""

from __future__ import annotations

import json
from collections import abc
from typing import TYPE_CHECKING, Self

import attrs

from procmem.errors import ProcmemError

if TYPE_CHECKING:
    from procmem.testing.sampling.sampled import MemberPeak, Sampled

__all__ = ["SCHEMA", "Left", "Outcome", "document_of"]

SCHEMA = 1
"""Rises when a key goes or changes its meaning; new ones may come any time."""


@attrs.frozen(kw_only=True)
class Left:
    """
    A process that still runs, after the command that started it has ended.

    Attributes:
        pid: Its number.

        name: As the kernel has it.
    """

    pid: int
    name: str

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """
        A process; None if it has ended, too.
        """
        from procmem.reading.status import read_status
        from procmem.sources.procfs import ProcFS

        try:
            with ProcFS().pin(pid) as process:
                status = read_status(process)
        except (ProcmemError, OSError):
            return None
        return cls(pid=pid, name=status.name or "")


@attrs.frozen(kw_only=True)
class Outcome:
    """
    What a command cost, and how it ended.

    Attributes:
        command: Its name, and its arguments.

        pid: Its number.

        status: What a shell would report.

        signal: The signal that ended it, or None.

        seconds: How long it ran.

        limit: How many bytes it was allowed to take, or None.

        strict: Whether that was for the most that it can have been.

        sampled: What was seen of it.

        left: What it left behind that still runs.

        adopted: Whether processes that lost their parents could be kept in
            sight.

        mark_error: By how many bytes the kernel's marks may be too high.
    """

    command: tuple[str, ...]
    pid: int
    status: int
    signal: int | None
    seconds: float
    limit: int | None
    strict: bool
    sampled: Sampled
    left: tuple[Left, ...] = ()
    adopted: bool = True
    mark_error: int = 0

    @property
    def peak(self) -> int | None:
        """
        The largest sum as far as one can tell, in bytes: what was seen, or
        what the mark of one process says, if that is more.  None if nothing
        was seen.
        """
        found = [self.sampled.estimate, *map(self._mark, self.sampled.members)]
        return max((one for one in found if one is not None), default=None)

    def _mark(self, member: MemberPeak) -> int | None:
        """
        What a process must have had, by the mark that it left.
        """
        if member.hwm is None or not member.hwm_rose:
            return None
        sure = member.hwm - self.mark_error
        if self.sampled.metric == "rss":
            return sure
        # What it shares with others of the command counts with them; files
        # do not count.
        return sure - member.file_rss if self.sampled.metric == "footprint" else None

    @property
    def most(self) -> int | None:
        """
        What the sum can have been at most, in bytes, with what may have gone
        unseen; None if that is not known.
        """
        upper, unobserved = self.sampled.upper, self.sampled.unobserved
        if upper is None or unobserved is None:
            return None
        return max(upper + unobserved, self.peak or 0)

    @property
    def judged(self) -> int | None:
        """
        What the limit is compared with, in bytes.
        """
        return self.most if self.strict else self.peak

    @property
    def is_over(self) -> bool:
        """
        Whether there is a limit, and it was exceeded, or cannot be said to
        have been kept.
        """
        return self.limit is not None and (
            self.judged is None or self.judged > self.limit
        )


def document_of(outcome: Outcome) -> str:
    """
    All of it, as JSON; sizes are bytes, and null where they are not known.
    """
    sampled = outcome.sampled
    return (
        json.dumps(
            {
                "schema": SCHEMA,
                "command": [_string(word) for word in outcome.command],
                "pid": outcome.pid,
                "exit_status": outcome.status,
                "signal": outcome.signal,
                "seconds": round(outcome.seconds, 3),
                "metric": sampled.metric,
                "limit": outcome.limit,
                "over_limit": outcome.is_over,
                "peak": outcome.peak,
                "peak_lower": sampled.lower,
                "peak_upper": outcome.most,
                "last": sampled.last,
                "unobserved": sampled.unobserved,
                "unobserved_children": sampled.unobserved_children,
                "looks": sampled.ticks,
                "full_reads": sampled.full_reads,
                "longest_gap": round(sampled.longest_gap, 6),
                "processes": [_member(sampled, one) for one in sampled.members],
                "unreadable": list(sampled.denied),
                "still_running": [
                    {"pid": one.pid, "name": _string(one.name)} for one in outcome.left
                ],
                "notes": list(sampled.notes),
            },
            indent=2,
        )
        + "\n"
    )


def _member(sampled: Sampled, member: MemberPeak) -> abc.Mapping[str, object]:
    return {
        "pid": member.pid,
        "parent": member.parent,
        "name": _string(member.name),
        "at_peak": sampled.at.get(member.pid, 0),
        "peak": member.estimate,
        "peak_lower": member.lower,
        "peak_upper": member.upper,
        "peak_rss": member.hwm if member.hwm_rose else None,
        "first_seen": round(member.first_seen, 3),
        "last_seen": round(member.last_seen, 3),
    }


def _string(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
