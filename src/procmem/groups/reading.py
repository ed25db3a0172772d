"""
One process read for a group: its identity, and the text of its rollup.

What is usual is kept as text, to be parsed when all are read: between two
reads Python finds nothing in the processor's caches.  Whatever is not (no
address space, an old kernel, a first thread that has ended) is left to
:mod:`procmem.reading`, which knows all there is to know about it.
"""

from __future__ import annotations

import errno
import time
from contextlib import suppress

import attrs

from procmem.errors import (
    ParseError,
    ProcessGoneError,
    ProcmemError,
    UnsupportedError,
)
from procmem.groups.identity import Identity
from procmem.groups.seats import Seat
from procmem.groups.texts import is_usual, usage_of
from procmem.model.mapping import Mappings
from procmem.model.usage import Usage
from procmem.reading.listing import read_mappings
from procmem.reading.totals import read_usage
from procmem.sources.base import PinnedProcess

__all__ = ["Taken", "take"]

# What does not depend on the process: the reader is short of something.
_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


@attrs.define(eq=False)
class Taken:
    """
    What was read of one process.

    Attributes:
        identity: Who it is.

        uid: Its effective user, if known.

        rollup: The text of its ``smaps_rollup``, if that is usual.

        usage: What it occupies, if that had to be found out differently, or
            the text was parsed.

        mappings: What it maps, if that was asked for.

        error: Why there is neither text nor usage, if so.

        seconds: How long it took.
    """

    identity: Identity
    uid: int | None = None
    rollup: bytes | None = attrs.field(default=None, repr=False)
    usage: Usage | None = None
    mappings: Mappings | None = None
    error: ProcmemError | None = None
    seconds: float = 0.0

    @property
    def pid(self) -> int:
        """
        Its number.
        """
        return self.identity.pid

    def parse(self) -> None:
        """
        Find out what the text says; one that is malformed is left as it is.
        """
        if self.usage is None and self.rollup is not None:
            try:
                self.usage = usage_of(self.rollup, self.seconds)
            except ParseError:
                return

    @property
    def is_gone(self) -> bool:
        """
        Whether it had ended.
        """
        return isinstance(self.error, ProcessGoneError)


def take(seat: Seat, *, with_mappings: bool = False) -> Taken:
    """
    Read one process; what goes wrong is part of the result.

    Args:
        seat: The process.

        with_mappings: Whether to read what it maps.
    """
    started = time.perf_counter()
    if seat.process is not None and not with_mappings:
        # What is usual, in as few steps as there can be.
        with suppress(ProcmemError, OSError):
            rollup = seat.process.read("smaps_rollup")
            if is_usual(rollup):
                return Taken(
                    seat.identity,
                    seat.uid,
                    rollup,
                    seconds=time.perf_counter() - started,
                )
    return _taken_with_care(seat, started, with_mappings=with_mappings)


def _taken_with_care(seat: Seat, started: float, *, with_mappings: bool) -> Taken:
    rollup: bytes | None = None
    usage: Usage | None = None
    mappings: Mappings | None = None
    error: ProcmemError | None = None
    try:
        with seat.held() as process:
            rollup = _usual_rollup(process)
            if rollup is None:
                usage = read_usage(process)
            if with_mappings or (usage is not None and usage.pss_anon is None):
                # Before Linux 5.4 only the mappings tell the footprint.
                mappings = read_mappings(process)
    except ProcmemError as exc:
        rollup, usage, mappings, error = None, None, None, exc
    except OSError as exc:
        if exc.errno in _OURS:
            raise
        rollup, usage, mappings, error = None, None, None, _odd(exc)
    return Taken(
        identity=seat.identity,
        uid=seat.uid,
        rollup=rollup,
        usage=usage,
        mappings=mappings,
        error=error,
        seconds=time.perf_counter() - started,
    )


def _usual_rollup(process: PinnedProcess) -> bytes | None:
    try:
        data = process.read("smaps_rollup")
    except UnsupportedError:
        return None
    return data if is_usual(data) else None


def _odd(exc: OSError) -> UnsupportedError:
    """
    An error that no kernel is known to give, as one of ours.
    """
    return UnsupportedError(
        str(exc.filename or "smaps_rollup"),
        f"a kernel that does not answer {exc.strerror!r}",
    )
