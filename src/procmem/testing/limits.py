"""
What a budget allows: checked when it is written down, not when it is met.
"""

from __future__ import annotations

from typing import Literal, Self, get_args

import attrs

from procmem.sizes import parse_size

__all__ = ["LIMITS", "Amount", "LimitName", "Limits", "Metric"]

Metric = Literal["footprint", "pss", "uss", "rss"]
"""What of a process is counted."""

LimitName = Literal["limit", "peak", "growth", "swap", "hugetlb"]
"""What can be limited."""

Amount = int | str
"""A size: bytes as an integer, or a number and a unit as text."""

LIMITS: tuple[LimitName, ...] = get_args(LimitName)
_METRICS: tuple[Metric, ...] = get_args(Metric)


@attrs.frozen(kw_only=True)
class Limits:
    """
    The limits of a budget, in bytes; None where there is none.

    All are inclusive: a figure that equals its limit is within it.

    Attributes:
        metric: What is counted.

        limit: For the figure at the end of the block.

        peak: For the largest figure during the block.

        growth: For the figure at the end less that at the start.

        swap: For swap PSS at the end.

        hugetlb: For pages of hugetlbfs at the end.

        strict: Whether upper bounds are judged where a figure is only
            bounded.
    """

    metric: Metric = "footprint"
    limit: int | None = None
    peak: int | None = None
    growth: int | None = None
    swap: int | None = None
    hugetlb: int | None = None
    strict: bool = False

    @classmethod
    def checked(
        cls,
        *,
        metric: str = "footprint",
        strict: bool = False,
        **amounts: Amount | None,
    ) -> Self:
        """
        Limits from what a person wrote.

        Args:
            metric: What is counted.

            strict: Whether upper bounds are judged.

            **amounts: The limits by name.

        Raises:
            ValueError: If there is no such metric, or a limit is no size or
                negative; the message says which limit.

            TypeError: If a limit is neither an integer nor text, or there is
                no limit of that name.
        """
        if metric not in _METRICS:
            msg = f"no such metric: {metric!r}; there are {', '.join(_METRICS)}"
            raise ValueError(msg)
        sizes = {name: _size(name, amount) for name, amount in amounts.items()}
        return cls(metric=metric, strict=strict, **sizes)

    def given(self) -> dict[LimitName, int]:
        """
        The limits that there are, by name.
        """
        values: dict[LimitName, int | None] = {
            "limit": self.limit,
            "peak": self.peak,
            "growth": self.growth,
            "swap": self.swap,
            "hugetlb": self.hugetlb,
        }
        return {name: value for name, value in values.items() if value is not None}


def _size(name: str, amount: Amount | None) -> int | None:
    if amount is None:
        return None
    try:
        return parse_size(amount)
    except (TypeError, ValueError) as exc:
        msg = f"{name}={amount!r}: {exc}"
        raise type(exc)(msg) from None
