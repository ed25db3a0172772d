"""
The small vocabularies of ``/proc``: permissions, kinds of mappings, the
two-letter codes of ``VmFlags``, and the flags and states of pages.
"""

from __future__ import annotations

import enum
import re
from typing import Self

__all__ = ["MappingKind", "PageFlag", "PageState", "Permissions", "VmFlag"]

# The fourth character is "p" or "s" on Linux; WSL1 printed "-".
_PERMISSIONS = re.compile(r"[r-][w-][x-][ps-]")


class Permissions(str):
    """
    What a process may do with a mapping, as ``maps`` prints it: ``"r-xp"``.

    It is the text itself, so that it compares with ``"rw-p"`` and sorts;
    the properties say what the letters mean.

    Source: :manpage:`proc_pid_maps(5)`.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """
        Raises:
            ValueError: If *text* is not four characters like ``"rw-p"``.
        """
        if _PERMISSIONS.fullmatch(text) is None:
            msg = f"not permissions such as 'rw-p': {text!r}"
            raise ValueError(msg)
        return super().__new__(cls, text)

    @property
    def readable(self) -> bool:
        """Whether the process may read there."""
        return self[0] == "r"

    @property
    def writable(self) -> bool:
        """Whether the process may write there."""
        return self[1] == "w"

    @property
    def executable(self) -> bool:
        """Whether the process may run code there."""
        return self[2] == "x"

    @property
    def shared(self) -> bool:
        """
        Whether ``MAP_SHARED`` was asked for.

        It says nothing about whether any other process maps the same pages.
        """
        return self[3] == "s"


class MappingKind(enum.StrEnum):
    """
    What a mapping is for, told from its name and flags.

    The kernel has no such field.  Where the name alone cannot tell, as for a
    file on a tmpfs mounted at an unusual place, the kind is ``FILE``.
    """

    HEAP = "heap"
    """``[heap]``: the brk area of the C library."""

    STACK = "stack"
    """``[stack]``: of the main thread."""

    THREAD_STACK = "thread stack"
    """
    Of another thread, on the systems that name them: ``[stack:TID]`` (Linux
    3.4 to 4.4) and the anonymous names that C libraries set.
    """

    VDSO = "vdso"
    """``[vdso]``: code that the kernel lends to every process."""

    VVAR = "vvar"
    """``[vvar]``, ``[vvar_vclock]``: the data of the vdso."""

    VSYSCALL = "vsyscall"
    """``[vsyscall]``: x86-64's gate page, not a real mapping."""

    SPECIAL = "special"
    """Other mappings of the kernel, such as ``[vectors]``, ``[uprobes]``."""

    ANONYMOUS = "anonymous"
    """Memory without a file or a name."""

    NAMED_ANONYMOUS = "named anonymous"
    """``[anon:NAME]``: anonymous memory that the program gave a name."""

    FILE = "file"
    """A file, program or library."""

    SHARED_MEMORY = "shared memory"
    """Shared anonymous memory, ``/dev/shm``, ``[anon_shmem:NAME]``."""

    MEMFD = "memfd"
    """``/memfd:NAME``: made by ``memfd_create``."""

    SYSV = "sysv"
    """``/SYSV…``: System V shared memory."""

    HUGETLB = "hugetlb"
    """Pages of hugetlbfs, whatever their name; counted apart from RSS."""

    DEVICE = "device"
    """Something below ``/dev``, or a buffer of a device driver."""

    OTHER = "other"
    """Kernel objects such as ``socket:[…]`` and ``anon_inode:…``."""


class VmFlag(enum.StrEnum):
    """
    The two-letter codes of the ``VmFlags`` line that are known.

    ``Mapping.vm_flags`` holds plain strings, so that codes of later kernels
    survive; members of this class compare equal to them.

    Source: ``show_smap_vma_flags()`` in ``fs/proc/task_mmu.c``.
    """

    READ = "rd"
    WRITE = "wr"
    EXEC = "ex"
    SHARED = "sh"
    MAY_READ = "mr"
    MAY_WRITE = "mw"
    MAY_EXEC = "me"
    MAY_SHARE = "ms"
    GROWS_DOWN = "gd"
    PFN_MAP = "pf"
    DENY_WRITE = "dw"
    LOCKED = "lo"
    LOCK_ON_FAULT = "lf"
    IO = "io"
    SEQUENTIAL_READ = "sr"
    RANDOM_READ = "rr"
    DONT_COPY = "dc"
    DONT_EXPAND = "de"
    ACCOUNT = "ac"
    NO_RESERVE = "nr"
    HUGETLB = "ht"
    SYNC = "sf"
    NON_LINEAR = "nl"
    ARCH_1 = "ar"
    WIPE_ON_FORK = "wf"
    DONT_DUMP = "dd"
    BRANCH_TARGET = "bt"
    MEMORY_TAGGING = "mt"
    SOFT_DIRTY = "sd"
    MIXED_MAP = "mm"
    HUGE_PAGE = "hg"
    NO_HUGE_PAGE = "nh"
    MERGEABLE = "mg"
    UFFD_MISSING = "um"
    UFFD_WRITE_PROTECT = "uw"
    UFFD_MINOR = "ui"
    UFFD_READ_WRITE_PROTECT = "ur"
    MPX = "mp"
    SHADOW_STACK = "ss"
    SEALED = "sl"
    DROPPABLE = "dp"
    GUARD_REGIONS = "gu"
    UNNAMED = "??"


class PageFlag(enum.IntFlag, boundary=enum.KEEP):
    """
    The bits of ``/proc/kpageflags``; bits of later kernels are kept.

    Those from 32 on are for kernel hackers and may change their meaning.

    Source: ``include/uapi/linux/kernel-page-flags.h``,
    ``stable_page_flags()`` in ``fs/proc/page.c``.
    """

    LOCKED = 1 << 0
    ERROR = 1 << 1
    REFERENCED = 1 << 2
    UPTODATE = 1 << 3
    DIRTY = 1 << 4
    LRU = 1 << 5
    ACTIVE = 1 << 6
    SLAB = 1 << 7
    WRITEBACK = 1 << 8
    RECLAIM = 1 << 9
    BUDDY = 1 << 10
    MMAP = 1 << 11
    ANON = 1 << 12
    SWAPCACHE = 1 << 13
    SWAPBACKED = 1 << 14
    COMPOUND_HEAD = 1 << 15
    COMPOUND_TAIL = 1 << 16
    HUGE = 1 << 17
    UNEVICTABLE = 1 << 18
    HWPOISON = 1 << 19
    NOPAGE = 1 << 20
    KSM = 1 << 21
    THP = 1 << 22
    OFFLINE = 1 << 23
    ZERO_PAGE = 1 << 24
    IDLE = 1 << 25
    PGTABLE = 1 << 26
    RESERVED = 1 << 32
    MLOCKED = 1 << 33
    OWNER_2 = 1 << 34
    PRIVATE = 1 << 35
    PRIVATE_2 = 1 << 36
    OWNER_PRIVATE = 1 << 37
    ARCH = 1 << 38
    UNCACHED = 1 << 39
    SOFTDIRTY = 1 << 40
    ARCH_2 = 1 << 41
    ARCH_3 = 1 << 42


class PageState(enum.StrEnum):
    """
    What a page is to the accounts.  Every page is in exactly one state.
    """

    ABSENT = "not present"
    """Nothing is there: never touched, given back, or swapped shared memory."""

    SWAPPED = "swapped"
    """Swapped out."""

    GUARD = "guard"
    """A guard region (``MADV_GUARD_INSTALL``): touching it is an error."""

    MARKER = "marker"
    """A note of the kernel's in place of a page, or a page on its way."""

    UNCOUNTED = "uncounted"
    """
    Present and nobody's: the zero page, and what is no memory.  Not in RSS.
    """

    PRIVATE = "private"
    """Present, mapped exactly once."""

    SHARED = "shared"
    """Present, mapped more than once."""

    UNKNOWN = "present"
    """Present; how many share it is not known."""

    HUGETLB = "hugetlb"
    """Present, of hugetlbfs: counted apart from RSS."""
