r"""
What ``--json`` prints: one document, the same shape for one process and for
all of them.

Sizes are bytes, and null where the system does not tell.  Strings can be
encoded as UTF-8: bytes of names that are not are written as ``\xNN``.
"""

from __future__ import annotations

import json
from collections import Counter, abc
from typing import TYPE_CHECKING

from procmem import accounting
from procmem.cli.findings import Identity, Scan, Unreadable
from procmem.cli.people import Users
from procmem.cli.scan import sizes_of
from procmem.model.usage import COUNTERS

if TYPE_CHECKING:
    from procmem.cli.single import Details
    from procmem.model.mapping import Mappings
    from procmem.model.usage import Usage

__all__ = ["SCHEMA", "of_all", "of_some"]

SCHEMA = 1
"""Rises when a key goes or changes its meaning; new ones may come any time."""

_OF_KIND = ("size", "rss", "pss", "uss", "shared", "swap")

_Object = dict[str, object]


def of_all(found: Scan) -> str:
    """
    All processes, with totals.
    """
    users = Users()
    zombies = sum(empty.is_zombie for empty in found.empty)
    return _written(
        [{**_identity(who, users), **sizes} for who, sizes in found.seen],
        [_failure(unreadable, users) for unreadable in found.unreadable],
        without_memory={
            "kernel_threads": len(found.empty) - zombies,
            "zombies": zombies,
        },
        total={**found.totals, "complete": found.complete},
    )


def of_some(outcomes: abc.Iterable[Details | Unreadable]) -> str:
    """
    The processes that were named, with all that is known of them.
    """
    users = Users()
    processes: list[_Object] = []
    unreadable: list[_Object] = []
    for outcome in outcomes:
        if isinstance(outcome, Unreadable):
            unreadable.append(_failure(outcome, users))
        else:
            processes.append(_details(outcome, users))
    return _written(processes, unreadable)


def _written(
    processes: list[_Object], unreadable: list[_Object], **more: _Object
) -> str:
    document = {
        "schema": SCHEMA,
        "processes": processes,
        "unreadable": unreadable,
        **more,
    }
    return json.dumps(document, indent=2) + "\n"


def _identity(who: Identity, users: Users) -> _Object:
    return {
        "pid": who.pid,
        "name": _string(who.name),
        "uid": who.uid,
        "user": _string(users.name(who.uid)),
    }


def _failure(unreadable: Unreadable, users: Users) -> _Object:
    error = unreadable.error
    return {
        **_identity(unreadable.who, users),
        "error": type(error).__name__,
        "message": _string(str(error)),
        "file": _string(getattr(error, "file", None)),
        "needs": _string(getattr(error, "needs", None)),
    }


def _details(details: Details, users: Users) -> _Object:
    usage, evidence = details.usage, details.usage.evidence
    bounds = details.footprint_bounds
    return {
        **_identity(details.who, users),
        **sizes_of(usage),
        "footprint": details.footprint,
        "footprint_bounds": None if bounds is None else list(bounds),
        "peak_rss": _peak(details),
        "has_address_space": details.status.has_address_space,
        "counters": _counters(usage),
        "kinds": _kinds(details.mappings),
        "evidence": {
            "method": evidence.method,
            "files": list(evidence.files),
            "missing": list(evidence.missing),
            "notes": list(evidence.notes),
        },
    }


def _peak(details: Details) -> int | None:
    return details.status.vm_hwm if details.status.has_address_space else 0


def _counters(usage: Usage) -> _Object:
    other = {
        key: _string(value) if isinstance(value, str) else value
        for key, value in usage.other
    }
    return {**sizes_of(usage, COUNTERS), "other": other}


def _kinds(mappings: Mappings) -> _Object:
    counts = Counter(mapping.kind for mapping in mappings)
    return {
        str(kind): {
            "mappings": counts[kind],
            **sizes_of(usage, _OF_KIND),
        }
        for kind, usage in accounting.by_kind(mappings).items()
    }


def _string(text: str | None) -> str | None:
    r"""
    *text* with bytes that are not UTF-8 as ``\xNN``; JSON escapes the rest.
    """
    if text is None:
        return None
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
