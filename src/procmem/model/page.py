"""
``PageInfo``: one entry of ``pagemap``, with what the other files say about
its frame.
"""

from __future__ import annotations

from fractions import Fraction

import attrs

from procmem.flags import PageFlag, PageState

__all__ = ["PageInfo"]

# include/linux/swap.h reserves the highest types for entries that are no
# swap: migration, device memory, poison, markers.  How many there are
# depends on the configuration; 22 areas are left on every kernel.
LAST_SWAP_TYPE = 21


@attrs.frozen(kw_only=True)
class PageInfo:
    """
    One page of a process.

    All facts are derived from *raw*, so that making one costs no more than
    wrapping an integer.

    Source: ``pagemap_read()`` in ``fs/proc/task_mmu.c``,
    Documentation/admin-guide/mm/pagemap.rst.

    Attributes:
        address: Where the page is in the address space.

        raw: The kernel's 64-bit word.

        size: Of the page, in bytes.

        sharers: How many mappings map its frame, all processes together, as
            ``/proc/kpagecount`` has it.  None where that was not read.

        flags: What ``/proc/kpageflags`` says about its frame.  None where
            that was not read.

        hugetlb: Whether it belongs to a mapping of hugetlbfs.
    """

    address: int = attrs.field(repr=hex)
    raw: int = attrs.field(repr=hex)
    size: int
    sharers: int | None = None
    flags: PageFlag | None = None
    hugetlb: bool = False

    @property
    def present(self) -> bool:
        """
        Whether a frame is mapped there; the zero page is one.
        """
        return bool(self.raw >> 63)

    @property
    def pfn(self) -> int | None:
        """
        Number of the frame of a present page, or None.

        Also None if the kernel hides it: without CAP_SYS_ADMIN it reports
        every frame as 0 instead of failing (since Linux 4.2), and frame 0 is
        never mapped by a process.
        """
        return (self.raw & (1 << 55) - 1) or None if self.present else None

    @property
    def swapped(self) -> bool:
        """
        Whether the page is swapped out.

        Markers, guards and pages on their way from one frame to another use
        the same bit and are not.  Without CAP_SYS_ADMIN the kernel hides the
        type, and markers other than guards look like swap.
        """
        return (
            self._is_entry_of_swap
            and not self.guard
            and self.raw & 0x1F <= LAST_SWAP_TYPE
        )

    @property
    def swap_type(self) -> int | None:
        """
        Which swap area a swapped page is in: in practice the line of
        ``/proc/swaps``.  None if it is not swapped; 0 where it is hidden.
        """
        return self.raw & 0x1F if self.swapped else None

    @property
    def swap_offset(self) -> int | None:
        """
        Where in its swap area a swapped page is, in pages.  As above.
        """
        return self.raw >> 5 & (1 << 50) - 1 if self.swapped else None

    @property
    def file_or_shared_anon(self) -> bool:
        """
        Whether a present page is of a file or shared memory.  Since Linux
        3.5; of pages mapped by huge entries since 5.11 or later.
        """
        return self.present and bool(self.raw >> 61 & 1)

    @property
    def guard(self) -> bool:
        """
        Whether it is part of a guard region.  Since Linux 6.15.
        """
        return self._is_entry_of_swap and bool(self.raw >> 58 & 1)

    @property
    def uffd_wp(self) -> bool:
        """
        Whether it is write-protected by userfaultfd.  Since Linux 5.13.
        """
        return bool(self.raw >> 57 & 1)

    @property
    def exclusive(self) -> bool:
        """
        Whether the page is mapped exactly once.  Since Linux 4.2.

        Wrong for pages mapped by a huge entry on most kernels, which look at
        the first page of it only.
        """
        return self.present and bool(self.raw >> 56 & 1)

    @property
    def soft_dirty(self) -> bool:
        """
        Whether it was written to since that was last reset; always False
        where the kernel lacks CONFIG_MEM_SOFT_DIRTY.
        """
        return bool(self.raw >> 55 & 1)

    @property
    def state(self) -> PageState:
        """
        What the page is to the accounts.
        """
        if not self.present:
            return self._state_of_absent
        if self.hugetlb or (self.flags is not None and PageFlag.HUGE in self.flags):
            return PageState.HUGETLB
        if self.sharers is None:
            return PageState.UNKNOWN
        if self.sharers == 0:
            return PageState.UNCOUNTED
        return PageState.PRIVATE if self.sharers == 1 else PageState.SHARED

    @property
    def rss(self) -> int | None:
        """
        What it adds to the RSS, in bytes; None if that is unknown.
        """
        return self._if_known(self.size, PageState.PRIVATE, PageState.SHARED)

    @property
    def uss(self) -> int | None:
        """
        What it adds to the USS, in bytes; None if that is unknown.
        """
        return self._if_known(self.size, PageState.PRIVATE)

    @property
    def shared(self) -> int | None:
        """
        What it adds to the shared memory, in bytes; None if that is unknown.
        """
        return self._if_known(self.size, PageState.SHARED)

    @property
    def pss(self) -> Fraction | None:
        """
        Its exact proportional share, in bytes; None if that is unknown.
        """
        rss = self.rss
        return None if rss is None else Fraction(rss, self.sharers or 1)

    @property
    def swap(self) -> int:
        """
        What it adds to the swapped memory, in bytes.
        """
        return self.size if self.swapped else 0

    @property
    def _is_entry_of_swap(self) -> bool:
        return self.raw >> 62 == 1

    @property
    def _state_of_absent(self) -> PageState:
        if self.swapped:
            return PageState.SWAPPED
        if self.guard:
            return PageState.GUARD
        return PageState.MARKER if self._is_entry_of_swap else PageState.ABSENT

    def _if_known(self, value: int, *states: PageState) -> int | None:
        state = self.state
        if state is PageState.UNKNOWN:
            return None
        return value if state in states else 0
