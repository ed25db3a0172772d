"""
Read processes that change and end meanwhile, and check every answer.

Each function asks as often as it is told, raises if an answer is wrong or an
error is not one that the process can be the reason for, and counts the rest.
`tests.live.test_races` does it ten thousand times, `tests.test_races_short` a
few hundred times.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import attrs

import procmem
from procmem import accounting
from tests.live.asking import CALLS
from tests.live.control import wait_until
from tests.live.interrupting import after_reads, kill, lives, sleeps, without_rollup
from tests.live.processes import Area, children_of, execer, forker, restless
from tests.live.specials import brood

_KIB = 1 << 10

Race: TypeAlias = Callable[[int], "Tally"]

# At most so many processes share what one of them holds.
_SHARERS = 5

# What is never 0 of a process that lives.
_QUESTIONS = tuple(
    call for name, call in CALLS.items() if name not in {"uss", "shared", "swap"}
)

_GONE = procmem.ProcessGoneError
_CHANGED = procmem.ProcessChangedError


@attrs.define
class Tally:
    """
    What became of many questions.

    Attributes:
        numbers: How many were answered with numbers; all were right.

        nothing: How many with 0, about what has really ended.

        errors: How many with which error.
    """

    numbers: int = 0
    nothing: int = 0
    errors: Counter[str] = attrs.field(factory=Counter)

    @property
    def asked(self) -> int:
        """
        All of them.
        """
        return self.numbers + self.nothing + self.errors.total()

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.numbers + other.numbers,
            self.nothing + other.nothing,
            self.errors + other.errors,
        )


def check(answer: object, pid: int, held: Area | int) -> bool:
    """
    Whether the answer is a number rather than nothing.

    Args:
        answer: Of one of the questions.

        pid: Who was asked about.

        held: The memory that it has had all the time: a mapping of its own, or
            that many bytes of anonymous memory somewhere.

    Raises:
        AssertionError: If the answer is neither right nor nothing, or nothing
            without a reason.
    """
    size = held.size if isinstance(held, Area) else held
    match answer:
        case procmem.Snapshot():
            parts = (answer.status, answer.usage, answer.mappings)
            # The process may have ended between two of them; all are checked.
            numbers = [check(part, pid, held) for part in parts]
            return all(numbers)
        case procmem.Status():
            if answer.has_address_space:
                assert answer.vm_size is not None
                assert answer.vm_hwm is not None
                assert answer.vm_size >= size
                return True
        case procmem.Usage() if answer.rss:
            assert answer.anonymous is not None
            assert answer.rss >= answer.anonymous >= size
            assert answer.rss == answer.uss + answer.shared
            assert answer.uss <= answer.pss <= answer.rss
            assert answer.footprint <= answer.pss
            return True
        case procmem.Mappings() if answer:
            check_listing(answer, held)
            return True
        case int() if answer > 0:
            # Even if it is only a share of it.
            assert answer >= size // _SHARERS - 3 * _KIB
            return True
        case _:
            pass
    # On its way to its end a process gives its memory up first.
    wait_until(lambda: not lives(pid), seconds=5, what=f"end of {pid}: {answer!r}")
    if isinstance(answer, (procmem.Usage, procmem.Mappings)):
        assert answer.evidence.notes
    return False


def check_listing(mappings: procmem.Mappings, held: Area | int) -> None:
    """
    It is in order, and what is held is in it as a whole.
    """
    for before, after in itertools.pairwise(mappings):
        assert before.end <= after.start
    total = accounting.total(mappings)
    assert total.rss == total.uss + total.shared
    if isinstance(held, Area):
        found = mappings.at(held.start)
        assert found is not None
        assert found.usage is not None
        assert (held.start, held.end, held.size) == (
            *(found.start, found.end),
            found.usage.rss,
        )
    else:
        assert total.anonymous is not None
        assert total.anonymous >= held


def ask(
    tally: Tally,
    process: procmem.PinnedProcess,
    held: Area | int,
    allowed: type[procmem.ProcmemError] | tuple[()],
) -> bool:
    """
    One question, the next each time; whether the process lives on.
    """
    question = _QUESTIONS[tally.asked % len(_QUESTIONS)]
    try:
        answer = question(process)
    except allowed as exc:
        tally.errors[type(exc).__name__] += 1
        return not isinstance(exc, _GONE)
    if check(answer, process.pid, held):
        tally.numbers += 1
        return True
    tally.nothing += 1
    return False


def busy(reads: int) -> Tally:
    """
    A process that maps and unmaps, and one that forks: there is no error.
    """
    tally = Tally()
    for program in (restless, forker):
        with program() as it, procmem.pinned(it.pid) as process:
            half = reads // 2 if program is restless else reads
            while tally.asked < half:
                ask(tally, process, it.held, ())
    return tally


def execing(reads: int) -> Tally:
    """
    A process that becomes another program many hundred times a second.
    """
    tally = Tally()
    with execer() as it, procmem.pinned(it.pid) as process:
        while tally.asked < reads:
            ask(tally, process, it.held, _CHANGED)
        assert it.execs() > 1
    return tally


def dying(reads: int) -> Tally:
    """
    Processes that live for some milliseconds.
    """
    tally = Tally()
    with forker() as it:
        while tally.asked < reads:
            for pid in children_of(it.pid):
                try:
                    process = procmem.pinned(pid)
                except _GONE:
                    continue
                with process:
                    # Twice nothing, and it is a zombie for good.
                    while tally.asked < reads and ask(tally, process, it.held, _GONE):
                        pass
    return tally


def killed(reads: int, *, count: int = 3000, seed: int = 0) -> Tally:
    """
    Processes with thousands of mappings that are killed in the middle of a
    listing: it is whole, or it is none; so is what is added up of it.
    """
    tally = Tally()
    choose = random.Random(seed)
    for linger in (True, False):
        with brood(count, linger=linger) as it:
            while tally.asked < reads // (2 if linger else 1):
                # One that still runs would change.
                waiting = [pid for pid in children_of(it.pid) if sleeps(pid)]
                if not waiting:
                    continue
                pid = choose.choice(waiting)
                with procmem.pinned(pid) as process:
                    # A listing takes about one read for five mappings; half of
                    # them are over before.
                    after = choose.randint(1, count * 2 // 5)
                    question = (_listing_of, _sum_of)[tally.asked % 2]
                    tally += _killed_after(after, process, partial(question, it.pieces))
    return tally


def _killed_after(
    reads: int,
    process: procmem.PinnedProcess,
    question: Callable[[procmem.PinnedProcess], bool],
) -> Tally:
    """
    Ask a process that is killed after some reads of its files.
    """
    try:
        with after_reads(reads, lambda: kill(process.pid)):
            number = question(process)
    except _GONE as exc:
        return Tally(errors=Counter([type(exc).__name__]))
    finally:
        if lives(process.pid):
            kill(process.pid)
    return Tally(numbers=1) if number else Tally(nothing=1)


def _listing_of(pieces: list[tuple[int, int]], process: procmem.PinnedProcess) -> bool:
    """
    Whether the mappings are all there and right, rather than none.
    """
    mappings = procmem.mappings(process)
    if not mappings:
        assert mappings.evidence.notes
        return False
    found = {mapping.start: mapping.usage for mapping in mappings}
    for start, touched in pieces:
        usage = found[start]
        assert usage is not None
        assert touched == usage.rss
    return True


def _sum_of(pieces: list[tuple[int, int]], process: procmem.PinnedProcess) -> bool:
    """
    Whether the sum of the mappings is right, rather than nothing.
    """
    exact = Path(f"/proc/{process.pid}/smaps_rollup").read_bytes()
    with without_rollup():
        usage = procmem.usage(process)
    assert usage.evidence.notes
    if usage.rss:
        assert usage.rss == 1024 * int(exact.split()[7])
        assert usage.rss > sum(touched for _, touched in pieces)
        return True
    return False
