"""
Processes that know to the byte what they have in memory.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.live.processes.children import Area, child

_MIB = 1 << 20


class Known(NamedTuple):
    """
    A process, the child that it forked, and what both have in memory.

    All areas are resident as a whole in the parent. The child inherits them
    all, but page tables are copied only for the private one: of the others it
    has nothing in memory, because it never touched them.

    Attributes:
        pid: The parent.

        child: The child.

        private: Anonymous memory, shared with the child by copy-on-write.

        rewritten: The part of it that the child has written to, so that each
            of the two has its own.

        shared: Anonymous memory that both would write to in common.

        file: A file's bytes, mapped privately and only read.

        file_path: That file.

        memfd: Two mappings of all of the same memfd.
    """

    pid: int
    child: int
    private: Area
    rewritten: Area
    shared: Area
    file: Area
    file_path: Path
    memfd: tuple[Area, Area]


@contextlib.contextmanager
def known(
    *,
    private: int = 16 * _MIB,
    shared: int = 8 * _MIB,
    file: int = 4 * _MIB,
    memfd: int = 2 * _MIB,
    rewritten: int = 6 * _MIB,
) -> Iterator[Known]:
    """
    A process with known memory; all sizes are bytes, multiples of a page.
    """
    with child("known", private, shared, file, memfd, rewritten) as facts:
        own = facts.area("private", private)
        first, second = facts.told["memfd"]
        yield Known(
            pid=facts.pid,
            child=facts.told["child"],
            private=own,
            rewritten=Area(own.start, rewritten),
            shared=facts.area("shared", shared),
            file=facts.area("file", file),
            file_path=Path(facts.told["file_path"]),
            memfd=(Area(first, memfd), Area(second, memfd)),
        )


class Piece(NamedTuple):
    """
    One of many mappings, in bytes.

    Attributes:
        start: Its address.
        size: Its length.
        touched: How much of it, from the start, has been written to.
        writable: Whether it still may be.
    """

    start: int
    size: int
    touched: int
    writable: bool


class Mosaic(NamedTuple):
    """
    A process of many mappings.

    Attributes:
        pid: Its number.
        pieces: The mappings, in order, without gaps; it has a few others, too.
    """

    pid: int
    pieces: tuple[Piece, ...]


@contextlib.contextmanager
def mosaic(count: int = 3000) -> Iterator[Mosaic]:
    """
    A process with *count* anonymous mappings of different size and residency.
    """
    with child("mosaic", count) as facts:
        pieces = (
            Piece(start, size, touched, writable=number % 2 == 0)
            for number, (start, size, touched) in enumerate(facts.told["pieces"])
        )
        yield Mosaic(facts.pid, tuple(pieces))
