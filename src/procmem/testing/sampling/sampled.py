"""
What is looked at, and what was seen.
"""

from __future__ import annotations

import json
from collections import abc
from typing import Literal, Self

import attrs

__all__ = ["METRICS", "MemberPeak", "Metric", "Sampled", "Target"]

Metric = Literal["footprint", "pss", "uss", "rss"]
"""Which figure of a process is summed over the members."""

METRICS: tuple[Metric, ...] = ("footprint", "pss", "uss", "rss")


@attrs.frozen(kw_only=True)
class Target:
    """
    The processes that a window looks at.

    Attributes:
        pids: Their numbers.

        start_times: When each of them started, in clock ticks since boot, or
            empty.  A process that has the number and started at another time
            is not the one that is meant.

        tree: Whether all that descends from them belongs to it, now and
            later.  Who has once been a member stays one.

        only_descendants: Whether the processes themselves are not counted,
            but only what descends from them.

        leave_out: Processes that are not looked at, nor what descends from
            them.

        metric: What is summed.
    """

    pids: tuple[int, ...] = attrs.field(converter=tuple[int, ...])
    start_times: tuple[int, ...] = attrs.field(default=(), converter=tuple[int, ...])
    tree: bool = True
    only_descendants: bool = False
    leave_out: tuple[int, ...] = attrs.field(default=(), converter=tuple[int, ...])
    metric: Metric = attrs.field(
        default="footprint", validator=attrs.validators.in_(METRICS)
    )

    def to_json(self) -> str:
        """
        As text, on one line.
        """
        return json.dumps(attrs.asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """
        From such a text.
        """
        return cls(**json.loads(text))


@attrs.frozen(kw_only=True)
class MemberPeak:
    """
    One process, for as long as a window looked at it.

    Attributes:
        pid: Its number.

        start_time: When it started, in clock ticks since boot.

        name: As the kernel has it.

        parent: Its parent when it was first seen.

        lower: The largest figure read of it, in bytes; None if none was.

        estimate: The largest figure at any tick, in bytes: as read before,
            with what the cheap counters had changed by since.

        upper: What it can have been at most, in bytes, up to the last tick
            that saw it; None if it never had memory.

        hwm: Its largest ``VmHWM`` while it was looked at, in bytes.

        hwm_rose: Whether that was reached while it was looked at; otherwise
            it may be older, and then is a bound and nothing more.

        file_rss: The largest ``RssFile`` seen, in bytes.

        swap: The largest ``VmSwap`` seen, in bytes.

        first_seen: Seconds after the window was opened.

        last_seen: Seconds after the window was opened.

        ended: Whether it ended before the window was closed.

        denied: Whether only its cheap counters could be read.
    """

    pid: int
    start_time: int
    name: str
    parent: int
    lower: int | None
    estimate: int
    upper: int | None
    hwm: int | None
    hwm_rose: bool
    file_rss: int
    swap: int
    first_seen: float
    last_seen: float
    ended: bool
    denied: bool = False


@attrs.frozen(kw_only=True)
class Sampled:
    """
    What was seen through a window.

    ``lower <= estimate <= upper``, where they are known.

    Attributes:
        metric: What was summed over the members.

        lower: The largest sum that was really read, in bytes: the rollups of
            all members one after the other, less what a member gave back
            while the others were read.  None if there was no time to.

        estimate: The largest sum at any tick, in bytes: what was last read
            in full, with what the cheap counters had changed by since, and
            with the copies of shared pages that those do not show, once the
            processes were read that may have made them.  None if nothing
            was seen.

        upper: What the sum of the members that were seen can have been at
            most, in bytes, up to the last tick that saw each.  None if that
            cannot be said.

        last: The sum at the last tick at which a member had memory, in bytes,
            found like *estimate*.

        at: The figures that make up *lower*, by pid.

        at_seconds: When *lower* was read, in seconds after opening.

        ticks: How often was looked.

        full_reads: How often of these all members were read in full.

        seconds: How long the window was open.

        longest_gap: The longest time between two ticks, in seconds.

        interval: The average time between two ticks, in seconds.

        members: All processes that were ever seen.

        unobserved: What processes can have had at most, in bytes, that ended
            and were not seen, or what those that were seen can have got after
            they were last seen: a page for each page fault that their parents
            inherited and that is not explained.  None if the parents do not
            count it (they ignore SIGCHLD), or the sampler failed.

        unobserved_children: Whether a process may have lived and ended
            without being seen.

        error: How far each of the marks behind *upper* can be from the
            truth, in bytes.

        denied: Those of whom only cheap counters could be read.

        gone: Those of the target that were not there when it was opened.

        complete: Whether somebody looked all the time, and could read all
            members.

        notes: What else a careful reader should know, as sentences.
    """

    metric: Metric
    lower: int | None = None
    estimate: int | None = None
    upper: int | None = None
    last: int | None = None
    at: abc.Mapping[int, int] = attrs.field(factory=dict[int, int], hash=False)
    at_seconds: float | None = None
    ticks: int = 0
    full_reads: int = 0
    seconds: float = 0.0
    longest_gap: float = 0.0
    interval: float = 0.0
    members: tuple[MemberPeak, ...] = ()
    unobserved: int | None = 0
    unobserved_children: bool = False
    error: int = 0
    denied: tuple[int, ...] = ()
    gone: tuple[int, ...] = ()
    complete: bool = True
    notes: tuple[str, ...] = ()

    @property
    def by_pid(self) -> dict[int, MemberPeak]:
        """
        The members by their number; the later one, if it was taken again.
        """
        return {member.pid: member for member in self.members}

    def with_mark(self, pid: int, hwm: int) -> Sampled:
        """
        The same, knowing that the mark of a member was *hwm* in the window.

        Who resets the mark of a process knows better how far it had risen
        than who looks now and then.

        Args:
            pid: The member.

            hwm: Its largest RSS during the window, in bytes.
        """
        member = self.by_pid.get(pid)
        if member is None or member.upper is None or self.upper is None:
            return self
        more = max(0, hwm - (member.hwm or 0))
        better = attrs.evolve(
            member,
            hwm=max(hwm, member.hwm or 0),
            upper=member.upper + more,
        )
        members = tuple(better if one is member else one for one in self.members)
        return attrs.evolve(self, upper=self.upper + more, members=members)

    def to_json(self) -> str:
        """
        As text, on one line.
        """
        return json.dumps(attrs.asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """
        From such a text.
        """
        data = json.loads(text)
        data["at"] = {int(pid): figure for pid, figure in data["at"].items()}
        data["members"] = tuple(MemberPeak(**member) for member in data["members"])
        for name in ("denied", "gone", "notes"):
            data[name] = tuple(data[name])
        return cls(**data)
