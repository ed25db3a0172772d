"""
What counting pages cannot do without: the entries of a process, and how often
each of its frames is mapped.

Both are read in large pieces by one thread, and nobody looks at them.  Where
to read is found out before.
"""

from __future__ import annotations

import array
import mmap
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

_WORD = 8
# So many words are read at a time.
_MOST = 256 * 1024
# Frames between two that are needed are read along up to this many, which
# takes the kernel less time than another call.
_GAP = 16

_PRESENT, _EXCLUSIVE, _FRAME = 1 << 63, 1 << 56, (1 << 55) - 1

# Above lies the kernel's half, which has no entries.
_USER = 1 << 63

Pieces = list[tuple[int, int]]
"""Where to read in a file, and how much, in bytes."""


class Floor:
    """
    The reads for one process; a context manager that closes the files.

    Args:
        pid: The process.

        exclusive: Whether the frames are needed too of which the kernel says
            that they are mapped once, as with huge pages.
    """

    def __init__(self, pid: int, *, exclusive: bool = False) -> None:
        self._pagemap = os.open(f"/proc/{pid}/pagemap", os.O_RDONLY)
        self._counts = os.open("/proc/kpagecount", os.O_RDONLY)
        self._entries = _pieces(_ranges(pid))
        hidden = 0 if exclusive else _EXCLUSIVE
        words = self._words()
        self.present = [word & _FRAME for word in words if word & _PRESENT]
        needed = {
            word & _FRAME for word in words if word & _PRESENT and not word & hidden
        }
        self.spans = list(_spans(sorted(needed)))
        self._needed = _pieces(self.spans)

    def _words(self) -> array.array[int]:
        words = array.array("Q")
        for offset, size in self._entries:
            words.frombytes(os.pread(self._pagemap, size, offset))
        return words

    def read_entries(self) -> None:
        """
        All entries of all mappings.
        """
        for offset, size in self._entries:
            os.pread(self._pagemap, size, offset)

    def read_counts(self) -> None:
        """
        The counts of the frames that are needed.
        """
        for offset, size in self._needed:
            os.pread(self._counts, size, offset)

    def read(self) -> None:
        """
        Both.
        """
        self.read_entries()
        self.read_counts()

    def read_one_by_one(self, pages: int) -> None:
        """
        The counts of so many frames, with a call for each page and each
        frame, as it is mostly done.
        """
        start = self._entries[0][0]
        for page, frame in enumerate(self.present[:pages]):
            os.pread(self._pagemap, _WORD, start + page * _WORD)
            os.pread(self._counts, _WORD, frame * _WORD)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._pagemap)
        os.close(self._counts)


def frames_are_shown() -> bool:
    """
    Whether this process may see frames and how often each is mapped.
    """
    block = mmap.mmap(-1, mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    block[0] = 1
    try:
        with Floor(os.getpid()) as floor:
            return any(floor.present)
    except OSError:
        return False


def _ranges(pid: int) -> Iterator[tuple[int, int]]:
    """
    The pages of each mapping: the first, and the one past the last.
    """
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        start, end = (int(text, 16) for text in line.split()[0].split("-"))
        if start < _USER:
            yield start // mmap.PAGESIZE, end // mmap.PAGESIZE


def _spans(ordered: list[int]) -> Iterator[tuple[int, int]]:
    """
    Frames in ascending order, those close together as one stretch.
    """
    first = last = None
    for frame in ordered:
        if last is None or first is None:
            first = frame
        elif frame - last - 1 > _GAP:
            yield first, last + 1
            first = frame
        last = frame
    if first is not None and last is not None:
        yield first, last + 1


def _pieces(ranges: Iterable[tuple[int, int]]) -> Pieces:
    return [
        (start * _WORD, (min(end, start + _MOST) - start) * _WORD)
        for first, end in ranges
        for start in range(first, end, _MOST)
    ]
