"""
The figures that a person gets to see, what each means in a few words, and
the one sentence that comes before them.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING, NamedTuple

from procmem.sizes import format_size

if TYPE_CHECKING:
    from procmem.model.status import Status
    from procmem.model.usage import Usage

__all__ = [
    "FIGURES",
    "PEAK",
    "Figure",
    "amount_of",
    "readable",
    "sentence",
    "weight",
    "without_memory",
]


class Figure(NamedTuple):
    """
    One line of the short table.

    Attributes:
        label: What a person calls it.

        name: What :meth:`procmem.Usage.get` calls it.

        meaning: What it says, in a few words.
    """

    label: str
    name: str
    meaning: str


FIGURES = (
    Figure("resident", "rss", "in memory, shared pages in full (RSS)"),
    Figure("proportional", "pss", "in memory, shared pages divided (PSS)"),
    Figure("private", "uss", "pages that are mapped only once (USS)"),
    Figure("shared", "shared", "pages mapped more than once, in full"),
    Figure("swapped", "swap", "moved out to swap, shared pages in full"),
    Figure("footprint", "footprint", "share of memory without a file, and of swap"),
)

_HUGE = ("shared_hugetlb", "private_hugetlb")

PEAK = Figure("peak", "peak_rss", "the most that was ever resident (VmHWM)")


def readable(size: int) -> str:
    """
    A size for people: one digit after the point.
    """
    return format_size(size, decimals=1)


def weight(usage: Usage | None) -> int:
    """
    What to sort by for the largest first: share of memory, and swap.
    """
    if usage is None:
        return 0
    present = amount_of(usage, "pss")
    if present is None:
        present = amount_of(usage, "rss")
    return (present or 0) + (amount_of(usage, "swap") or 0)


def sentence(
    usage: Usage,
    subject: str | None = None,
    size: abc.Callable[[int], str] = readable,
) -> str:
    """
    How much memory, how much of it private, how much shared and divided, and
    how much swapped, in plain words.

    Args:
        usage: The amounts.  What is missing is said to be unknown.

        subject: Whose they are; None if that is plain from what is around.

        size: How to write an amount.
    """
    pss, uss = amount_of(usage, "pss"), amount_of(usage, "uss")
    shared, swap = amount_of(usage, "shared"), amount_of(usage, "swap")
    huge = [
        amount_of(usage, f"{which}_hugetlb") or 0 for which in ("shared", "private")
    ]
    if (pss, uss, shared, swap, sum(huge)) == (0, 0, 0, 0, 0):
        return f"{subject} uses no memory." if subject else "No memory is in use."
    if pss is None:
        text = _without_share(amount_of(usage, "rss"), subject, size)
    else:
        text = f"{subject} uses {size(pss)}" if subject else f"{size(pss)} are in use"
        text += _parts(pss, uss, shared, size)
    if swap is None:
        text += "; how much is swapped out is not known."
    elif swap:
        text += f"; {size(swap)} are swapped out."
    else:
        text += "; nothing is swapped out."
    if any(huge):
        text += f" On top come {size(sum(huge))} in huge pages of hugetlbfs."
    return text


def without_memory(status: Status, subject: str) -> str:
    """
    The sentence for what has no address space.
    """
    kind = "a zombie" if status.state in {"Z", "X"} else "a kernel thread"
    return f"{subject} has no memory of its own: it is {kind}."


def _parts(
    pss: int, uss: int | None, shared: int | None, size: abc.Callable[[int], str]
) -> str:
    if uss is None or shared is None:
        return " (how much of it is private is not known)"
    if not shared:
        return ", all of it private" if pss else ""
    # Where the kernel keeps only averages, a page of a large folio may count
    # as private and be divided all the same: then the parts exceed the sum.
    share = max(0, pss - uss)
    return (
        f": {size(uss)} private, and {size(share)} as its share of "
        f"{size(shared)} that are shared"
    )


def amount_of(usage: Usage, name: str) -> int | None:
    """
    A figure of *usage* in bytes, or None if it is missing.
    """
    value = usage.get(name)
    return value if isinstance(value, int) else None


def _without_share(
    rss: int | None, subject: str | None, size: abc.Callable[[int], str]
) -> str:
    if rss is None:
        return f"How much memory {subject or 'this'} uses is not known"
    has = f"{subject} has {size(rss)}" if subject else size(rss)
    return f"{has} in memory, shared pages in full; its share is not known"
