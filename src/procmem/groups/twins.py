"""
Members that have one address space.

A process that was started by ``vfork``, or by ``clone`` with ``CLONE_VM`` and
not as a thread, has the memory of another and shows all of it as its own.
Counted for each, it would count twice, though the kernel maps it once.

Whoever has one address space was not given another by ``execve``, so where
code and stack lie is the same.  That of processes that were forked and run no
other program is the same, too; of those the kernel is asked.

Where it does not tell (no ``kcmp``), what is found is a matter of reasoning.
Two forked processes share pages: at least some of those that neither has
written to since.  Such a page is mapped twice.  So if two have the same
layout, the same mappings and the same counters, and no page of theirs without
a file is mapped more than once, they are taken for one; else for two.
"""

from __future__ import annotations

from collections import abc
from contextlib import suppress

from procmem.errors import ProcessGoneError, ProcmemError
from procmem.formats.picking import picked
from procmem.groups.identity import Layout
from procmem.groups.seats import Seat
from procmem.sources.base import PinnedProcess
from procmem.sources.spaces import Spaces, spaces_of

__all__ = ["UNTOLD", "Twins", "copies"]

UNTOLD = (
    "Whether forked processes have one address space could not be found out "
    "with certainty: that takes kcmp(2)."
)


class Twins:
    """
    Finds out which members have one address space, and remembers who has not:
    those who have two will never have one.

    Attributes:
        untold: Of whom it could not be found out the last time, with all that
            they may have one with.
    """

    __slots__ = ("_apart", "untold")

    untold: list[list[Seat]]

    def __init__(self) -> None:
        self._apart: dict[Layout, frozenset[tuple[int, int]]] = {}
        self.untold = []

    def find(self, seats: abc.Iterable[Seat]) -> list[list[int]]:
        """
        The pids of those that have one address space, a list for each space
        that several have, the oldest process first.
        """
        self.untold = []
        families: dict[Layout, list[Seat]] = {}
        for seat in seats:
            if seat.identity.layout is not None:
                families.setdefault(seat.identity.layout, []).append(seat)
        shared: list[list[int]] = []
        for layout, family in families.items():
            if len(family) > 1:
                shared += self._of_family(layout, family)
        return shared

    def _of_family(self, layout: Layout, family: list[Seat]) -> list[list[int]]:
        ids = frozenset((seat.pid, seat.identity.start_time) for seat in family)
        if ids <= self._apart.get(layout, frozenset()):
            return []
        family.sort(key=lambda seat: (seat.identity.start_time, seat.pid))
        spaces, unknown = _asked(family)
        shared = [space for space in spaces if len(space) > 1]
        if unknown:
            self.untold.append(family)
        elif not shared:
            self._apart[layout] = ids
        return shared


def _asked(family: abc.Iterable[Seat]) -> Spaces:
    processes: list[PinnedProcess] = []
    for seat in family:
        if seat.process is not None:
            processes.append(seat.process)
            continue
        # Whoever has ended meanwhile is found to be gone later.  Those that
        # are not held are let go at once: to the kernel only their numbers
        # matter, and of a hundred not all could be held.
        with suppress(ProcessGoneError), seat.held() as process:
            processes.append(process)
    return spaces_of(processes)


def _look_like_one(
    family: abc.Iterable[Seat], texts: abc.Mapping[int, bytes]
) -> list[list[int]]:
    """
    Those of a family that hardly can be anything but one address space.

    Args:
        family: Of whom it could not be found out, the oldest first.

        texts: What ``smaps_rollup`` of each said.

    Returns:
        As :meth:`Twins.find`.
    """
    alike: dict[tuple[bytes, bytes], list[int]] = {}
    for seat in family:
        text = texts.get(seat.pid)
        if text is None or not _shares_nothing(text):
            continue
        with suppress(ProcmemError), seat.held() as process:
            alike.setdefault((text, process.read("maps")), []).append(seat.pid)
    return [pids for pids in alike.values() if len(pids) > 1]


def _shares_nothing(rollup: bytes) -> bool:
    """
    Whether there are pages without a file, and all are mapped once.
    """
    anonymous, share = picked(rollup, [b"Anonymous"]), picked(rollup, [b"Pss_Anon"])
    return bool(anonymous) and anonymous == share


def _end_of_space(rollup: bytes) -> bytes:
    """
    The last address in use, as the header of a rollup has it.

    It is that of the stack or next to it, and in another place after every
    ``execve``.
    """
    return rollup[: rollup.find(b" ")].rpartition(b"-")[2]


def copies(
    texts: abc.Mapping[int, bytes | None],
    spaces: abc.Iterable[abc.Iterable[int]],
    untold: abc.Iterable[abc.Sequence[Seat]],
) -> dict[int, int]:
    """
    For each process that has the address space of another, which.

    Args:
        texts: What ``smaps_rollup`` of each that was read said; None where
            that was unusual.

        spaces: What :meth:`Twins.find` gave before they were read.

        untold: :attr:`Twins.untold`.
    """
    found: dict[int, int] = {}
    for space in spaces:
        # Whoever has become another program since has an address space of
        # its own, which ends elsewhere.
        firsts: dict[bytes, int] = {}
        for pid in space:
            if pid in texts:
                first = firsts.setdefault(_end_of_space(texts[pid] or b""), pid)
                if first != pid:
                    found[pid] = first
    known = {pid: text for pid, text in texts.items() if text is not None}
    for family in untold:
        for first, *others in _look_like_one(family, known):
            found.update(dict.fromkeys(others, first))
    return found
