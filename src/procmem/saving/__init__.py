"""
Snapshots and groups as files: one JSON document each, with a version in it.

What is read back equals what was written, names byte for byte, what was
missing still missing, and the evidence with it.  Pages are not written: those
of a large process are hundreds of megabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from procmem.errors import ParseError
from procmem.saving.documents import from_bytes, to_bytes
from procmem.saving.files import read, replace

if TYPE_CHECKING:
    from os import PathLike

    from procmem.groups.group import Group
    from procmem.snapshots import Snapshot

    Path = str | PathLike[str]

__all__ = ["load", "load_as", "save"]

_T = TypeVar("_T")


def save(thing: Snapshot | Group, path: Path) -> None:
    """
    Write a snapshot or a group to a file, readable by its user only.

    The file is there as a whole or not at all.

    Args:
        thing: What to write; its pages are left out.

        path: Of the file, which is replaced if it is there.

    Raises:
        OSError: If it can't be written.
    """
    replace(path, to_bytes(thing))


def load(path: Path) -> Snapshot | Group:
    """
    Read what :func:`save` wrote.

    Raises:
        OSError: If the file can't be read.

        ParseError: If it is not such a file, is not whole, or was written by
            a newer procmem.
    """
    return from_bytes(read(path), file=str(path))


def load_as(cls: type[_T], path: Path) -> _T:
    """
    The same for one of both only.

    Raises:
        OSError: If the file can't be read.

        ParseError: If it is not a file with that.
    """
    found = load(path)
    if not isinstance(found, cls):
        is_one, wanted = type(found).__name__.lower(), cls.__name__.lower()
        reason = f"this is a {is_one}, not a {wanted}"
        raise ParseError(reason, str(path), 1, b"{")
    return found
