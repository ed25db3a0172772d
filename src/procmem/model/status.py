"""
``Status``, ``Statm`` and ``Stat``: what the kernel says about a process as a
whole without looking at its page tables.
"""

from __future__ import annotations

from collections import abc
from types import MappingProxyType

import attrs

__all__ = ["Stat", "Statm", "Status"]


@attrs.frozen(kw_only=True)
class Status:
    """
    ``/proc/PID/status``: identity, state, and the cheap memory counters.

    The memory counters are bytes.  All of them are None for what has no
    address space (kernel threads, zombies), and each where the kernel is too
    old to print it.  Up to Linux 6.15 they are approximate: each processor
    or thread may hold back some pages.

    Source: :manpage:`proc_pid_status(5)`, ``task_mem()`` in
    ``fs/proc/task_mmu.c``.

    Attributes:
        name: Of the program, at most 15 bytes, unescaped.

        state: One letter, for example ``"S"``; ``"Z"`` is a zombie, which
            may be the first thread of a process that still runs.

        tgid: The process.

        pid: The thread that was asked about: the same number for a process.

        ppid: The parent process.

        uid: Real, effective, saved and file system user.

        gid: Real, effective, saved and file system group.

        threads: How many there are.

        kthread: Whether it is a kernel thread.  None before Linux 6.8.

        vm_peak: The largest ``vm_size`` so far.

        vm_size: Address space reserved (VIRT).

        vm_lck: Locked with ``mlock``.

        vm_pin: Pinned by drivers.  Since Linux 3.2.

        vm_hwm: The largest ``vm_rss`` so far ("high-water mark").

        vm_rss: Resident: the sum of the next three.

        rss_anon: Resident without a file.  Since Linux 4.5.

        rss_file: Resident pages of files.  Since Linux 4.5.

        rss_shmem: Resident shared memory.  Since Linux 4.5.

        vm_data: Reserved for data, including untouched memory.

        vm_stk: Reserved for stacks.

        vm_exe: Reserved for the code of the program.

        vm_lib: Reserved for the code of libraries.

        vm_pte: Page tables.

        vm_pmd: Page middle directories.  Linux 4.0 to 4.14.

        vm_swap: Swapped out, without swapped shared memory.  Since Linux
            2.6.34.

        hugetlb_pages: Pages of hugetlbfs, not part of ``vm_rss``.  Since
            Linux 4.4.

        core_dumping: Whether a core dump is being written.  Since Linux 4.15.

        thp_enabled: Whether transparent huge pages are allowed.  Since Linux
            5.0.

        other: All other fields as a sorted tuple of (key, text).
    """

    name: str | None = None
    state: str | None = None
    tgid: int | None = None
    pid: int | None = None
    ppid: int | None = None
    uid: tuple[int, ...] | None = None
    gid: tuple[int, ...] | None = None
    threads: int | None = None
    kthread: bool | None = None
    vm_peak: int | None = None
    vm_size: int | None = None
    vm_lck: int | None = None
    vm_pin: int | None = None
    vm_hwm: int | None = None
    vm_rss: int | None = None
    rss_anon: int | None = None
    rss_file: int | None = None
    rss_shmem: int | None = None
    vm_data: int | None = None
    vm_stk: int | None = None
    vm_exe: int | None = None
    vm_lib: int | None = None
    vm_pte: int | None = None
    vm_pmd: int | None = None
    vm_swap: int | None = None
    hugetlb_pages: int | None = None
    core_dumping: bool | None = None
    thp_enabled: bool | None = None
    other: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)

    @property
    def has_address_space(self) -> bool:
        """
        Whether any memory counter was printed.
        """
        return self.vm_size is not None

    @property
    def other_by_key(self) -> abc.Mapping[str, str]:
        """
        :attr:`other` as a read-only dict.
        """
        return MappingProxyType(dict(self.other))


@attrs.frozen(kw_only=True)
class Statm:
    """
    ``/proc/PID/statm``: seven numbers, in bytes here, in pages there.

    All are 0 for what has no address space.

    Source: :manpage:`proc_pid_statm(5)`, ``proc_pid_statm()`` in
    ``fs/proc/array.c``.

    Attributes:
        size: Address space reserved (VIRT).

        resident: Resident (RSS); approximate up to Linux 6.15.

        shared: Resident pages of files and shared memory, *whether or not*
            anyone shares them.  It is what top calls SHR.

        text: Reserved for the code of the program.

        lib: Always 0 since Linux 2.6.

        data: Reserved for data and stacks.

        dirty: Always 0 since Linux 2.6.
    """

    size: int
    resident: int
    shared: int
    text: int
    lib: int
    data: int
    dirty: int


@attrs.frozen(kw_only=True)
class Stat:
    """
    The part of ``/proc/PID/stat`` that concerns memory and identity.

    Source: :manpage:`proc_pid_stat(5)`, ``do_task_stat()`` in
    ``fs/proc/array.c``.

    Attributes:
        pid: The process.

        name: Of the program, at most 15 bytes, exactly as it is.

        state: One letter, as in :class:`Status`.

        ppid: The parent process.

        session: Its session.

        flags: The kernel's ``PF_*`` bits.

        minor_faults: Page faults that needed no reading from a disk.

        child_minor_faults: Those of children that were waited for.

        major_faults: Page faults that needed reading.

        child_major_faults: Those of children that were waited for.

        threads: How many there are.

        start_time: When the process started, in clock ticks since the
            machine did.  With the pid it names a process for ever; an
            ``execve`` does not change it.

        vsize: Address space reserved (VIRT), in bytes.

        rss: Resident, in bytes; approximate on every kernel.
    """

    pid: int
    name: str
    state: str
    ppid: int
    session: int
    flags: int
    minor_faults: int
    child_minor_faults: int
    major_faults: int
    child_major_faults: int
    threads: int
    start_time: int
    vsize: int
    rss: int

    @property
    def is_kernel_thread(self) -> bool:
        """
        Whether ``PF_KTHREAD`` is set, which every kernel tells.
        """
        return bool(self.flags & _PF_KTHREAD)


# include/linux/sched.h
_PF_KTHREAD = 0x00200000
