"""
Memory on huge pages.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.live.children import libc
from tests.live.children.zoo_book import Book, a_memfd, fill

_MADV_HUGEPAGE = 14
_MADV_COLLAPSE = 25
_MAP_HUGETLB = 0x4_0000

_HUGE = Path("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size")


def _size() -> int:
    return int(_HUGE.read_text())


def _huge(book: Book, name: str, count: int = 2) -> tuple[int, int]:
    """
    Aligned private memory for huge pages, nothing of it touched.
    """
    huge = _size()
    size = count * huge
    start = libc.map_memory(size + 2 * huge, protection=libc.PROT_NONE)
    address = start // huge * huge + huge
    libc.protect(address, size, libc.PROT_READ | libc.PROT_WRITE)
    libc.advise(address, size, _MADV_HUGEPAGE)
    return book.add(name, address, size), size


def private(book: Book) -> None:
    """
    Written before the fork and after it.
    """
    libc.write(*_huge(book, "huge, forked"))

    def later() -> None:
        libc.write(*_huge(book, "huge, after the fork"))

    book.afterwards.append(later)


def rewritten(book: Book) -> None:
    """
    Forked, and then one page rewritten: the first one or another, by the
    parent or by the child.
    """
    for place in (0, 7):
        address, size = _huge(book, f"huge, page {place} rewritten")
        libc.write(address, size)
        page = address + place * libc.PAGE
        book.afterwards.append(partial(libc.write, page, libc.PAGE))
        address, size = _huge(book, f"huge, page {place} rewritten by the child")
        libc.write(address, size)
        page = address + place * libc.PAGE
        book.in_child.append(partial(libc.write, page, libc.PAGE))


def split(book: Book) -> None:
    """
    Half unmapped, and cut by other rights for a page.
    """
    address, size = _huge(book, "huge, half unmapped")
    libc.write(address, size)
    libc.unmap(address + size // 4, size // 2)
    address, size = _huge(book, "huge, protected")
    libc.write(address, size)
    libc.protect(address + 9 * libc.PAGE, libc.PAGE, libc.PROT_READ)
    address, size = _huge(book, "huge, emptied in part")
    libc.write(address, size)
    libc.advise(address + 5 * libc.PAGE, 3 * libc.PAGE, libc.MADV_DONTNEED)


def zero(book: Book) -> None:
    """
    Only read: the huge zero page; and one page written later.
    """
    libc.read(*_huge(book, "huge zero"))
    address, size = _huge(book, "huge zero, written")
    libc.read(address, size)
    libc.write(address + 3 * libc.PAGE, libc.PAGE)


def shared(book: Book) -> None:
    """
    A memfd on huge pages, mapped twice, one mapping not aligned.
    """
    huge = _size()
    size = 2 * huge
    fd = a_memfd("huge", size)
    start = libc.map_memory(size + 2 * huge, protection=libc.PROT_NONE)
    address = libc.map_memory(
        size, address=start // huge * huge + huge, flags=libc.MAP_SHARED, fd=fd
    )
    book.add("huge memfd", address, size)
    libc.write(address, size)
    libc.advise(address, size, _MADV_COLLAPSE)
    libc.write(address, size)
    again = book.room("huge memfd, again", huge, fd=fd, flags=libc.MAP_SHARED)
    libc.read(again, huge // 2)
    book.in_child.append(partial(libc.read, address, huge + huge // 2))


def hugetlb(book: Book) -> None:
    """
    Pages of hugetlbfs: private, shared, and between them usual memory.
    """
    size = _size()
    for name, sharing in (
        ("hugetlb, private", libc.MAP_PRIVATE),
        ("hugetlb, shared", libc.MAP_SHARED),
    ):
        flags = sharing | libc.MAP_ANONYMOUS | _MAP_HUGETLB
        address = book.add(name, libc.map_memory(size, flags=flags), size)
        libc.write(address, size)
        if sharing == libc.MAP_SHARED:
            book.in_child.append(partial(libc.write, address, size))
    flags = libc.MAP_SHARED | libc.MAP_ANONYMOUS | _MAP_HUGETLB
    book.add("hugetlb, untouched", libc.map_memory(size, flags=flags), size)

    def later() -> None:
        flags = libc.MAP_PRIVATE | libc.MAP_ANONYMOUS | _MAP_HUGETLB
        address = libc.map_memory(size, flags=flags)
        libc.write(book.add("hugetlb, after the fork", address, size), size)

    book.afterwards.append(later)
    fill(book.room("beside", 16 * libc.PAGE), 16 * libc.PAGE)


MAKERS: tuple[Callable[[Book], None], ...] = (private, rewritten, split, zero, shared)

OF_HUGETLBFS: tuple[Callable[[Book], None], ...] = (hugetlb,)
