"""
What a look at the processes of a machine finds.
"""

from __future__ import annotations

from collections import abc
from typing import NamedTuple

__all__ = ["SIZES", "Empty", "Identity", "Scan", "Seen", "Unreadable"]

SIZES = ("footprint", "pss", "uss", "shared", "rss", "swap", "swap_pss")
"""What is read of each process, by its name in ``Usage``."""

_ADDITIVE = ("footprint", "pss", "swap_pss")


class Identity(NamedTuple):
    """
    Who a process is, as far as it is known.

    Attributes:
        pid: Its number.

        name: Of its program, at most 15 bytes.

        uid: Its effective user.
    """

    pid: int
    name: str | None = None
    uid: int | None = None


class Seen(NamedTuple):
    """
    A process and its sizes in bytes, by the names in :data:`SIZES`; None
    where the system does not tell.
    """

    who: Identity
    sizes: abc.Mapping[str, int | None]


class Unreadable(NamedTuple):
    """
    A process whose memory could not be read, and why.
    """

    who: Identity
    error: Exception


class Empty(NamedTuple):
    """
    A process without memory of its own: a kernel thread or a zombie.
    """

    who: Identity
    is_zombie: bool


class Scan(NamedTuple):
    """
    All processes, each list ordered by pid.

    Attributes:
        seen: Those with sizes.

        unreadable: Those without, that have some.

        empty: Those that have none.

        hides_some: Whether there are processes that this user is not even
            shown.
    """

    seen: list[Seen]
    unreadable: list[Unreadable]
    empty: list[Empty]
    hides_some: bool

    @property
    def complete(self) -> bool:
        """
        Whether sums over :attr:`seen` are sums over all.
        """
        return not self.unreadable and not self.hides_some

    @property
    def totals(self) -> dict[str, int | None]:
        """
        Sums over :attr:`seen` of what can be added up, by name; None where
        it is missing in one.

        Those are the amounts that are divided among the processes.
        """
        return {
            name: _sum(seen.sizes[name] for seen in self.seen) for name in _ADDITIVE
        }


def _sum(sizes: abc.Iterable[int | None]) -> int | None:
    total = 0
    for size in sizes:
        if size is None:
            return None
        total += size
    return total
