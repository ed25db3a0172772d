"""
The most that there was between two readings.

Three things are known of it.  At both ends it was read.  Now and then a helper
looked from outside: that is certain, and misses what comes and goes between
two looks.  And the kernel keeps the highest RSS of each process: that misses
nothing, but has libraries in it, no swap, and nothing of who shares what.

So the largest figure that was read is the lower bound.  The kernel's mark less
what was resident of files is as good an estimate as there is for memory that
is not shared with anybody outside: what a process has is part of what its tree
has.  The upper bound adds up the marks of all processes that were seen.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from procmem.errors import ProcmemError, UnsupportedError
from procmem.sources.procfs import ProcFS
from procmem.sources.spaces import numbers_are_ours
from procmem.testing.parts import Peak
from procmem.testing.peaks import PeakWindow, RssPeak

if TYPE_CHECKING:
    from procmem.sources.base import PinnedProcess, Source
    from procmem.testing.limits import Metric
    from procmem.testing.reading import Reading
    from procmem.testing.sampling.client import SamplingWindow
    from procmem.testing.sampling.sampled import Sampled
    from procmem.testing.scope import Scope
    from procmem.testing.texts import Text

__all__ = ["Watch"]


def _is_in_view(source: Source) -> bool:
    """
    Whether the helper finds under the same numbers what *source* shows.
    """
    ours = ProcFS()
    return source == ours or (isinstance(source, ProcFS) and numbers_are_ours(source))


class Watch:
    """
    A look at the peak, from now on until it is closed.

    Args:
        entry: What was read at the start.

        scope: Whom it is about.

        metric: What is counted.

        tree: Whether all that descend from them count.

        reset_others: Whether to start the marks of other processes anew.

    Raises:
        UnsupportedError: If they are not processes of this kernel, or have
            other numbers there than the helper knows them by.
    """

    def __init__(
        self,
        entry: Reading,
        scope: Scope,
        *,
        metric: Metric,
        tree: bool,
        reset_others: bool,
    ) -> None:
        self._entry = entry
        self._metric: Metric = metric
        self._windows: dict[int, PeakWindow] = {}
        self._held: list[PinnedProcess] = []
        self._handle: SamplingWindow | None = None
        if not _is_in_view(scope.source):
            needs = "a proc file system whose pids are those of this program"
            raise UnsupportedError("the peak", needs)
        try:
            own = scope.own
            pids = [text.pid for text in entry.texts]
            for pid in pids:
                if pid == own:
                    self._windows[pid] = PeakWindow()
                elif reset_others:
                    with suppress(ProcmemError):
                        process = scope.source.pin(pid)
                        self._held.append(process)
                        self._windows[pid] = PeakWindow(process, reset=True)
            others = set(pids) != {own}
            if tree or others or metric in {"pss", "uss"}:
                self._handle = self._opened(tree=tree)
        except BaseException:
            self.abandon()
            raise

    def _opened(self, *, tree: bool) -> SamplingWindow:
        from procmem.testing.sampling.client import Sampler
        from procmem.testing.sampling.sampled import Target

        texts = self._entry.texts
        target = Target(
            pids=tuple(text.pid for text in texts),
            start_times=tuple(text.start_time for text in texts),
            tree=tree,
            metric=self._metric,
        )
        return Sampler.for_this_process().open(target)

    def abandon(self) -> None:
        """
        End it without an answer.
        """
        self._close_windows()
        if self._handle is not None:
            handle, self._handle = self._handle, None
            handle.close()

    def _close_windows(self) -> dict[int, RssPeak]:
        marks: dict[int, RssPeak] = {}
        for pid, window in self._windows.items():
            with suppress(ProcmemError):
                marks[pid] = window.close()
        self._windows.clear()
        for process in self._held:
            process.close()
        self._held.clear()
        return marks

    def close(self, last: Reading, ends: tuple[int, int], *, alone: bool) -> Peak:
        """
        The peak.

        Args:
            last: What was read at the end.

            ends: The figures at both ends.

            alone: Whether nobody else shares the memory.
        """
        marks = self._close_windows()
        sampled: Sampled | None = None
        if self._handle is not None:
            handle, self._handle = self._handle, None
            sampled = handle.close()
        texts: dict[int, list[Text]] = {}
        for text in (*self._entry.texts, *last.texts):
            texts.setdefault(text.pid, []).append(text)
        lower, upper = max(ends), None
        best = lower
        if sampled is not None:
            lower = max(lower, sampled.lower or 0)
            best = max(lower, sampled.estimate or 0)
            for pid, mark in marks.items():
                if mark.hwm is not None:
                    sampled = sampled.with_mark(pid, mark.hwm)
            upper = sampled.upper
        elif marks:
            # Nobody else belongs to it, and whatever there was, the mark saw.
            [(pid, mark)] = marks.items()
            upper = _at_most(mark, texts.get(pid, []), self._metric)
        if alone:
            for pid, mark in marks.items():
                best = max(best, _estimate(mark, texts.get(pid, []), self._metric))
            best = max(best, _risen(sampled, self._metric))
        if upper is not None:
            upper = max(upper, best)
        return Peak(
            best=best,
            lower=lower,
            upper=upper,
            samples=0 if sampled is None else sampled.ticks,
            by_pid=_by_pid(sampled),
            unobserved=0 if sampled is None else sampled.unobserved,
            notes=() if sampled is None else sampled.notes,
        )


def _estimate(mark: RssPeak, texts: list[Text], metric: Metric) -> int:
    """
    What the mark of one process says of the figure; 0 if nothing.
    """
    if mark.hwm is None or not mark.rose or not texts:
        return 0
    if metric == "rss":
        return mark.hwm
    if metric != "footprint":
        # Of pages of files nobody knows who else maps them.
        return 0
    files = max(text.cheap(b"RssFile") or 0 for text in texts)
    return max(0, mark.hwm - files)


def _risen(sampled: Sampled | None, metric: Metric) -> int:
    """
    The same of the marks that rose while somebody looked: those are of this
    block, however short it was.
    """
    if sampled is None or metric not in {"footprint", "rss"}:
        return 0
    return max(
        (
            member.hwm - (0 if metric == "rss" else member.file_rss)
            for member in sampled.members
            if member.hwm is not None and member.hwm_rose
        ),
        default=0,
    )


def _at_most(mark: RssPeak, texts: list[Text], metric: Metric) -> int | None:
    if mark.hwm is None or not texts:
        return None
    most = mark.hwm + mark.error
    if metric == "rss":
        return most
    files = min(text.cheap(b"RssFile") or 0 for text in texts)
    swap = max(text.cheap(b"VmSwap") or 0 for text in texts)
    return most - files + swap if metric == "footprint" else most


def _by_pid(sampled: Sampled | None) -> dict[int, int]:
    if sampled is None:
        return {}
    return {
        member.pid: max(member.estimate, member.lower or 0)
        for member in sampled.members
    }
