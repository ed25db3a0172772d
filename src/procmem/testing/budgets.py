"""
``budget``: limits on what a block of code may cost, its children included.
"""

from __future__ import annotations

import os
from collections import abc
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from procmem.sizes import format_size
from procmem.testing.limits import Amount, Limits, Metric
from procmem.testing.measurement import Measurement
from procmem.testing.window import Options, Window

if TYPE_CHECKING:
    from procmem.testing.scope import Target

__all__ = ["Budget", "budget"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def budget(
    limit: Amount | None = None,
    *,
    metric: Metric = "footprint",
    peak: Amount | None = None,
    growth: Amount | None = None,
    swap: Amount | None = None,
    hugetlb: Amount | None = None,
    target: Target = None,
    tree: bool = True,
    info: str = "",
    strict: bool = False,
    measure_peak: bool = False,
    detail: bool = True,
    reset_others: bool = False,
    subreaper: bool = False,
    save: str | os.PathLike[str] | None = None,
) -> Budget:
    """
    Limits on what a block of code may cost, for a ``with`` statement or as a
    decorator of functions, async or not.

    Sizes are bytes as integers, or text like ``"200 MiB"``.  All limits are
    inclusive.  Without any, nothing is judged and all is measured.

    Args:
        limit: For the figure at the end of the block.

        metric: What is counted: ``"footprint"`` (memory without a file and
            swap, each page divided by its users), ``"pss"``, ``"uss"`` or
            ``"rss"``.

        peak: For the largest figure during the block.

        growth: For the figure at the end less that at the start.

        swap: For what is swapped out at the end, divided by its users.

        hugetlb: For pages of hugetlbfs at the end, which no metric counts.

        target: Of whom: a pid, a :class:`subprocess.Popen`, a pinned process,
            a :class:`~procmem.Group` or :class:`~procmem.Members`; None means
            this process.

        tree: Whether all that descend from the target count too.

        info: What to say first when a limit is missed, a test's name perhaps.

        strict: Judge by the upper bound where a figure is only bounded.

        measure_peak: Look for the peak also if there is no limit for it.

        detail: Keep what the mappings are at both ends, so that a failure
            can say what grew.  Mappings of a process with more than 1 GiB
            resident are not read.

        reset_others: Start the kernel's own mark of the peak anew in other
            processes than this one, too.

        subreaper: Become the parent of orphans during the block, so that a
            child that leaves the tree stays in it.

        save: A folder for what there was before and after, in case that a
            limit is missed.

    Raises:
        ValueError: If a limit is no size, or there is no such metric.

        TypeError: If an argument is of another kind.
    """
    limits = Limits.checked(
        metric=metric,
        strict=strict,
        limit=limit,
        peak=peak,
        growth=growth,
        swap=swap,
        hugetlb=hugetlb,
    )
    return Budget(
        Options(
            limits=limits,
            target=target,
            tree=tree,
            info=info,
            measure_peak=measure_peak or peak is not None,
            detail=detail,
            reset_others=reset_others,
            subreaper=subreaper,
            save=None if save is None else Path(save),
        )
    )


class Budget:
    """
    Limits, and whom they are for; :func:`~procmem.testing.budget` makes it.

    In a ``with`` statement it gives a :class:`Measurement`.  One budget may
    serve one block after another, but not two at once; as a decorator it
    makes a window of its own for each call.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._window: Window | None = None

    @property
    def limits(self) -> Limits:
        """
        What it allows.
        """
        return self._options.limits

    def __enter__(self) -> Measurement:
        if self._window is not None:
            msg = "this budget is in use: make one for each block"
            raise RuntimeError(msg)
        window = Window(self._options)
        self._window = window
        return window.measurement

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # pytest shows the line of the test and not this one.
        __tracebackhide__ = True
        window, self._window = self._window, None
        if window is None:
            return
        if kind is None:
            window.judge()
        else:
            # What went wrong in the block is what there is to tell.
            window.abandon()

    def __call__(self, function: abc.Callable[_P, _R]) -> abc.Callable[_P, _R]:
        """
        *function* with a window of its own around each call.

        Raises:
            TypeError: If it is a generator or no function.
        """
        from procmem.testing.decorating import around_calls

        options = self._options
        return around_calls(function, lambda: Budget(options))

    def __repr__(self) -> str:
        given = self.limits.given().items()
        sizes = [f"{name} {format_size(value)}" for name, value in given]
        return f"<budget: {self.limits.metric}, {', '.join(sizes) or 'no limits'}>"
