"""
System calls that the standard library lacks or hides.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import platform
import sys
from typing import Any

PAGE = mmap.PAGESIZE

PROT_NONE = 0
PROT_READ = mmap.PROT_READ
PROT_WRITE = mmap.PROT_WRITE
MAP_SHARED = mmap.MAP_SHARED
MAP_PRIVATE = mmap.MAP_PRIVATE
MAP_ANONYMOUS = mmap.MAP_ANONYMOUS
# Not in the mmap module before Python 3.13; the same everywhere but on alpha
# and parisc.
MAP_FIXED = 0x10
MADV_DONTNEED = mmap.MADV_DONTNEED
MADV_NOHUGEPAGE = mmap.MADV_NOHUGEPAGE

CLONE_VM = 0x0000_0100

_PR_SET_DUMPABLE = 4
_MAP_FAILED = ctypes.c_void_p(-1).value

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_libc.clone.argtypes = [
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_int,
    ctypes.c_void_p,
]


def _check(result: int) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def map_memory(
    size: int,
    *,
    address: int | None = None,
    protection: int = PROT_READ | PROT_WRITE,
    flags: int = MAP_PRIVATE | MAP_ANONYMOUS,
    fd: int = -1,
    offset: int = 0,
) -> int:
    """
    mmap(2); the address. *address* replaces what was there.
    """
    if address is not None:
        flags |= MAP_FIXED
    result = _libc.mmap(address, size, protection, flags, fd, offset)
    if result == _MAP_FAILED:
        _check(-1)
    return int(result)


def unmap(address: int, size: int) -> None:
    """
    munmap(2).
    """
    _check(_libc.munmap(address, size))


def protect(address: int, size: int, protection: int) -> None:
    """
    mprotect(2).
    """
    _check(_libc.mprotect(address, size, protection))


def advise(address: int, size: int, advice: int) -> None:
    """
    madvise(2).
    """
    _check(_libc.madvise(address, size, advice))


def use_small_pages(address: int, size: int) -> None:
    """
    Keep huge pages away, so that what is touched is exactly what is resident.
    """
    try:
        advise(address, size, MADV_NOHUGEPAGE)
    except OSError:
        # EINVAL: a kernel without huge pages.
        return


def write(address: int, size: int, byte: int = 0x78) -> None:
    """
    Write to every page of a range.
    """
    ctypes.memset(address, byte, size)


def copy(address: int, data: bytes) -> None:
    """
    Write *data* to an address.
    """
    ctypes.memmove(address, data, len(data))


def hold(size: int) -> int:
    """
    Make private anonymous memory resident, as a mapping of its own; its address.
    """
    # Without inaccessible pages on both sides it may become one mapping with
    # its neighbours, for example with a thread's stack.
    reserved = map_memory(size + 2 * PAGE, protection=PROT_NONE)
    address = reserved + PAGE
    protect(address, size, PROT_READ | PROT_WRITE)
    use_small_pages(address, size)
    write(address, size)
    return address


def read(address: int, size: int) -> None:
    """
    Read from every page of a range.
    """
    for page in range(address, address + size, PAGE):
        ctypes.string_at(page, 1)


def set_dumpable(dumpable: bool) -> None:
    """
    Whether others with the same user may look into this process.
    """
    _check(_libc.prctl(_PR_SET_DUMPABLE, int(dumpable), 0, 0, 0))


def exit_thread() -> None:
    """
    End only the calling thread, without unwinding, and without a trace of it in
    Python, whose lock is not held during a foreign call.
    """
    # The generic table of system calls, which all new architectures share,
    # has exit at 93.
    number = {"x86_64": 60, "i686": 1, "armv7l": 1, "ppc64le": 1, "s390x": 1}
    _libc.syscall(number.get(platform.machine(), 93), 0)


def sleep_in_same_memory(seconds: int, flags: int) -> int:
    """
    Start a process that shares this address space and sleeps; its pid.

    It runs C's sleep() and not one instruction of Python, which would not
    survive being run twice in the same memory.
    """
    size = 16 * PAGE
    # A stack grows down, so it begins at the end of its memory.
    stack = map_memory(size) + size
    return _check(_libc.clone(_libc.sleep, stack, flags, seconds))


def drop_to(uid: int, gid: int, *, dumpable: bool) -> None:
    """
    Become an ordinary user for good.

    Args:
        uid: The user.
        gid: The only group.
        dumpable:
            Whether others with the same user may look into this process. The
            kernel takes that away with every change of user, and execve(2)
            gives it back; here no execve follows.
    """
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    set_dumpable(dumpable)


def report(**facts: Any) -> None:
    """
    Tell the tests that this process is ready, and what it did.
    """
    print(json.dumps(facts), flush=True)


def wait_for_end() -> None:
    """
    Return when the tests close standard input, or are gone.
    """
    sys.stdin.buffer.read()
