"""
Memory that the kernel shares with a process, and entries that are no pages.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import socket
import struct
from collections.abc import Callable

from tests.live.children import libc
from tests.live.children.zoo_book import HALF, SIZE, Book, a_memfd, fill

_IO_URING_SETUP = 425
# The generic table of system calls has others.
_X86 = platform.machine() == "x86_64"
_PERF_EVENT_OPEN = 298 if _X86 else 241
_USERFAULTFD = 323 if _X86 else 282

_SOL_PACKET = 263
_PACKET_RX_RING = 5

# From linux/perf_event.h.
_SOFTWARE, _DUMMY, _ATTRIBUTES = 1, 9, 128

# From linux/userfaultfd.h.
_API = 0xC018AA3F
_REGISTER = 0xC020AA00
_WRITEPROTECT = 0xC018AA06
_POISON = 0xC020AA08
_VERSION = 0xAA
_OF_SHMEM, _UNPOPULATED, _POISONS = 1 << 12, 1 << 13, 1 << 14
_MISSING, _PROTECTED = 1, 2

_libc = ctypes.CDLL(None, use_errno=True)


def _call(*arguments: object) -> int:
    result = int(_libc.syscall(*arguments))
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def io_uring(book: Book) -> None:
    """
    The rings of an io_uring.
    """
    parameters = ctypes.create_string_buffer(120)
    fd = _call(_IO_URING_SETUP, 64, parameters)
    for name, offset in (("io_uring", 0), ("io_uring, entries", 0x1000_0000)):
        address = libc.map_memory(
            libc.PAGE, flags=libc.MAP_SHARED, fd=fd, offset=offset
        )
        libc.read(book.add(name, address, libc.PAGE), libc.PAGE)


def packets(book: Book) -> None:
    """
    The ring of a packet socket.
    """
    ring = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    block, count, frame = 4 * libc.PAGE, 4, 2048
    request = struct.pack("4I", block, count, frame, block * count // frame)
    ring.setsockopt(_SOL_PACKET, _PACKET_RX_RING, request)
    size = block * count
    # Detached, so that it is not closed at the end of this function.
    address = libc.map_memory(size, flags=libc.MAP_SHARED, fd=ring.detach())
    libc.read(book.add("packets", address, size), size)


def events(book: Book) -> None:
    """
    The ring of a perf event.
    """
    attributes = struct.pack("IIQ", _SOFTWARE, _ATTRIBUTES, _DUMMY)
    buffer = ctypes.create_string_buffer(attributes, _ATTRIBUTES)
    fd = _call(_PERF_EVENT_OPEN, buffer, 0, -1, -1, 0)
    size = 5 * libc.PAGE
    address = libc.map_memory(size, flags=libc.MAP_SHARED, fd=fd)
    libc.read(book.add("events", address, size), size)


def protected(book: Book) -> None:
    """
    Pages that userfaultfd protects: some of them present, some only marked.
    """
    fd = _userfaultfd(_OF_SHMEM | _UNPOPULATED)
    private = book.room("protected")
    common = book.room("protected memfd", fd=a_memfd("protected"), flags=1)
    for address in (private, common):
        fill(address, HALF)
        _ioctl(fd, _REGISTER, address, SIZE, _PROTECTED, 0)
        _ioctl(fd, _WRITEPROTECT, address, SIZE, 1)


def poisoned(book: Book) -> None:
    """
    Pages that userfaultfd has made unusable.
    """
    fd = _userfaultfd(_POISONS)
    address = book.room("poisoned")
    fill(address, HALF)
    _ioctl(fd, _REGISTER, address, SIZE, _MISSING, 0)
    _ioctl(fd, _POISON, address + HALF, HALF, 0, 0)


def _userfaultfd(features: int) -> int:
    fd = _call(_USERFAULTFD, os.O_CLOEXEC)
    _ioctl(fd, _API, _VERSION, features, 0)
    return fd


def _ioctl(fd: int, request: int, *words: int) -> None:
    fcntl.ioctl(fd, request, bytearray(struct.pack(f"{len(words)}Q", *words)))


MAKERS: tuple[Callable[[Book], None], ...] = (
    io_uring,
    packets,
    events,
    protected,
    poisoned,
)
