"""
One process read for a group: its identity, and the text of its rollup.

What is usual is kept as text and parsed later, with that of all others
(:mod:`procmem.groups.texts`).  Whatever is not (no address space, an old
kernel, a first thread that has ended) is left to :mod:`procmem.reading`, which
knows all there is to know about it.
"""

from __future__ import annotations

import errno
import re
import time

import attrs

from procmem.errors import ProcessGoneError, ProcmemError, UnsupportedError
from procmem.groups.identity import Identity
from procmem.groups.seats import Seat
from procmem.groups.texts import is_usual
from procmem.model.mapping import Mappings
from procmem.model.usage import Usage
from procmem.reading.listing import read_mappings
from procmem.reading.totals import read_usage
from procmem.sources.base import PinnedProcess

__all__ = ["Taken", "take"]

# The effective one is the second of four.
_UID = re.compile(rb"\nUid:\t[0-9]+\t([0-9]{1,10})\t")

# What does not depend on the process: the reader is short of something.
_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


@attrs.frozen(kw_only=True)
class Taken:
    """
    What was read of one process.

    Attributes:
        identity: Who it is.

        uid: Its effective user, if known.

        rollup: The text of its ``smaps_rollup``, if that is usual.

        usage: What it occupies, if that had to be found out differently.

        mappings: What it maps, if that was asked for.

        error: Why there is neither text nor usage, if so.

        seconds: How long it took.
    """

    identity: Identity
    uid: int | None = None
    rollup: bytes | None = attrs.field(default=None, repr=False)
    usage: Usage | None = None
    mappings: Mappings | None = attrs.field(default=None, hash=False)
    error: ProcmemError | None = attrs.field(default=None, eq=False)
    seconds: float = attrs.field(default=0.0, eq=False)

    @property
    def pid(self) -> int:
        """
        Its number.
        """
        return self.identity.pid

    @property
    def is_gone(self) -> bool:
        """
        Whether it had ended.
        """
        return isinstance(self.error, ProcessGoneError)


def take(seat: Seat, *, with_mappings: bool = False) -> Taken:
    """
    Read one process; what goes wrong is part of the result.
    """
    started = time.perf_counter()
    uid: int | None = None
    rollup: bytes | None = None
    usage: Usage | None = None
    mappings: Mappings | None = None
    error: ProcmemError | None = None
    try:
        with seat.held() as process:
            uid = _uid(process)
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
        uid=uid,
        rollup=rollup,
        usage=usage,
        mappings=mappings,
        error=error,
        seconds=time.perf_counter() - started,
    )


def _uid(process: PinnedProcess) -> int | None:
    try:
        found = _UID.search(process.read("status"))
    except ProcessGoneError:
        raise
    except ProcmemError:
        return None
    return int(found[1]) if found else None


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
