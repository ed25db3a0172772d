"""
One process that is looked at: what was read of its memory, and what it shares
with others that are looked at.

``smaps_rollup`` is opened anew each time: it shows the memory that the process
had when it was opened.
"""

from __future__ import annotations

from collections import abc
from contextlib import suppress
from typing import NamedTuple

from procmem.errors import AccessDeniedError, ProcmemError, UnsupportedError
from procmem.reading.totals import read_usage
from procmem.sources.live import LiveProcess
from procmem.testing.sampling.counted import Counted
from procmem.testing.sampling.counters import Cheap, Figures, figures_of
from procmem.testing.sampling.sampled import Metric

__all__ = ["HELPER_NAME", "Known", "Member", "distrust"]

HELPER_NAME = b"procmem-sampler"
"""What the helper is called: as long as a name can be."""

# What a member shares of its memory, if it may come to own it unnoticed.
_MUCH_SHARED = 1 << 20

_ZERO = Figures(0, 0, 0, 0)


class Known(NamedTuple):
    """
    What is known of a member, to be kept.
    """

    figures: Figures | None
    cheap: Cheap | None
    copied: int
    lent: int


class Member(Counted):
    """
    A process that windows look at.

    Attributes:
        figures: What the rollup said, and

        cheap_when_read: what the cheap counters said then.

        was_read: Whether it ever was.

        twin_of: Whose memory this is too (vfork), for as long as it is.

        is_copy: Whether it is known to have begun as a copy of its parent.

        has_copies: Whether others have begun as copies of it.

        gave_up: What it shared with others when it became another program.
    """

    __slots__ = (
        "_lent",
        "cheap_when_read",
        "figures",
        "gave_up",
        "has_copies",
        "is_copy",
        "twin_of",
        "was_read",
    )

    def __init__(self, process: LiveProcess, now: float) -> None:
        self.figures: Figures | None = None
        self.cheap_when_read: Cheap | None = None
        self.was_read = False
        self.twin_of: Member | None = None
        self.is_copy = self.has_copies = False
        # How much was given to copies since it was read.
        self._lent = self.gave_up = 0
        super().__init__(process, now)

    def begin_anew(self) -> None:
        """
        It is another program now: nothing that was known of its memory is so.
        """
        super().begin_anew()
        if self.figures is not None:
            shared = self.shared("footprint")
            self.gave_up += min(self.figures.footprint, shared)
        self.figures = self.cheap_when_read = None
        self.is_copy = self.has_copies = False
        self._lent = 0

    def read(self, now: float) -> Figures | None:
        """
        Read the rollup; None if the process ended or may not be read.
        """
        before, faults = self.cheap, self.faults.own
        try:
            figures = self._figures()
        except (AccessDeniedError, UnsupportedError):
            self.denied = True
            return None
        except (OSError, ProcmemError):
            return None
        self.figures = figures
        self.copied = self._lent = 0
        self.was_read = True
        # What came while it was read must not be added to it once more.
        programs = self.programs
        self.refresh(now)
        if self.programs != programs:
            # What was read is of another program.
            return None
        after = self.cheap
        if before is not None and after is not None:
            after = after.when_rss_was(figures.rss, before)
            if figures.rss > after.rss and self.faults.own > faults:
                # It had more then, and has given it back already.
                after = after.with_more(figures.rss - after.rss)
            # Nor must pages be counted that others were read with before.
            new = after.shmem - before.shmem
            if new > 0:
                after = after._replace(shmem=before.shmem)
                self.figures = figures = figures.without_shmem(new)
        self.cheap_when_read = after or before
        self.shares = self.shared("footprint") > _MUCH_SHARED
        return figures

    def read_alone(self, now: float) -> None:
        """
        Read what a copy has made its own since it was read: its original has
        those pages still, so that they are more, whoever else shares them.
        """
        old, had_read, lent = self.figures, self.was_read, self._lent
        new = self.read(now)
        if new is None or old is None or self.cheap_when_read is None:
            return
        own = max(0, new.uss - old.uss)
        cheap = self.cheap_when_read
        self.figures = new._replace(
            footprint=min(cheap.of("footprint"), old.footprint + own),
            pss=min(cheap.of("pss"), old.pss + own),
            pss_shmem=old.pss_shmem,
            pss_file=old.pss_file,
        )
        self.was_read, self._lent = had_read, lent

    def known(self) -> Known:
        """
        What is known.
        """
        figures = self.figures if self.was_read or self.is_copy else None
        return Known(figures, self.cheap_when_read, self.copied, self._lent)

    def take_back(self, known: Known) -> None:
        """
        What was read is not to be trusted; what was known before is.
        """
        self.figures, self.cheap_when_read = known.figures, known.cheap
        self.copied += known.copied
        self._lent = max(self._lent, known.lent)
        self.shares = self.shared("footprint") > _MUCH_SHARED

    def can_be_read_alone(self, metric: Metric) -> bool:
        """
        Whether it is a copy, nobody is a copy of it, and what it shares is
        what it shared when it was read.
        """
        if not self.is_copy or self.has_copies or self.cheap is None:
            return False
        then = self.cheap_when_read
        return then is not None and then.of_others(metric) >= self.cheap.of_others(
            metric
        )

    def begin_as_copy(self, original: Member) -> None:
        """
        It was just forked: all that it has is also the other's, but for what
        its page faults may have made its own before it was seen.
        """
        self.figures, self.cheap_when_read = _ZERO, self.cheap
        self.copied = self.faults.own * self.page
        self.shares = self.shared("footprint") > _MUCH_SHARED
        # Either may be the one who writes first.
        original.lend(self)

    def lend(self, copy: Member) -> None:
        """
        What it has, it now shares with a copy of it.
        """
        if copy.cheap is not None:
            self._lent = max(self._lent, copy.cheap.of("footprint"))
            self.has_copies = True
            self.shares |= self._lent > _MUCH_SHARED

    def shared(self, metric: Metric) -> int:
        """
        How much of what it has was others' too, when it was last read.
        """
        if metric == "rss" or self.figures is None or self.cheap_when_read is None:
            return 0
        before = self.cheap_when_read.of(metric)
        return max(self._lent, before - self.figures.of(metric))

    def may_own(self, metric: Metric) -> int:
        """
        How much of that may have become its own since.
        """
        if self.cheap is None or self.cheap_when_read is None or self.denied:
            return 0
        # What it has no more, others may still have.
        gone = self.cheap_when_read.of(metric) - self.cheap.of(metric)
        unknown = self.copied + max(0, gone)
        return min(self.shared(metric), unknown) if unknown else 0

    def _figures(self) -> Figures:
        data = b""
        # Without that file there is another.
        with suppress(UnsupportedError):
            data = self.process.read(f"{self._prefix}smaps_rollup")
        if data and (figures := figures_of(data)) is not None:
            return figures
        if self.cheap is None:
            return _ZERO
        usage = read_usage(self.process)
        footprint = usage.get("footprint")
        return Figures(
            # Before Linux 5.4 the rollup has no such parts.
            footprint if isinstance(footprint, int) else usage.pss,
            usage.pss,
            usage.uss,
            usage.rss,
            usage.pss_shmem or 0,
            usage.pss_file or 0,
        )

    def expected(self, metric: Metric) -> int:
        """
        The figure as it should be now: as read, with what changed since.
        """
        if self.cheap is None or self.twin_of is not None:
            return 0
        cheap = self.cheap.of(metric)
        if self.figures is not None and self.cheap_when_read is not None:
            change = cheap - self.cheap_when_read.of(metric)
            # No figure is above its counters.
            return max(0, min(cheap, self.figures.of(metric) + change))
        return cheap


def distrust(known: abc.Mapping[Member, Known]) -> None:
    """
    Members were read while others came or went, who may have shared what
    they have: what was known before holds, if that is more.

    Args:
        known: What was.
    """
    old = {m: k for m, k in known.items() if k.figures and m.figures}
    after = sum(member.expected("footprint") for member in old)
    now = {member: member.known() for member in old}
    for member, what in old.items():
        member.take_back(what)
    if after >= sum(member.expected("footprint") for member in old):
        for member, what in now.items():
            member.figures, member.cheap_when_read = what.figures, what.cheap
            member.copied = what.copied
