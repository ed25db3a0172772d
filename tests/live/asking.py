"""
Ask everything that procmem can be asked about a process.
"""

from __future__ import annotations

from collections.abc import Callable

import procmem
from tests.live.processes import Area

_PATIENCE = 200

TOTALS: dict[str, Callable[..., int]] = {
    "rss": procmem.rss,
    "pss": procmem.pss,
    "uss": procmem.uss,
    "shared": procmem.shared,
    "swap": procmem.swap,
    "footprint": procmem.footprint,
    "peak_rss": procmem.peak_rss,
}

CALLS: dict[str, Callable[..., object]] = {
    **TOTALS,
    "usage": procmem.usage,
    "mappings": procmem.mappings,
    "status": procmem.status,
    "snapshot": procmem.snapshot,
}
"""Every public function that takes a process."""


def load() -> None:
    """
    Import all of procmem.

    Much of it is imported when it is used, which a user who may not read its
    files can't do.
    """
    for name in procmem.__all__:
        getattr(procmem, name)
    everything()


def everything(
    pid: int | procmem.PinnedProcess | None = None,
    source: procmem.Source | None = None,
) -> dict[str, object]:
    """
    What each call answers, or the error that it raises.
    """
    answers: dict[str, object] = {}
    for name, call in CALLS.items():
        try:
            answers[name] = call(pid, source=source)
        except procmem.ProcmemError as exc:
            answers[name] = exc
    return answers


def comparable(answers: dict[str, object]) -> dict[str, object]:
    """
    The answers with each error as its type and its attributes, because an error
    is equal to nothing but itself.
    """
    return {
        name: (type(answer), *answer.args)
        if isinstance(answer, procmem.ProcmemError)
        else answer
        for name, answer in answers.items()
    }


def beside(
    pid: int, usual: procmem.Source, other: procmem.Source
) -> tuple[dict[str, object], dict[str, object]]:
    """
    What is answered at the usual place and at another one, about a process that
    is stopped and in a moment when others changed nothing about it either.

    Snapshots are left out: each was taken at another time.
    """

    def ask(source: procmem.Source) -> dict[str, object]:
        answers = comparable(everything(pid, source))
        del answers["snapshot"]
        return answers

    for _ in range(_PATIENCE):
        before, answers = ask(usual), ask(other)
        if before == ask(usual):
            return before, answers
    msg = f"process {pid} never rests"
    raise TimeoutError(msg)


def answered(answers: dict[str, object]) -> bool:
    """
    Whether each call was answered, and not with nothing; with a reason if not.
    """
    for name, answer in answers.items():
        assert not isinstance(answer, procmem.ProcmemError), (name, answer)
        # A program may have no swap, and share nothing.
        assert name in {"swap", "shared", "uss"} or answer != 0, name
    return True


def held(answers: dict[str, object], area: Area) -> bool:
    """
    Whether each call was answered, and knows of memory that a process holds.
    """
    assert answered(answers)
    usage, mappings, status, snapshot = (
        answers[name] for name in ("usage", "mappings", "status", "snapshot")
    )
    assert isinstance(usage, procmem.Usage)
    assert isinstance(mappings, procmem.Mappings)
    assert isinstance(status, procmem.Status)
    assert isinstance(snapshot, procmem.Snapshot)
    assert status.has_address_space
    for one in (mappings, snapshot.mappings):
        found = one.at(area.start)
        assert found is not None
        assert found.usage is not None
        assert area.size == found.usage.rss
    for other in (usage, snapshot.usage):
        assert area.size <= other.rss
    return True


def denied(answers: dict[str, object], pid: int, *, prefix: str = "") -> bool:
    """
    Whether all that looks into the memory was refused, and the rest answered.
    """
    seen = {name: answers[name] for name in ("status", "peak_rss")}
    assert answered(seen)
    refused = comparable({k: v for k, v in answers.items() if k not in seen})
    expected = {
        name: (
            procmem.AccessDeniedError,
            pid,
            f"{prefix}smaps" if name == "mappings" else f"{prefix}smaps_rollup",
        )
        for name in refused
    }
    assert expected == {
        name: answer[:3] if isinstance(answer, tuple) else answer
        for name, answer in refused.items()
    }
    return True


def nothing(answers: dict[str, object]) -> bool:
    """
    Whether each call was answered with 0 or what amounts to it.
    """
    usage, mappings, status, snapshot = (
        answers[name] for name in ("usage", "mappings", "status", "snapshot")
    )
    assert dict.fromkeys(TOTALS, 0) == {name: answers[name] for name in TOTALS}
    assert procmem.Usage.zero() == usage
    assert procmem.Mappings(()) == mappings
    assert isinstance(status, procmem.Status)
    assert not status.has_address_space
    assert isinstance(snapshot, procmem.Snapshot)
    assert (usage, mappings) == (snapshot.usage, snapshot.mappings)
    return True
