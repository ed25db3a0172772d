"""
Memory that is swapped out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.live.children import libc
from tests.live.children.zoo_book import HALF, SIZE, Book, a_memfd, fill

_MADV_PAGEOUT = 21
_TRIES = 3
_FEW = 4 * libc.PAGE


def _swap_out(address: int, size: int) -> None:
    # The kernel passes over a page that it has not yet put on its lists.
    for _ in range(_TRIES):
        libc.advise(address, size, _MADV_PAGEOUT)


def private(book: Book) -> None:
    """
    Swapped before the fork and after it; some of it read back or rewritten by
    a child.
    """
    forked = book.hold("swapped, forked")
    _swap_out(forked, SIZE)
    book.in_child.append(partial(libc.read, forked, HALF))
    rewritten = book.hold("swapped, rewritten")
    _swap_out(rewritten, SIZE)
    book.in_child.append(partial(libc.write, rewritten, HALF))
    apart = book.hold("swapped in part")
    _swap_out(apart + HALF, HALF)

    def later() -> None:
        _swap_out(book.hold("swapped after the fork"), SIZE)

    book.afterwards.append(later)


def memfd(book: Book) -> None:
    """
    A memfd that is swapped out: shared, in part, from an offset on, and
    longer than the file.
    """
    fd = a_memfd("swapped")
    whole = book.room("memfd, swapped", fd=fd, flags=libc.MAP_SHARED)
    fill(whole, SIZE)
    _swap_out(whole, SIZE)
    part = book.room(
        "memfd, swapped, in part", HALF, fd=fd, flags=libc.MAP_SHARED, offset=_FEW
    )
    book.in_child.append(partial(libc.read, part, _FEW))
    short = a_memfd("short", _FEW)
    beyond = book.room("memfd, swapped, longer", fd=short, flags=libc.MAP_SHARED)
    fill(beyond, _FEW)
    _swap_out(beyond, _FEW)


def private_memfd(book: Book) -> None:
    """
    Private mappings of a memfd that is swapped out: copied on write, the copy
    swapped out too; and one that cannot be written.
    """
    fd = a_memfd("copied")
    whole = book.room("memfd, copied, swapped", fd=fd, flags=libc.MAP_SHARED)
    fill(whole, SIZE)
    copied = book.room("memfd, copy, swapped", fd=fd, flags=libc.MAP_PRIVATE)
    fill(copied, HALF)
    _swap_out(copied, HALF // 2)
    _swap_out(whole, SIZE)
    book.room(
        "memfd, private, closed",
        fd=fd,
        flags=libc.MAP_PRIVATE,
        protection=libc.PROT_READ,
    )


def shared(book: Book) -> None:
    """
    Shared memory without a name, swapped out and half of it read back.
    """
    address = book.room("shared, swapped", flags=libc.MAP_SHARED | libc.MAP_ANONYMOUS)
    fill(address, SIZE)
    _swap_out(address, SIZE)
    book.afterwards.append(partial(libc.read, address, HALF))


MAKERS: tuple[Callable[[Book], None], ...] = (private, memfd, private_memfd, shared)
