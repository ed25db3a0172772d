"""
Whether a measurement is within its limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from procmem.errors import UnsupportedError

if TYPE_CHECKING:
    from procmem.testing.limits import LimitName, Limits
    from procmem.testing.measurement import Measurement

__all__ = ["Missed", "missed"]


@attrs.frozen(kw_only=True)
class Missed:
    """
    A limit and the figure that is above it, both in bytes.

    Attributes:
        what: Which limit: ``"limit"``, ``"peak"``, ``"growth"``, ``"swap"``
            or ``"hugetlb"``.

        value: The figure.

        limit: The limit.

        at_most: Whether the figure is an upper bound, as ``strict`` judges.
    """

    what: LimitName
    value: int
    limit: int
    at_most: bool = False

    @property
    def excess(self) -> int:
        """
        By how many bytes.
        """
        return self.value - self.limit


def missed(measurement: Measurement, limits: Limits) -> tuple[Missed, ...]:
    """
    The limits that are not kept, the worst first.

    Raises:
        UnsupportedError: If a figure that is limited cannot be known here.

        ProcmemError: If a process could not be read, and what was read of
            the others is within the limits.
    """
    found: list[Missed] = []
    for what, limit in limits.given().items():
        lower, upper = bounds_of(measurement, what)
        value = lower
        if limits.strict and lower <= limit:
            if upper is None:
                raise UnsupportedError(
                    f"an upper bound of the {what}", "a sampler that saw everything"
                )
            value = upper
        if value > limit:
            at_most = limits.strict and lower <= limit
            found.append(Missed(what=what, value=value, limit=limit, at_most=at_most))
    if not found and limits.given():
        _refuse_gaps(measurement, limits)
    # By share and not by bytes: twice a small limit is worse than a little
    # more than a large one.
    return tuple(sorted(found, key=_severity, reverse=True))


def _severity(one: Missed) -> float:
    return one.value / one.limit if one.limit else float("inf")


def bounds_of(measurement: Measurement, what: LimitName) -> tuple[int, int | None]:
    """
    What a limit is compared with: the figure, and what it may be at most;
    None if that is not known.

    Raises:
        UnsupportedError: If it cannot be known here.
    """
    match what:
        case "limit":
            return measurement.lower, measurement.upper
        case "growth":
            return measurement.growth, measurement.growth_upper
        case "swap":
            return _known(measurement.swap, "SwapPss"), _known(
                measurement.swap_upper, "SwapPss"
            )
        case "hugetlb":
            return _known(measurement.hugetlb, "Private_Hugetlb"), _known(
                measurement.hugetlb_upper, "Private_Hugetlb"
            )
        case _:
            best = _known(measurement.peak, measurement.metric)
            upper, unobserved = measurement.peak_upper, measurement.unobserved
            if upper is None or unobserved is None:
                return best, None
            # A child that nobody saw may have been there at the worst moment.
            return best, max(best, upper + unobserved)


def _known(value: int | None, name: str) -> int:
    if value is None:
        raise UnsupportedError(f"smaps_rollup: {name}", "a kernel that prints it")
    return value


def _refuse_gaps(measurement: Measurement, limits: Limits) -> None:
    """
    What could not be read may be above any limit: never pass silently.
    """
    gaps = dict(measurement.unreadable)
    if limits.growth is not None:
        gaps = {**measurement.unreadable_before, **gaps}
    for pid, error in gaps.items():
        error.add_note(
            f"The budget cannot be judged without process {pid}; what could be "
            "read is within its limits. With tree=False children do not count."
        )
        raise error
