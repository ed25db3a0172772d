"""
Where the animals of the zoo are written down.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.live.children import libc

SIZE = 64 * libc.PAGE
HALF = SIZE // 2


class Book:
    """
    What was mapped where, and what is to be done with it once there are
    children.
    """

    def __init__(self) -> None:
        self.areas: dict[str, tuple[int, int]] = {}
        self.absent: dict[str, str] = {}
        self.in_child: list[Callable[[], object]] = []
        self.afterwards: list[Callable[[], object]] = []

    def add(self, name: str, address: int, size: int) -> int:
        """
        Write a range down.
        """
        self.areas[name] = (address, size)
        return address

    def hold(self, name: str, size: int = SIZE) -> int:
        """
        Private memory, all touched, each page unlike the others.
        """
        address = self.room(name, size)
        fill(address, size)
        return address

    def room(
        self,
        name: str,
        size: int = SIZE,
        *,
        fd: int = -1,
        flags: int | None = None,
        protection: int = libc.PROT_READ | libc.PROT_WRITE,
        offset: int = 0,
    ) -> int:
        """
        A mapping of its own on small pages, nothing of it touched.
        """
        if flags is None:
            flags = libc.MAP_PRIVATE | libc.MAP_ANONYMOUS
        reserved = libc.map_memory(size + 2 * libc.PAGE, protection=libc.PROT_NONE)
        address = libc.map_memory(
            size,
            address=reserved + libc.PAGE,
            protection=protection,
            flags=flags,
            fd=fd,
            offset=offset,
        )
        libc.use_small_pages(address, size)
        return self.add(name, address, size)


def fill(address: int, size: int) -> None:
    """
    Write to each page something that no other has.
    """
    for page in range(address, address + size, libc.PAGE):
        libc.write(page, libc.PAGE)
        libc.copy(page, os.urandom(16))


def a_file(name: str, size: int = SIZE) -> int:
    """
    A descriptor of a new file.
    """
    path = Path(name).resolve()
    path.write_bytes(os.urandom(size))
    return os.open(path, os.O_RDWR)


def a_memfd(name: str, size: int = SIZE) -> int:
    """
    A descriptor of a new memfd.
    """
    fd = os.memfd_create(name)
    os.truncate(fd, size)
    return fd
