"""
One block of code: read at its start, read at its end, judged.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from procmem.testing.limits import Limits
from procmem.testing.measurement import Measurement
from procmem.testing.parts import Parts, Peak, figure_of
from procmem.testing.reading import Reading, read_all
from procmem.testing.scope import Scope

if TYPE_CHECKING:
    from procmem.testing.outsiders import Outsiders
    from procmem.testing.peaking import Watch
    from procmem.testing.scope import Target

__all__ = ["Options", "Window"]


@attrs.frozen(kw_only=True)
class Options:
    """
    What :func:`~procmem.testing.budget` was told, checked; the attributes are
    its arguments.
    """

    limits: Limits
    target: Target = None
    tree: bool = True
    info: str = ""
    measure_peak: bool = False
    detail: bool = True
    reset_others: bool = False
    subreaper: bool = False
    save: Path | None = None


class Window:
    """
    A block that has begun.

    Args:
        options: Whom to measure, and how.

    Attributes:
        measurement: What is known of it.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._owner = os.getpid()
        self._watch: Watch | None = None
        self._adopts = False
        self._scope = scope = Scope(options.target, tree=options.tree)
        try:
            if options.subreaper:
                self._adopt()
            entry = read_all(scope, detail=options.detail, at_end=False)
            scope.check_entry(entry)
            self._parts = Parts(
                limits=options.limits, root=scope.root, info=options.info, entry=entry
            )
            self.measurement = Measurement(self._parts)
            if options.measure_peak:
                from procmem.testing.peaking import Watch

                self._watch = Watch(
                    entry,
                    scope,
                    metric=options.limits.metric,
                    tree=options.tree,
                    reset_others=options.reset_others,
                )
        except BaseException:
            self._let_go()
            raise
        self._started = time.perf_counter()

    def judge(self) -> None:
        """
        End it.

        Raises:
            MemoryBudgetExceeded: If a limit was not kept.

            ProcessGoneError: If whose memory is limited has ended.

            ProcmemError: If it cannot be judged.
        """
        __tracebackhide__ = True
        if os.getpid() != self._owner:
            # A fork of the process that began: not its block to end.
            return
        try:
            self._finish()
        finally:
            self._let_go()
        from procmem.testing.judging import missed

        found = missed(self.measurement, self._options.limits)
        if found:
            from procmem.testing.exceeded import MemoryBudgetExceeded

            saved, problem = self._saved()
            failure = MemoryBudgetExceeded(self.measurement, found, saved)
            if problem:
                failure.add_note(problem)
            raise failure

    def abandon(self) -> None:
        """
        End it without a judgement.
        """
        if os.getpid() != self._owner:
            return
        try:
            self._finish()
        except Exception:  # noqa: BLE001, S110 (the block's own error counts)
            pass
        finally:
            self._let_go()

    def _finish(self) -> None:
        seconds = time.perf_counter() - self._started
        options, scope = self._options, self._scope
        last = read_all(scope, detail=options.detail, at_end=True)
        parts = self._parts
        parts.outsiders = self._outsiders(last)
        parts.peak = self._peak(last)
        parts.seconds = seconds
        parts.exit = last
        only_peak = not options.limits.given().keys() - {"peak"}
        if not only_peak:
            scope.check_exit(last)

    def _outsiders(self, last: Reading) -> Outsiders | None:
        # What the others count is defined by who maps a page, whoever it is.
        if self._options.limits.metric not in {"footprint", "pss"}:
            return None
        from procmem.testing.outsiders import find

        return find(last, self._scope.source)

    def _peak(self, last: Reading) -> Peak | None:
        if self._watch is None:
            return None
        metric = self._options.limits.metric
        watch, self._watch = self._watch, None
        ends = (self.measurement.before, figure_of(last, metric)[0])
        return watch.close(last, ends, alone=self._parts.outsiders is None)

    def _saved(self) -> tuple[tuple[Path, ...], str]:
        """
        The files that were saved, and what went wrong.
        """
        if self._options.save is None:
            return (), ""
        from procmem.testing.keeping import keep

        try:
            return keep(self.measurement, self._options.save), ""
        except Exception as exc:  # noqa: BLE001 (the budget's failure counts)
            return (), f"snapshots could not be saved: {exc}"

    def _adopt(self) -> None:
        from procmem.sources.subreaper import adopt_orphans

        self._adopts = adopt_orphans()

    def _let_go(self) -> None:
        self._scope.close()
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.abandon()
        if self._adopts:
            from procmem.sources.subreaper import release_orphans

            self._adopts = False
            release_orphans()
