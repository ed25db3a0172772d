"""
The looking that goes on while a command runs.  If it fails, the command does
not suffer: it runs on, and what it needed is not known.
"""

from __future__ import annotations

import os
import time
from collections import abc
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from procmem.testing.sampling.engine import Engine
    from procmem.testing.sampling.sampled import Metric, Sampled

__all__ = ["Looking"]

# Of one core: more than budgets take, because a command may be over soon, and
# this process has nothing else to do.
_SHARE = 0.05

# Seconds until it is asked again whether the command has ended, though that
# wakes this process anyway.
_LONG = 1.0


class Looking:
    """
    Looks at all that descends from this process, until it is closed.

    Args:
        metric: What is counted.

        interval: Seconds between two looks.

        leave_out: Children that have nothing to do with it.
    """

    def __init__(
        self, metric: Metric, interval: float, leave_out: abc.Sequence[int]
    ) -> None:
        self._metric: Metric = metric
        self._started = time.monotonic()
        self._failure: str | None = None
        self._engine: Engine | None = None
        self._number = 0
        try:
            self._open(interval, leave_out)
        except Exception as exc:  # noqa: BLE001 (whatever it is, the command runs)
            self._fail(exc)

    def _open(self, interval: float, leave_out: abc.Sequence[int]) -> None:
        from procmem.testing.sampling.engine import Engine
        from procmem.testing.sampling.sampled import Target

        # Not the command: what it leaves behind becomes a child of this
        # process, and may never have been seen while its parent was there.
        target = Target(
            pids=(os.getpid(),),
            only_descendants=True,
            leave_out=leave_out,
            metric=self._metric,
        )
        self._engine = Engine(share=_SHARE, interval=interval)
        self._number = self._engine.open(target)

    def look(self) -> float:
        """
        Look once; seconds until the next time.
        """
        if self._engine is None:
            return _LONG
        try:
            return self._engine.tick()
        except Exception as exc:  # noqa: BLE001 (whatever it is, the command runs)
            self._fail(exc)
            return _LONG

    def close(self) -> Sampled:
        """
        What was seen.
        """
        if self._engine is not None:
            try:
                return self._engine.close(self._number)
            except Exception as exc:  # noqa: BLE001 (the command's status counts)
                self._fail(exc)
        return self._nothing()

    def shut(self) -> None:
        """
        Let go of everything.
        """
        engine, self._engine = self._engine, None
        if engine is not None:
            # What it holds goes with this process.
            with suppress(Exception):
                engine.shut()

    def _fail(self, exc: Exception) -> None:
        self._failure = f"{type(exc).__name__}: {exc}"
        self.shut()

    def _nothing(self) -> Sampled:
        from procmem.testing.sampling.sampled import Sampled

        seconds = time.monotonic() - self._started
        return Sampled(
            metric=self._metric,
            seconds=seconds,
            longest_gap=seconds,
            unobserved=None,
            unobserved_children=True,
            complete=False,
            notes=(f"Looking at its memory failed ({self._failure}).",),
        )
