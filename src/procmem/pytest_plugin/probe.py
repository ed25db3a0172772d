"""
The fixtures: a budget that knows the test's name, and a probe that measures
without limits.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from procmem.pytest_plugin.measuring import folder_of

if TYPE_CHECKING:
    from procmem.pytest_plugin.rules import Metric
    from procmem.testing import Budget

__all__ = ["MemoryProbe", "budget_of"]


class _Request(Protocol):
    """
    As much of pytest's as is needed here, typed.
    """

    @property
    def node(self) -> object: ...
    @property
    def config(self) -> pytest.Config: ...


def budget_of(request: _Request) -> functools.partial[Budget]:
    """
    :func:`procmem.testing.budget` for one test.
    """
    from procmem.testing import budget

    name = request.node.nodeid if isinstance(request.node, pytest.Item) else ""
    artifacts: str | None = request.config.getoption("procmem_artifacts")
    save = None
    if artifacts is not None:
        save = Path(artifacts).absolute() / folder_of(name)
    return functools.partial(budget, info=name, save=save)


class MemoryProbe:
    """
    Measures this process and all that descend from it.

    The helper that samples for budgets is not counted.
    """

    def now(self, *, metric: Metric = "footprint", tree: bool = True) -> int:
        """
        What they use now, in bytes.

        Args:
            metric: ``"footprint"``, ``"pss"``, ``"uss"`` or ``"rss"``.

            tree: Whether children count.

        Raises:
            ProcmemError: If one of them can't be read: what is not known is
                not left out.
        """
        from procmem.testing import budget

        with budget(metric=metric, tree=tree, detail=False) as measured:
            pass
        for error in measured.unreadable.values():
            raise error
        return int(measured.after)

    def measure(
        self, *, metric: Metric = "footprint", tree: bool = True, peak: bool = True
    ) -> Budget:
        """
        For a ``with`` statement around what is to be measured: gives a
        :class:`procmem.testing.Measurement`, complete after the block.

        Args:
            metric: As above.

            tree: As above.

            peak: Whether to look for the peak, too.
        """
        from procmem.testing import budget

        return budget(metric=metric, tree=tree, measure_peak=peak)
