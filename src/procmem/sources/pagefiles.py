"""
The binary files of ``/proc``: page tables and page frames.

Source: ``fs/proc/task_mmu.c``, ``fs/proc/page.c``,
``include/uapi/linux/fs.h``.
"""

from __future__ import annotations

import array
import bisect
import errno
import fcntl
import os
import struct
from collections import abc
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

from procmem.sources.base import Region, Span
from procmem.sources.handles import Handle
from procmem.sources.live import is_masked

if TYPE_CHECKING:
    from procmem.sources.live import LiveProcess

__all__ = ["LiveFrames", "LivePagemap", "open_frames", "page_size_at"]

_T = TypeVar("_T")

_ENTRY = 8

# struct pm_scan_arg: size, flags, start, end, walk_end, vec, vec_len,
# max_pages, category_inverted, category_mask, category_anyof_mask,
# return_mask.  The number of the request is the same on every architecture.
_SCAN = 0xC0606610
_SCAN_ARGUMENT = struct.Struct("=12Q")
_PRESENT, _SWAPPED, _ZERO, _HUGE = 1 << 3, 1 << 4, 1 << 5, 1 << 6

# As many regions are asked for at a time.
_REGIONS = 4096

# Reading an entry where nothing is takes the kernel a hundredth of what it
# takes Python to see to a region.
_COARSE = 64

# From as many words on the reading of them is shared out to two threads, if as
# many are read in one piece: the kernel reads without holding Python up, but
# to start a thread takes time, and so does each time they wait for each other.
_SHARED_OUT = 16 * 1024
_LONG = 256

# struct procmap_query: size, query_flags, query_addr, vma_start, vma_end,
# vma_flags, vma_page_size, vma_offset, inode, dev_major, dev_minor,
# vma_name_size, build_id_size, vma_name_addr, build_id_addr.
_QUERY = 0xC0686611
_QUERY_ARGUMENT = struct.Struct("=9Q2I2I2Q")

# An old kernel says ENOTTY; one that knows the request but not what is asked
# of it says EINVAL.
_NOT_THERE = frozenset({errno.ENOTTY, errno.EINVAL, errno.ENOSYS, errno.EPERM})


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """
    *size* bytes from *offset* on, fewer only at the end of the file.
    """
    data = os.pread(descriptor, size, offset)
    if len(data) == size or not data:
        return data
    chunks = [data]
    read = len(data)
    while read < size and (data := os.pread(descriptor, size - read, offset + read)):
        chunks.append(data)
        read += len(data)
    return b"".join(chunks)


def read_long_at(descriptor: int, size: int, offset: int) -> bytes:
    """
    The same, by two threads if it is worth while.
    """
    if size < _SHARED_OUT * _ENTRY or not _has_two_cores():
        return read_at(descriptor, size, offset)
    half = size // (2 * _ENTRY) * _ENTRY
    first, second = _both(
        lambda: read_at(descriptor, half, offset),
        lambda: read_at(descriptor, size - half, offset + half),
    )
    # After an end there is nothing, even if the end came in between.
    return first + second if len(first) == half else first


def _has_two_cores() -> bool:
    return len(os.sched_getaffinity(0)) > 1


def _both(one: abc.Callable[[], _T], two: abc.Callable[[], _T]) -> tuple[_T, _T]:
    """
    What both give, the first of them asked by a thread of its own.
    """
    # Few programs need it, and those can wait.
    import threading

    found: list[_T] = []
    failed: list[OSError | MemoryError] = []

    def ask() -> None:
        try:
            found.append(one())
        except (OSError, MemoryError) as exc:
            failed.append(exc)

    thread = threading.Thread(target=ask)
    try:
        thread.start()
    except RuntimeError:
        # No more threads, by a limit or at the end of the program.
        return one(), two()
    try:
        second = two()
    finally:
        thread.join()
    if failed:
        raise failed[0]
    return found[0], second


class LivePagemap(Handle):
    """
    The page table of a process; without a descriptor if it has none.
    """

    __slots__ = ("_file", "_page_size", "_process")

    def __init__(self, process: LiveProcess, file: str, descriptor: int | None) -> None:
        super().__init__(descriptor)
        self._process = process
        self._file = file
        self._page_size = process.source.page_size

    def read(self, address: int, pages: int) -> bytes:
        if (descriptor := self.descriptor) is None:
            return b""
        offset = address // self._page_size * _ENTRY
        try:
            return read_long_at(descriptor, pages * _ENTRY, offset)
        except OSError as exc:
            return self._process.no_content(exc, self._file)

    def regions(
        self, start: int, end: int, *, only_huge: bool = False
    ) -> list[Region] | None:
        if only_huge:
            return self._scan(start, end, every=_HUGE, any_of=0)
        return self._scan(start, end, every=0, any_of=_PRESENT | _SWAPPED)

    def zero_pages(self, start: int, end: int) -> list[Region] | None:
        return self._scan(start, end, every=_ZERO, any_of=0, exact=True)

    def _scan(
        self, start: int, end: int, *, every: int, any_of: int, exact: bool = False
    ) -> list[Region] | None:
        if (descriptor := self.descriptor) is None:
            return []
        found: list[Region] = []
        vector = array.array("Q", bytes(3 * _ENTRY * _REGIONS))
        argument = bytearray(_SCAN_ARGUMENT.size)
        returned = _REGIONS
        while returned == _REGIONS:
            _SCAN_ARGUMENT.pack_into(
                argument,
                0,
                *(len(argument), 0, start, end, 0),
                *(vector.buffer_info()[0], _REGIONS),
                *(0, 0, every, any_of, _HUGE),
            )
            try:
                returned = fcntl.ioctl(descriptor, _SCAN, argument)
            except OSError as exc:
                if exc.errno in _NOT_THERE:
                    return None
                # No address space any more, or above what it can hold, where
                # x86 lists [vsyscall].
                if exc.errno in {errno.ESRCH, errno.EFAULT}:
                    return found
                raise
            coarse = 0 if exact else _COARSE * self._page_size
            found += _regions(vector, returned, coarse)
            # With more than 512 regions the kernel's own walk_end may lie
            # before the last of them (Linux 6.7 to 7.3 at least).
            walk_end = _SCAN_ARGUMENT.unpack(argument)[4]
            start = max(walk_end, found[-1].end) if found else end
        return found

    def is_bound(self) -> bool:
        # Every address has an entry, the lowest too, while there is a table.
        return len(self.read(0, 1)) == _ENTRY

    def __repr__(self) -> str:
        return f"<{self._file} of {self._process!r}>"


def _regions(vector: array.array[int], count: int, coarse: int) -> abc.Iterator[Region]:
    """
    The regions in *vector*, or one for all of them if they take less than
    *coarse* bytes each.
    """
    numbers = vector[: 3 * count].tolist()
    if count == _REGIONS and not any(n & _HUGE for n in numbers[2::3]):
        span = numbers[-2] - numbers[0]
        if span < coarse * count:
            # So many that looking at each by itself would take longer than
            # looking at what is between them.
            yield Region(numbers[0], numbers[-2], huge=False)
            return
    for start, end, categories in zip(
        numbers[::3], numbers[1::3], numbers[2::3], strict=True
    ):
        yield Region(start, end, bool(categories & _HUGE))


class LiveFrames(Handle):
    """
    ``kpagecount`` and its like.
    """

    __slots__ = ()

    def read(self, spans: abc.Sequence[Span]) -> bytes:
        # open_frames() gives no object without a descriptor.
        descriptor = self.descriptor or 0
        total = sum([b - a for a, b in spans])
        if total < max(_SHARED_OUT, _LONG * len(spans)) or not _has_two_cores():
            data = _words_of(descriptor, spans)
        else:
            first, second = _halves(spans, total)
            data = b"".join(
                _both(
                    lambda: _words_of(descriptor, first),
                    lambda: _words_of(descriptor, second),
                )
            )
        if len(data) == total * _ENTRY:
            return data
        # Past the last frame of the machine there is no memory to count.
        return b"".join(
            [
                read_at(descriptor, _ENTRY * (b - a), _ENTRY * a).ljust(
                    _ENTRY * (b - a), b"\0"
                )
                for a, b in spans
            ]
        )


def _words_of(descriptor: int, spans: abc.Iterable[Span]) -> bytes:
    pread = os.pread
    return b"".join([pread(descriptor, _ENTRY * (b - a), _ENTRY * a) for a, b in spans])


def _halves(spans: abc.Sequence[Span], total: int) -> tuple[list[Span], list[Span]]:
    """
    The spans in two portions of as many frames.
    """
    ends = list(accumulate([b - a for a, b in spans]))
    place = bisect.bisect_left(ends, total // 2)
    start, end = spans[place]
    middle = end - (ends[place] - total // 2)
    first, second = (start, middle), (middle, end)
    return [*spans[:place], first], [second, *spans[place + 1 :]]


def open_frames(path: str) -> LiveFrames | None:
    """
    Open a file of frames, or give None if it is missing, masked or not
    permitted.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    frames = LiveFrames(descriptor)
    if is_masked(descriptor) or not _has_content(descriptor):
        frames.close()
        return None
    return frames


def _has_content(descriptor: int) -> bool:
    try:
        return len(os.pread(descriptor, _ENTRY, 0)) == _ENTRY
    except OSError:
        return False


def page_size_at(maps: int, address: int) -> int | None:
    """
    Size of the pages of the mapping at *address*; *maps* is a descriptor.
    """
    argument = bytearray(
        _QUERY_ARGUMENT.pack(_QUERY_ARGUMENT.size, 0, address, *[0] * 12)
    )
    try:
        fcntl.ioctl(maps, _QUERY, argument)
    except OSError:
        return None
    size: int = _QUERY_ARGUMENT.unpack(argument)[6]
    return size
