"""
What one window has seen of one member.
"""

from __future__ import annotations

from procmem.formats.text import decode
from procmem.testing.sampling.counters import Cheap
from procmem.testing.sampling.member import Member
from procmem.testing.sampling.sampled import MemberPeak, Metric

__all__ = ["Seen"]


class Seen:
    """
    What a window has seen of one member.
    """

    __slots__ = (
        "child_ended",
        "counted",
        "estimate",
        "explained",
        "file_rss",
        "first_mark",
        "hwm",
        "inherited",
        "last_mark",
        "lower",
        "member",
        "since",
        "swap",
        "unseen",
        "upper",
    )

    def __init__(
        self, member: Member, since: float, *, born: bool, counted: bool
    ) -> None:
        self.member = member
        self.counted = counted
        self.since = since
        self.lower: int | None = None
        self.estimate = 0
        self.upper: int | None = None
        self.file_rss = self.swap = 0
        self.hwm: int | None = None
        cheap = member.cheap
        # Of a process that was born in the window, all is of the window.
        self.first_mark = 0 if born or cheap is None else cheap.hwm
        self.last_mark = 0
        # Page faults that it inherited before the window, and those that it
        # inherited since from children that were seen.
        self.inherited = 0 if born else member.faults.inherited
        self.explained = 0
        self.child_ended = False
        self.unseen = 0

    def unexplained(self) -> int:
        """
        Page faults of its children that nobody saw.
        """
        new = self.member.faults.inherited - self.inherited
        return max(0, new - self.explained)

    def take(self, cheap: Cheap, metric: Metric) -> int:
        """
        It was looked at; what it should have now.
        """
        figure = self.member.expected(metric)
        self.estimate = max(self.estimate, figure)
        self.swap = max(self.swap, cheap.swap)
        self.file_rss = max(self.file_rss, cheap.file)
        self.hwm = max(self.hwm or 0, cheap.hwm)
        self.upper = max(self.upper or 0, cheap.mark(metric, self.swap))
        return figure

    def read(self, figure: int) -> None:
        """
        It was read.
        """
        self.lower = max(self.lower or 0, figure)
        self.estimate = max(self.estimate, figure)

    def peak(self, opened: float) -> MemberPeak:
        """
        All of it.

        Args:
            opened: When the window was.
        """
        member = self.member
        return MemberPeak(
            pid=member.pid,
            start_time=member.start_time,
            name=decode(member.name),
            parent=member.parent,
            lower=self.lower,
            estimate=self.estimate,
            upper=self.upper,
            hwm=self.hwm,
            hwm_rose=self.hwm is not None and self.hwm > self.first_mark,
            file_rss=self.file_rss,
            swap=self.swap,
            first_seen=max(0.0, self.since - opened),
            last_seen=max(0.0, member.last_seen - opened),
            ended=member.ended or member.cheap is None,
            denied=member.denied,
        )
