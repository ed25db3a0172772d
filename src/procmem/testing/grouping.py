"""
A reading as a group: what can be compared, saved and shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from procmem.evidence import Evidence
from procmem.groups.group import Group
from procmem.groups.member import Member

if TYPE_CHECKING:
    from procmem.testing.reading import Reading
    from procmem.testing.texts import Text

__all__ = ["as_group"]


def as_group(reading: Reading) -> Group:
    """
    The processes of a reading, all texts taken apart.
    """
    return Group(
        members=tuple(
            _member(text, reading.copies.get(text.pid))
            for text in sorted(reading.texts, key=lambda text: text.pid)
        ),
        unreadable=reading.unreadable,
        taken=reading.taken,
        evidence=Evidence(
            method="kernel",
            files=("smaps_rollup", "smaps", "stat", "status"),
            seconds=reading.seconds,
        ),
    )


def _member(text: Text, same_memory_as: int | None) -> Member:
    from procmem.formats.status import parse_status

    uids = parse_status(text.status).uid if text.status else None
    return Member(
        pid=text.pid,
        start_time=text.start_time,
        name=text.name,
        uid=None if uids is None else uids[1],
        parent=text.parent,
        usage=text.usage(),
        mappings=text.mappings(),
        same_memory_as=same_memory_as,
    )
