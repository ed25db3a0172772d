"""
Memory limits as assertions of :mod:`unittest`.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING, overload

from procmem.testing.budgets import Budget, budget

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from procmem.testing.growth_options import CaseOptions, OtherOptions
    from procmem.testing.growth_report import GrowthReport
    from procmem.testing.limits import Amount, Metric
    from procmem.testing.scope import Target

__all__ = ["MemoryAssertions"]


class MemoryAssertions:
    """
    Assertions on memory, to be inherited from beside
    :class:`unittest.TestCase`.

    ::

        class TestImport(MemoryAssertions, unittest.TestCase):
            def test_memory(self):
                with self.assertMemoryBelow("200 MiB"):
                    import_everything()

    What fails is a failure, not an error.
    """

    def assertMemoryBelow(  # noqa: N802 (as its neighbours in unittest)
        self,
        limit: Amount | None = None,
        *,
        peak: Amount | None = None,
        growth: Amount | None = None,
        swap: Amount | None = None,
        hugetlb: Amount | None = None,
        metric: Metric = "footprint",
        target: Target = None,
        tree: bool = True,
        strict: bool = False,
        subreaper: bool = False,
        msg: str | None = None,
    ) -> Budget:
        """
        A ``with`` block whose memory must keep to some limits: see
        :func:`~procmem.testing.budget`, whose arguments these are.

        Args:
            limit: For the memory at the end of the block.

            peak: For the most during the block.

            growth: For the memory at the end less that at the beginning.

            swap: For what is swapped out at the end.

            hugetlb: For pages of hugetlbfs at the end.

            metric: What is counted.

            target: Of whom; None means this process.

            tree: Whether all that descend from the target count, too.

            strict: Whether to judge by the upper bound where a figure is only
                bounded.

            subreaper: Whether to keep orphans in sight.

            msg: What to say first in case of a failure; without it, which
                test it is.

        Raises:
            ValueError: If a limit is no size.
        """
        return budget(
            limit,
            metric=metric,
            peak=peak,
            growth=growth,
            swap=swap,
            hugetlb=hugetlb,
            target=target,
            tree=tree,
            strict=strict,
            subreaper=subreaper,
            info=_name(self) if msg is None else msg,
        )

    @overload
    def assertMemoryGrowthBelow(
        self,
        limit: Amount,
        func: None = None,
        *,
        metric: Metric = "footprint",
        target: Target = None,
        tree: bool = True,
        msg: str | None = None,
    ) -> Budget: ...

    @overload
    def assertMemoryGrowthBelow(
        self,
        limit: Amount,
        func: abc.Callable[[], object],
        *,
        msg: str | None = None,
        **options: Unpack[CaseOptions],
    ) -> GrowthReport: ...

    def assertMemoryGrowthBelow(  # noqa: N802 (as its neighbours in unittest)
        self,
        limit: Amount,
        func: abc.Callable[[], object] | None = None,
        *,
        metric: Metric = "footprint",
        target: Target = None,
        tree: bool = True,
        msg: str | None = None,
        **options: Unpack[OtherOptions],
    ) -> Budget | GrowthReport:
        """
        A ``with`` block whose memory may grow by *limit*; or, if there is a
        function, each call of it may leave *limit* behind on average.

        ::

            with self.assertMemoryGrowthBelow("5 MiB"):
                handle(request)

            self.assertMemoryGrowthBelow("1 KiB", lambda: handle(request))

        Args:
            limit: How much more memory there may be: after the block than
                before it, or after each call than before it.

            func: What to call many times: see
                :func:`~procmem.testing.assert_no_growth`.

            metric: What is counted.

            target: Of whom; None means this process.  For blocks only.

            tree: Whether all that descend from the target count, too.  For
                blocks only: functions are measured in this process alone.

            msg: What to say first in case of a failure; without it, which
                test it is.

            **options: For functions only: see
                :class:`~procmem.testing.GrowthOptions`.

        Returns:
            What to use in a ``with`` statement, or with a function what was
            measured.

        Raises:
            MemoryGrowthDetected: If the function leaves more behind.

            ValueError: If the limit is no size.

            TypeError: If options are given that do not apply.
        """
        info = _name(self) if msg is None else msg
        if func is None:
            if options:
                names = ", ".join(options)
                wrong = f"{names}: only with a function to call"
                raise TypeError(wrong)
            return budget(
                growth=limit, metric=metric, target=target, tree=tree, info=info
            )
        if target is not None or not tree:
            wrong = "target, tree: only for a with block"
            raise TypeError(wrong)
        from procmem.testing.growth import assert_no_growth

        return assert_no_growth(
            func, per_call=limit, metric=metric, info=info, **options
        )

    async def assertMemoryGrowthBelowAsync(  # noqa: N802 (as its neighbours)
        self,
        limit: Amount,
        func: abc.Callable[[], abc.Awaitable[object]],
        *,
        msg: str | None = None,
        **options: Unpack[CaseOptions],
    ) -> GrowthReport:
        """
        The same for a function that is awaited, inside an event loop: in
        :class:`unittest.IsolatedAsyncioTestCase`.
        """
        from procmem.testing.growth import assert_no_growth_async

        info = _name(self) if msg is None else msg
        return await assert_no_growth_async(func, per_call=limit, info=info, **options)


def _name(case: object) -> str:
    """
    Which test it is.
    """
    identify = getattr(case, "id", None)
    return str(identify()) if callable(identify) else ""
