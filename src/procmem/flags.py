"""
The small vocabularies of ``/proc``: permissions, kinds of mappings, and the
two-letter codes of ``VmFlags``.
"""

from __future__ import annotations

import enum
import re
from typing import Self

__all__ = ["MappingKind", "Permissions", "VmFlag"]

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
