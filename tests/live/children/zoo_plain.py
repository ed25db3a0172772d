"""
Memory of kinds that any machine has.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import partial

from tests.live.children import libc
from tests.live.children.zoo_book import HALF, SIZE, Book, a_file, a_memfd, fill

_MADV_FREE = 8
_MADV_MERGEABLE = 12
_MADV_GUARD_INSTALL = 102
_IPC_CREAT = 0o1000
_IPC_RMID = 0
_LARGE = 4 << 20

_SHARED_ANONYMOUS = libc.MAP_SHARED | libc.MAP_ANONYMOUS

_libc = ctypes.CDLL(None, use_errno=True)
_libc.shmat.restype = ctypes.c_void_p


def written(book: Book) -> None:
    """
    Private memory of which a child rewrites half, or that comes later.
    """
    cowed = book.hold("cowed")
    book.in_child.append(partial(libc.write, cowed, HALF, 0x79))
    book.hold("forked")
    book.afterwards.append(lambda: book.hold("after the fork"))
    book.in_child.append(lambda: book.hold("of the child"))


def read(book: Book) -> None:
    """
    Private memory that was only read: the zero page; half of it written.
    """
    libc.read(book.room("zero pages"), SIZE)
    half = book.room("zero pages and others")
    libc.read(half, SIZE)
    fill(half, HALF)
    book.room("untouched")
    libc.protect(book.hold("without rights"), SIZE, libc.PROT_NONE)


def shared(book: Book) -> None:
    """
    Shared memory without a file, touched by one or by both.
    """
    address = book.room("shared", flags=_SHARED_ANONYMOUS)
    fill(address, SIZE)
    book.in_child.append(partial(libc.read, address, HALF))
    late = book.room("shared, by the child", flags=_SHARED_ANONYMOUS)
    book.in_child.append(partial(libc.write, late, HALF))


def system_v(book: Book) -> None:
    """
    A segment of SysV shared memory that is attached twice.
    """
    segment = _libc.shmget(0, SIZE, _IPC_CREAT | 0o600)
    if segment == -1:
        raise OSError(ctypes.get_errno(), "shmget")
    for name in ("SysV", "SysV again"):
        fill(book.add(name, _libc.shmat(segment, None, 0), SIZE), SIZE)
    _libc.shmctl(segment, _IPC_RMID, None)


def twice(book: Book) -> None:
    """
    A memfd that is mapped twice, and a part of it a third time.
    """
    fd = a_memfd("twice")
    for name in ("memfd", "memfd again"):
        fill(book.room(name, fd=fd, flags=libc.MAP_SHARED), SIZE)
    part = book.room(
        "memfd in part", HALF, fd=fd, flags=libc.MAP_PRIVATE, offset=4 * libc.PAGE
    )
    libc.read(part, HALF)
    libc.write(part, HALF // 2)
    book.in_child.append(partial(libc.read, book.areas["memfd"][0], HALF))


def files(book: Book) -> None:
    """
    A file: shared, private, and copied on write by parent and child.
    """
    fd = a_file("a-file")
    fill(book.room("file, shared", fd=fd, flags=libc.MAP_SHARED), SIZE)
    libc.read(book.room("file, private", fd=fd, flags=libc.MAP_PRIVATE), SIZE)
    copied = book.room("file, copied", fd=fd, flags=libc.MAP_PRIVATE)
    libc.read(copied, SIZE)
    libc.write(copied, HALF)
    book.in_child.append(partial(libc.write, copied + HALF // 2, HALF))


def large_file(book: Book) -> None:
    """
    A file that was written in one go, so that its pages may be large.
    """
    fd = a_file("a-large-file", _LARGE)
    part = _LARGE // 3 // libc.PAGE * libc.PAGE
    for name, size in (("large file", _LARGE), ("large file in part", part)):
        address = libc.map_memory(size, flags=libc.MAP_SHARED, fd=fd)
        libc.read(book.add(name, address, size), size)


def locked(book: Book) -> None:
    """
    Locked memory, of one's own and of a file.
    """
    fd = a_file("a-locked-file")
    common = book.room("file, locked", fd=fd, flags=libc.MAP_SHARED)
    for address in (book.hold("locked"), common):
        if _libc.mlock(ctypes.c_void_p(address), ctypes.c_size_t(SIZE)):
            raise OSError(ctypes.get_errno(), "mlock")
    # Locks are not inherited, pages are.
    book.in_child.append(partial(libc.read, common, HALF))


def freed(book: Book) -> None:
    """
    Memory that was given back, and half of it taken again.
    """
    libc.advise(book.hold("freed"), SIZE, _MADV_FREE)
    address = book.hold("freed and rewritten")
    libc.advise(address, SIZE, _MADV_FREE)
    libc.write(address, HALF)


def guards(book: Book) -> None:
    """
    Guard regions within private memory and within a memfd.
    """
    fd = a_memfd("guarded")
    rooms = [
        book.hold("guarded"),
        book.room("guarded memfd", fd=fd, flags=libc.MAP_SHARED),
    ]
    fill(rooms[1], SIZE)
    for address in rooms:
        libc.advise(address + HALF, HALF // 2, _MADV_GUARD_INSTALL)


def mergeable(book: Book) -> None:
    """
    Pages of equal content that may be merged, some of zeros.
    """
    for name, byte in (("mergeable", 0x78), ("mergeable zeros", 0)):
        address = book.room(name)
        libc.write(address, SIZE, byte)
        libc.advise(address, SIZE, _MADV_MERGEABLE)
    alone = book.hold("mergeable, unlike")
    libc.advise(alone, SIZE, _MADV_MERGEABLE)
    os.sched_yield()


MAKERS: tuple[Callable[[Book], None], ...] = (
    written,
    read,
    shared,
    system_v,
    twice,
    files,
    large_file,
    locked,
    freed,
    guards,
)

MERGED: tuple[Callable[[Book], None], ...] = (
    mergeable,
    written,
    read,
    shared,
    twice,
    freed,
)
