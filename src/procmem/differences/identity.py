"""
What a mapping is known by, when two readings are compared.

Within one address space that is where it lies, and which file it shows.
Between two runs of a program addresses say nothing: the kernel picks them at
random.  Then it is what the mapping shows, and with which permissions.
"""

from __future__ import annotations

from collections import abc
from typing import NamedTuple

from procmem.flags import MappingKind
from procmem.model.mapping import Mapping

__all__ = [
    "Key",
    "Piece",
    "alike",
    "is_file",
    "is_one_layout",
    "nature",
    "pieces",
]

Key = tuple[object, ...]
"""Two mappings may be the same one if theirs are equal."""

# glibc gives each arena of malloc but the first a reservation of this size
# (HEAP_MAX_SIZE on 64-bit machines), aligned to it, and makes as much of it
# accessible as is in use.
_ARENA = 64 << 20

_CLOSED = "---p"
_OPEN = "rw-p"


class Piece(NamedTuple):
    """
    A mapping and what was found out about it.

    Attributes:
        mapping: The mapping.

        kind: Its kind.

        arena: Whether it belongs to an arena of glibc's malloc.
    """

    mapping: Mapping
    kind: MappingKind
    arena: bool


def pieces(mappings: abc.Iterable[Mapping]) -> list[Piece]:
    """
    The mappings of one process, by address, with what they are.
    """
    found = [Piece(mapping, mapping.kind, arena=False) for mapping in mappings]
    found.sort(key=lambda piece: piece.mapping.start)
    for index in range(len(found) - 1):
        if _is_arena(found[index], found[index + 1]):
            for part in (index, index + 1):
                found[part] = found[part]._replace(arena=True)
    return found


def _is_arena(piece: Piece, rest: Piece) -> bool:
    """
    Whether memory in use and the reservation behind it are an arena.

    One that is in use to its last byte has nothing behind it, and can't be
    told from other memory.
    """
    used, reserved = piece.mapping, rest.mapping
    return (
        used.start % _ARENA == 0
        and piece.kind is rest.kind is MappingKind.ANONYMOUS
        and used.permissions == _OPEN
        and reserved.permissions == _CLOSED
        and used.end == reserved.start < used.start + _ARENA
        # What lies behind the arena may have become one mapping with it.
        and reserved.end >= used.start + _ARENA
    )


def is_one_layout(
    before: abc.Iterable[Piece], after: abc.Iterable[Piece]
) -> bool | None:
    """
    Whether addresses mean the same in two readings.

    They do in one process until it becomes another program, and in a process
    and its forked children.  The kernel puts the vdso and the end of the
    first stack at random places and never moves them.

    Returns:
        None if these are not in both readings, so that nothing can be said.
    """
    earlier, later = _landmarks(before), _landmarks(after)
    common = earlier.keys() & later.keys()
    if not common:
        return None
    return all(earlier[mark] == later[mark] for mark in common)


def _landmarks(found: abc.Iterable[Piece]) -> dict[MappingKind, int]:
    marks: dict[MappingKind, int] = {}
    for mapping, kind, _ in found:
        if kind is MappingKind.VDSO:
            marks[kind] = mapping.start
        elif kind is MappingKind.STACK:
            # It grows downwards.
            marks[kind] = mapping.end
    return marks


def nature(piece: Piece) -> Key:
    """
    What the mapping shows, whatever its place, size and permissions.

    Files are the same if device and inode are: a file that was unlinked or
    renamed meanwhile is still that file, and one that took its name is not.
    """
    mapping, kind, _ = piece
    if is_file(mapping):
        return mapping.device, mapping.inode
    return kind, _stable_name(piece)


def is_file(mapping: Mapping) -> bool:
    """
    Whether device and inode say what the mapping shows.

    The objects of ``anon_inode:…`` share one inode, and have no path.
    """
    return bool(mapping.inode) and mapping.path is not None


def alike(piece: Piece) -> tuple[Key, ...]:
    """
    What the mapping may be recognised by where addresses mean nothing, the
    surest first.

    A file keeps its inode from run to run unless it is replaced; a deleted
    file and shared memory get a new one each time, and only the name is left.
    """
    mapping, kind, arena = piece
    name, permissions = _stable_name(piece), mapping.permissions
    if not is_file(mapping):
        memory = (kind, name, arena, permissions)
        return (*memory, mapping.size), memory
    part = (kind, name, mapping.offset, permissions)
    return (
        (*part, mapping.device, mapping.inode),
        part,
        (kind, name, permissions),
    )


def _stable_name(piece: Piece) -> str | None:
    """
    The name without what differs from run to run.
    """
    mapping, kind, _ = piece
    if kind is MappingKind.THREAD_STACK:
        # The number of the thread is in it.
        return None
    return mapping.path or mapping.name
