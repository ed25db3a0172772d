"""
Processes whose memory is of a kind that few have, and families of many.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

from tests.live.children.special import Special
from tests.live.processes.children import Area, child

__all__ = [
    "Brood",
    "Crowd",
    "OddFiles",
    "Special",
    "Unusual",
    "brood",
    "crowd",
    "odd_files",
    "special",
]

_KIB = 1 << 10
_MIB = 1 << 20


class Unusual(NamedTuple):
    """
    A process with special memory.

    Attributes:
        pid: Its number.
        child: The one that it forked, or 0.
        area: The special memory.
    """

    pid: int
    child: int
    area: Area


@contextlib.contextmanager
def special(kind: Special, size: int) -> Iterator[Unusual]:
    """
    A process with *size* bytes of a kind of memory.
    """
    with child("special", kind, size) as facts:
        yield Unusual(facts.pid, facts.told["child"], facts.area("address", size))


class OddFiles(NamedTuple):
    """
    A process that maps files with names that are easily mistaken.

    Attributes:
        pid: Its number.
        folder: Where the files are.
        blank: Address of one whose name ends in a blank.
        old: Address of one that was replaced since.
        new: Address of that which replaced it.
    """

    pid: int
    folder: str
    blank: int
    old: int
    new: int


@contextlib.contextmanager
def odd_files() -> Iterator[OddFiles]:
    """
    A process that maps odd files.
    """
    with child("odd_files") as facts:
        yield OddFiles(facts.pid, **facts.told)


class Crowd(NamedTuple):
    """
    A process and its many children, all alike.

    Attributes:
        pid: The parent.
        children: The others.
        held: Memory that all have in common, but for what each has rewritten.
        rewritten: The part of it that each child has of its own.
        copied: A private mapping of a file, all in memory, whose first half was
            written to before all children were forked.
    """

    pid: int
    children: tuple[int, ...]
    held: Area
    rewritten: Area
    copied: Area

    @property
    def pids(self) -> tuple[int, ...]:
        """
        All of them.
        """
        return (self.pid, *self.children)


@contextlib.contextmanager
def crowd(
    count: int = 100,
    *,
    held: int = 4 * _MIB,
    rewritten: int = 256 * _KIB,
    file: int = 256 * _KIB,
) -> Iterator[Crowd]:
    """
    A process with *count* children; sizes are bytes, multiples of a page.

    Args:
        count: How many children.
        held: Private memory of the parent.
        rewritten: How much of it each child makes its own.
        file: How much of a mapping twice this size is copied on write.
    """
    with child("crowd", count, held, rewritten, file) as facts:
        area = facts.area("held", held)
        yield Crowd(
            pid=facts.pid,
            children=tuple(facts.told["children"]),
            held=area,
            rewritten=Area(area.start, rewritten),
            copied=facts.area("copied", 2 * file),
        )


class Brood(NamedTuple):
    """
    A process whose children are replaced when they are killed.

    Attributes:
        pid: Their parent.
        pieces: Address and touched bytes of mappings that each of them has.
    """

    pid: int
    pieces: list[tuple[int, int]]


@contextlib.contextmanager
def brood(count: int = 3000, *, linger: bool = False) -> Iterator[Brood]:
    """
    A process with two children to be killed.

    Args:
        count: How many mappings each has.
        linger: Whether one that was killed stays a zombie until the next is.
    """
    with child("brood", count, int(linger)) as facts:
        pieces = [(start, touched) for start, _, touched in facts.told["pieces"]]
        yield Brood(facts.pid, pieces)
