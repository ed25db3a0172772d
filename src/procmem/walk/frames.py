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

import bisect
from collections import Counter, abc, deque
from itertools import compress, repeat
from typing import NamedTuple, Protocol

from procmem.formats.words import ByteOrder, native
from procmem.pagetable.columns import LITTLE, both, histogram
from procmem.sources.base import Frames

__all__ = ["FrameCounts", "Marked"]

# The map covers this many frames: 32 GiB of 4 KiB pages in 8 MiB.
_WINDOW = 8 * 1024**2

# Reading a frame costs the kernel a tenth of what a call of its own costs, so
# pieces are joined over gaps up to this many frames.
_GAP = bytes(17)

_MARK = 0xFF

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


class _Listed:
    """
    A sequence of frames, as others are given.
    """

    __slots__ = ("_frames",)

    def __init__(self, frames: abc.Sequence[int]) -> None:
        self._frames = frames

    def __call__(self) -> abc.Iterable[int]:
        return self._frames

    def __len__(self) -> int:
        return len(self._frames)


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

    def __init__(self, frames: Frames, byteorder: ByteOrder) -> None:
        self._frames = frames
        self._byteorder = byteorder
        self._map = bytearray(_WINDOW)

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
            if any(marked.words[place::8].strip(b"\0") for place in _HIGHER):
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
        for base, spans in self._spans(frames):
            words = [self._read(base + start, base + end) for start, end in spans]
            marks = [self._map[start:end] for start, end in spans]
            self._clear(spans)
            yield Marked(b"".join(words), b"".join(marks))

    def values(self, frames: abc.Sequence[int]) -> list[int]:
        """
        The word of each of *frames*, in their order.
        """
        words: dict[int, int] = {}
        for base, spans in self._spans(_Listed(frames)):
            self._clear(spans)
            for start, end in spans:
                piece = memoryview(self._read(base + start, base + end)).cast("Q")
                words.update(zip(range(base + start, base + end), piece, strict=True))
        return list(map(words.__getitem__, frames))

    def word(self, frame: int) -> int:
        """
        The word of one frame.
        """
        return memoryview(self._read(frame, frame + 1)).cast("Q")[0]

    def _spans(
        self, frames: FrameList
    ) -> abc.Iterator[tuple[int, list[tuple[int, int]]]]:
        """
        Where the frames are, in pieces counted from a base.  They are marked
        in the map until they are cleared.
        """
        try:
            self._mark(frames())
        except IndexError:
            self._map = bytearray(_WINDOW)
        else:
            # To find the marks of a few frames, most of the map need not be
            # looked through; of many, finding out which part takes longer.
            few = len(frames) <= _FEW
            first = min(frames(), default=0) if few else 0
            last = max(frames(), default=0) + 1 if few else _WINDOW
            yield 0, self._marked_spans(first, last)
            return
        # On a machine with more memory than the map covers.
        ordered = sorted(frames())
        first = 0
        while first < len(ordered):
            base = ordered[first]
            last = bisect.bisect_left(ordered, base + _WINDOW, first)
            self._mark(frame - base for frame in ordered[first:last])
            yield base, self._marked_spans(0, _WINDOW)
            first = last

    def _mark(self, frames: abc.Iterable[int]) -> None:
        # A deque of length 0 is the fastest way to use an iterator up.
        deque(map(self._map.__setitem__, frames, repeat(_MARK)), maxlen=0)

    def _marked_spans(self, first: int, last: int) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        start = self._map.find(_MARK, first, last)
        while start >= 0:
            end = self._map.find(_GAP, start, last)
            if end < 0:
                end = last
            spans.append((start, end))
            start = self._map.find(_MARK, end, last)
        return spans

    def _clear(self, spans: list[tuple[int, int]]) -> None:
        for start, end in spans:
            self._map[start:end] = bytes(end - start)

    def _repeated(self, frames: FrameList, found: int) -> abc.Iterable[tuple[int, int]]:
        """
        The frames that are asked for more than once, and how often more.

        Only few kinds of pages are twice in one process: the zero page, what
        KSM has merged, what the process maps twice.
        """
        times = Counter(frames()) if found != len(frames) else Counter[int]()
        return [(frame, n - 1) for frame, n in times.items() if n > 1]

    def _read(self, start: int, end: int) -> bytes:
        return native(self._frames.read(start, end - start), self._byteorder)
