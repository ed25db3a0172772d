"""
One look at some processes: what the kernel printed, kept as it is.

Nothing is taken apart until somebody asks.  At the end of a block that is
what its limits need, a line or three of each text; the rest waits for a
failure, or for a reader who wants to know.
"""

from __future__ import annotations

import time
from collections import abc
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import attrs

from procmem.errors import ProcessGoneError, ProcmemError, UnsupportedError
from procmem.sources.base import PinnedProcess
from procmem.testing.texts import Text

if TYPE_CHECKING:
    from procmem.groups.seats import Seat
    from procmem.testing.scope import Scope

__all__ = ["Reading", "read_all", "read_text"]

# Reading smaps takes as long as reading the rollup, and some microseconds
# more for each mapping: about 10 ms for this many bytes.
_DETAILED_UP_TO = 1 << 30

# Of less, the kernel is done before a helper thread has begun.
_WORTH_HELP = 32 << 20

_Result = TypeVar("_Result")


@attrs.frozen(kw_only=True, repr=False)
class Reading:
    """
    What the kernel printed about some processes, one after the other.

    Attributes:
        texts: Those that were read.

        unreadable: Those that could not be read, with the reason.

        copies: Pids whose address space is that of another one here, which
            stands for it: they count nothing.

        taken: When reading began, in seconds since the epoch.

        seconds: How long reading took.
    """

    texts: tuple[Text, ...]
    unreadable: abc.Mapping[int, ProcmemError]
    copies: abc.Mapping[int, int]
    taken: float
    seconds: float

    @property
    def counted(self) -> list[Text]:
        """
        Those that count: each address space once.
        """
        return [text for text in self.texts if text.pid not in self.copies]

    @property
    def pids(self) -> tuple[int, ...]:
        """
        Those that have memory: zombies have not.
        """
        return tuple(text.pid for text in self.texts if text.totals)

    def __repr__(self) -> str:
        return f"<what was read of {len(self.texts)} processes>"


def read_all(
    scope: Scope,
    *,
    detail: bool,
    at_end: bool,
) -> Reading:
    """
    Read all processes of a scope; those that have ended meanwhile are left
    out.

    Args:
        scope: Whom to read.

        detail: Whether to read the mappings of those that are not too large.

        at_end: Whether a block ends here and does not begin.  What reading
            takes itself should be in neither figure or in both, so the texts
            that are kept are read before the totals at the start, and after
            them at the end.
    """
    taken, started = time.time(), time.perf_counter()
    seats = scope.look()
    listings: dict[int, bytes] = {}
    if detail and not at_end:
        listings = _listings(seats)
    outcomes = _of_each(seats, _text)
    unreadable = dict(scope.refused)
    texts: list[Text] = []
    for outcome in outcomes:
        if isinstance(outcome, Text):
            texts.append(outcome)
        elif not isinstance(outcome[1], ProcessGoneError):
            unreadable[outcome[0]] = outcome[1]
    copies = scope.copies(texts)
    if detail and at_end:
        listings = _listings(seats)
    if listings:
        texts = [text.with_smaps(listings.get(text.pid)) for text in texts]
    return Reading(
        texts=tuple(texts),
        unreadable=unreadable,
        copies=copies,
        taken=taken,
        seconds=time.perf_counter() - started,
    )


def _of_each(
    seats: abc.Sequence[Seat], work: abc.Callable[[Seat], _Result]
) -> list[_Result]:
    """
    What *work* gives for each, by several threads where that helps.
    """
    if sum(map(_is_large, seats)) < 2:
        return [work(seat) for seat in seats]
    from procmem.groups.crew import Crew
    from procmem.groups.deadline import Deadline

    # The largest first: whoever is done early helps with the small.
    order = sorted(seats, key=lambda seat: -seat.identity.resident)
    return Crew(order, work, is_large=_is_large).run(Deadline())


def _is_large(seat: Seat) -> bool:
    return seat.identity.resident >= _WORTH_HELP


def _text(seat: Seat) -> Text | tuple[int, ProcmemError]:
    try:
        with seat.held() as process:
            return read_text(process)
    except ProcmemError as exc:
        return seat.pid, exc


def read_text(process: PinnedProcess) -> Text:
    """
    Read one process without its mappings.

    Raises:
        ProcessGoneError: If it is gone.

        AccessDeniedError: If the kernel refuses.

        UnsupportedError: If it offers neither file.
    """
    file, totals = "smaps_rollup", b""
    try:
        totals = process.read(file)
    except UnsupportedError:
        file, totals = "smaps", b""
    if not totals:
        # Only now is it worth the time to load what knows why.
        from procmem.reading.lifecycle import first_sound

        totals = first_sound(process, file, partial(_content, file)) or b""
    return Text(
        pid=process.pid,
        stat=process.read("stat"),
        status=process.read("status"),
        totals=totals,
        file=file,
        smaps=None,
    )


def _content(file: str, process: PinnedProcess, prefix: str) -> bytes | None:
    return process.read(prefix + file) or None


def _listings(seats: abc.Sequence[Seat]) -> dict[int, bytes]:
    """
    The mappings by pid, of those where reading them does not take long.
    """
    few = [seat for seat in seats if seat.identity.resident <= _DETAILED_UP_TO]
    return {pid: text for pid, text in _of_each(few, _listing) if text}


def _listing(seat: Seat) -> tuple[int, bytes]:
    try:
        with seat.held() as process:
            return seat.pid, process.read("smaps")
    except ProcmemError:
        # Whatever it is, reading the totals meets it too.
        return seat.pid, b""
