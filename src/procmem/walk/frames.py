"""
How many mappings each of many frames has.

``kpagecount`` is read fastest in long pieces, and the frames of a process lie
anywhere.  So the frames are marked in a map of the machine's memory, a byte
for each frame, and what lies close together is read in one piece.  The marks
also sort out again what was read between: "and" with the counts makes those
of frames that were not asked for 0, and a count of 0 adds nothing to any sum.
Marking takes one C call a page and everything else a few a piece, whether the
frames come in order or not.
"""

from __future__ import annotations

import array
import bisect
import operator
import sys
from collections import Counter, abc
from itertools import compress, count
from typing import NamedTuple, Protocol

from procmem.formats.words import WORD, ByteOrder, native
from procmem.pagetable.columns import LITTLE, both, histogram
from procmem.sources.base import Frames, Span

__all__ = ["FrameCounts", "Marked"]

# The map covers this many frames: 32 GiB of 4 KiB pages in 8 MiB.
_WINDOW = 8 * 1024**2

# Reading a frame costs the kernel a tenth of what a call of its own costs, so
# pieces are joined over gaps up to this many frames.
_GAP = bytes(17)

_MARK = 0xFF
_MARKED = b"\xff"

# Pages in a huge page of x86; others have multiples of it.
_ROW = 512

_ASCENDING = int.from_bytes(array.array("Q", range(_ROW)).tobytes(), sys.byteorder)
_ONES = int.from_bytes(array.array("Q", [1] * _ROW).tobytes(), sys.byteorder)

# Made by calloc() and never written to, so that it takes no memory.
_ZEROS = memoryview(bytes(_WINDOW))

# So few frames are sorted rather than marked.
_FEW = 4096

# Where in an 8-byte word of this machine the bytes of a number are, from the
# lowest.  Counts have 32 bits.
_LOW, *_HIGHER = range(4) if LITTLE else range(7, 3, -1)


class FrameList(Protocol):
    """
    Frames that can be gone through more than once.
    """

    def __call__(self) -> abc.Iterable[int]: ...

    def __len__(self) -> int: ...

    @property
    def in_rows(self) -> bool:
        """
        Whether most of them follow each other.
        """
        ...


class Marked(NamedTuple):
    """
    Words of some frames, and of others that lie between.

    Attributes:
        words: 8 bytes a frame, in the byte order of this machine.

        marks: 0xFF for each that was asked for, else 0.
    """

    words: bytes
    marks: bytes


class FrameCounts:
    """
    Asks ``kpagecount`` or ``kpageflags`` about many frames at a time.
    """

    __slots__ = ("_byteorder", "_frames", "_map")

    _byteorder: ByteOrder

    def __init__(self, frames: Frames, byteorder: ByteOrder) -> None:
        self._frames = frames
        self._byteorder = byteorder
        # Made when it is used: few processes are large.
        self._map = bytearray()

    def histogram(self, frames: FrameList) -> dict[int, int]:
        """
        For each number of mappings, how many of *frames* have it; 0 is left
        out.
        """
        found: Counter[int] = Counter()
        asked = 0
        for marked in self.marked(frames):
            asked += marked.marks.count(_MARK)
            low = marked.words[_LOW::8]
            zeros = bytes(len(low))
            if any(marked.words[place::8] != zeros for place in _HIGHER):
                counts = memoryview(marked.words).cast("Q")
                found.update(compress(counts, marked.marks))
            else:
                for count, pages in histogram(both(low, marked.marks)).items():
                    found[count] += pages
        for frame, more in self._repeated(frames, asked):
            found[self.word(frame)] += more
        del found[0]
        return found

    def count_where(self, frames: FrameList, matches: abc.Callable[[int], bool]) -> int:
        """
        How many of *frames* have a word that *matches*.
        """
        found = asked = 0
        for marked in self.marked(frames):
            asked += marked.marks.count(_MARK)
            words = memoryview(marked.words).cast("Q")
            found += sum(map(matches, compress(words, marked.marks)))
        for frame, more in self._repeated(frames, asked):
            found += more * matches(self.word(frame))
        return found

    def marked(self, frames: FrameList) -> abc.Iterator[Marked]:
        """
        The words of *frames*, in pieces, with those between.  A frame that
        is asked for twice is there once.
        """
        if len(frames) <= _FEW:
            ordered = sorted(set(frames()))
            words = self._read(_spans_of(ordered))
            yield Marked(words, _MARKED * len(ordered))
            return
        if frames.in_rows and (rows := _rows_of(frames())):
            words = self._read(rows)
            yield Marked(words, _MARKED * (len(words) // WORD))
            return
        for base, spans in self._spans(frames):
            marks = b"".join([self._map[start:end] for start, end in spans])
            self._clear(spans)
            yield Marked(self._read(spans, base), marks)

    def values(self, frames: abc.Sequence[int]) -> list[int]:
        """
        The word of each of *frames*, in their order.
        """
        found: dict[int, int] = {}
        ordered = sorted(set(frames))
        words = memoryview(self._read(_spans_of(ordered))).cast("Q")
        found.update(zip(ordered, words, strict=True))
        return list(map(found.__getitem__, frames))

    def word(self, frame: int) -> int:
        """
        The word of one frame.
        """
        return memoryview(self._read([(frame, frame + 1)])).cast("Q")[0]

    def _spans(self, frames: FrameList) -> abc.Iterator[tuple[int, list[Span]]]:
        """
        Where the frames are, counted from a base, in as many portions as it
        takes; they are marked in the map until they are cleared.
        """
        if not self._map:
            self._map = bytearray(_WINDOW)
        try:
            self._mark(frames())
        except IndexError:
            # A machine with more memory than the map covers.
            self._map = bytearray(_WINDOW)
        else:
            yield 0, self._marked()
            return
        ordered = sorted(frames())
        first = 0
        while first < len(ordered):
            base = ordered[first]
            last = bisect.bisect_left(ordered, base + _WINDOW, first)
            self._mark(frame - base for frame in ordered[first:last])
            yield base, self._marked()
            first = last

    def _mark(self, frames: abc.Iterable[int]) -> None:
        # A plain assignment takes half as long as a call of __setitem__.
        marks = self._map
        for frame in frames:
            marks[frame] = _MARK

    def _marked(self) -> list[Span]:
        spans: list[Span] = []
        start = self._map.find(_MARK)
        while start >= 0:
            end = self._map.find(_GAP, start)
            if end < 0:
                end = _WINDOW
            spans.append((start, end))
            start = self._map.find(_MARK, end)
        return spans

    def _clear(self, spans: list[Span]) -> None:
        if len(spans) > _FEW:
            spans = [(spans[0][0], spans[-1][1])]
        for first, last in spans:
            self._map[first:last] = _ZEROS[: last - first]

    def _repeated(self, frames: FrameList, found: int) -> abc.Iterable[tuple[int, int]]:
        """
        The frames that are asked for more than once, and how often more.

        Only few kinds of pages are twice in one process: the zero page, what
        KSM has merged, what the process maps twice.
        """
        times = Counter(frames()) if found != len(frames) else Counter[int]()
        return [(frame, n - 1) for frame, n in times.items() if n > 1]

    def _read(self, spans: list[Span], base: int = 0) -> bytes:
        if base:
            spans = [(start + base, end + base) for start, end in spans]
        return native(self._frames.read(spans), self._byteorder)


def _rows_of(frames: abc.Iterable[int]) -> list[Span] | None:
    """
    Where frames are that come in rows, as those of huge pages do; None if
    some do not, or a row is there twice.

    A row of frames as one long integer is that of 0, 1, 2, ... and its first
    frame times that of 1, 1, 1, ...
    """
    if not isinstance(frames, array.array) or len(frames) % _ROW:
        return None
    data, size = frames.tobytes(), _ROW * WORD
    firsts: list[int] = frames[::_ROW].tolist()
    for number, first in enumerate(firsts):
        row = (_ASCENDING + first * _ONES).to_bytes(size, sys.byteorder)
        if data[number * size : (number + 1) * size] != row:
            return None
    if len(set(firsts)) < len(firsts):
        return None
    return [(first, first + _ROW) for first in sorted(firsts)]


def _spans_of(ordered: list[int]) -> list[Span]:
    """
    Frames in ascending order as runs without a gap.
    """
    if not ordered:
        return []
    steps = map(operator.sub, ordered[1:], ordered)
    breaks = list(compress(count(1), map((1).__ne__, steps)))
    starts = [ordered[place] for place in (0, *breaks)]
    ends = [ordered[place - 1] + 1 for place in (*breaks, len(ordered))]
    return list(zip(starts, ends, strict=True))
