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
import operator
from collections import Counter, abc
from itertools import chain, compress, count, islice, repeat, starmap
from typing import NamedTuple, Protocol

from procmem.formats.words import WORD, ByteOrder, native
from procmem.pagetable.columns import LITTLE, both, histogram
from procmem.sources.base import Frames, Span
from procmem.walk.blocks import STRETCH

__all__ = ["FrameCounts", "Marked"]

# The map covers this many frames: 32 GiB of 4 KiB pages in 8 MiB.
_WINDOW = 8 * 1024**2

# Reading a frame costs the kernel a tenth of what a call of its own costs, so
# pieces are joined over gaps up to this many frames.
_GAP = bytes(17)

_MARK = 0xFF

# Made by calloc() and never written to, so that it takes no memory.
_ZEROS = memoryview(bytes(_WINDOW))

# Where each word is looked at in Python, less between is worth while.
_NEAR = 4

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

    def stretches(self) -> list[int] | None:
        """
        The first frame of each :data:`~procmem.walk.blocks.STRETCH`, if the
        frames come in nothing else; None if they do not, or if that is not
        worth finding out.
        """
        ...


class Marked(NamedTuple):
    """
    Words of some frames, and of others that lie between.

    Attributes:
        words: 8 bytes a frame, in the byte order of this machine.

        marks: 0xFF for each that was asked for, else 0; None if all were.
    """

    words: bytes
    marks: bytes | None

    @property
    def asked(self) -> int:
        """
        How many were asked for.
        """
        marks = self.marks
        return len(self.words) // WORD if marks is None else marks.count(_MARK)

    def those(self) -> abc.Iterable[int]:
        """
        The words that were asked for.
        """
        words = memoryview(self.words).cast("Q")
        return words if self.marks is None else compress(words, self.marks)


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

    def histograms(self, questions: abc.Sequence[FrameList]) -> list[dict[int, int]]:
        """
        For each of some lists of frames: for each number of mappings, how many
        of the frames have it; 0 is left out.
        """
        few = [frames() for frames in questions if len(frames) <= _FEW]
        values = iter(self.values(list(chain.from_iterable(few))))
        return [
            _times(islice(values, len(frames)))
            if len(frames) <= _FEW
            else self._histogram(frames)
            for frames in questions
        ]

    def _histogram(self, frames: FrameList) -> dict[int, int]:
        found: Counter[int] = Counter()
        asked = 0
        for marked in self._marked(frames):
            asked += marked.asked
            low = marked.words[_LOW::8]
            zeros = bytes(len(low))
            if any(marked.words[place::8] != zeros for place in _HIGHER):
                found.update(marked.those())
                continue
            counts = low if marked.marks is None else both(low, marked.marks)
            for number, pages in histogram(counts).items():
                found[number] += pages
        for frame, more in _repeated(frames, asked):
            found[self.word(frame)] += more
        del found[0]
        return found

    def count_where(self, frames: FrameList, matches: abc.Callable[[int], bool]) -> int:
        """
        How many of *frames* have a word that *matches*.
        """
        if len(frames) <= _FEW:
            return sum(map(matches, self.values(list(frames()))))
        found = asked = 0
        for marked in self._marked(frames):
            asked += marked.asked
            found += sum(map(matches, marked.those()))
        for frame, more in _repeated(frames, asked):
            found += more * matches(self.word(frame))
        return found

    def values(self, frames: abc.Sequence[int]) -> list[int]:
        """
        The word of each of *frames*, in their order.
        """
        spans = _spans_of(sorted(frames))
        words = memoryview(self._read(spans)).cast("Q")
        numbers = chain.from_iterable(starmap(range, spans))
        return list(map(dict(zip(numbers, words, strict=True)).__getitem__, frames))

    def word(self, frame: int) -> int:
        """
        The word of one frame.
        """
        return memoryview(self._read([(frame, frame + 1)])).cast("Q")[0]

    def _marked(self, frames: FrameList) -> abc.Iterator[Marked]:
        """
        The words of many frames, in portions, with those between.  A frame
        that is asked for twice is there once.
        """
        firsts = frames.stretches()
        # A frame that is there twice takes a mark to be told.
        if firsts is not None and len(set(firsts)) == len(firsts):
            yield Marked(self._read(_joined(firsts)), None)
            return
        for base, spans in self._spans(frames):
            marked = self._map
            marks = b"".join([marked[start:end] for start, end in spans])
            self._clear(spans)
            yield Marked(self._read(spans, base), marks)

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
            yield 0, self._spans_in_map()
            return
        ordered = sorted(frames())
        first = 0
        while first < len(ordered):
            base = ordered[first]
            last = bisect.bisect_left(ordered, base + _WINDOW, first)
            self._mark(frame - base for frame in ordered[first:last])
            yield base, self._spans_in_map()
            first = last

    def _mark(self, frames: abc.Iterable[int]) -> None:
        # A plain assignment takes half as long as a call of __setitem__.
        marks = self._map
        for frame in frames:
            marks[frame] = _MARK

    def _spans_in_map(self) -> list[Span]:
        spans: list[Span] = []
        find = self._map.find
        start = find(_MARK)
        while start >= 0:
            end = find(_GAP, start)
            if end < 0:
                end = _WINDOW
            spans.append((start, end))
            start = find(_MARK, end)
        return spans

    def _clear(self, spans: list[Span]) -> None:
        if len(spans) > _FEW:
            spans = [(spans[0][0], spans[-1][1])]
        for first, last in spans:
            self._map[first:last] = _ZEROS[: last - first]

    def _read(self, spans: list[Span], base: int = 0) -> bytes:
        if base:
            spans = [(start + base, end + base) for start, end in spans]
        return native(self._frames.read(spans), self._byteorder)


def _joined(firsts: list[int]) -> list[Span]:
    """
    Stretches that begin with *firsts*, those that meet as one.
    """
    spans: list[Span] = []
    for first in sorted(firsts):
        start = first
        if spans and spans[-1][1] == first:
            start, _ = spans.pop()
        spans.append((start, first + STRETCH))
    return spans


def _spans_of(ordered: list[int]) -> list[Span]:
    """
    Where frames are that come in ascending order; those close together as one.
    """
    if not ordered:
        return []
    steps = map(operator.sub, ordered[1:], ordered)
    breaks = list(compress(count(1), map(operator.lt, repeat(_NEAR), steps)))
    starts = [ordered[place] for place in (0, *breaks)]
    ends = [ordered[place - 1] + 1 for place in (*breaks, len(ordered))]
    return list(zip(starts, ends, strict=True))


def _times(values: abc.Iterable[int]) -> Counter[int]:
    """
    How often each value occurs, except for 0.
    """
    found = Counter(values)
    del found[0]
    return found


def _repeated(frames: FrameList, found: int) -> abc.Iterable[tuple[int, int]]:
    """
    Which of *frames* are there more than once, and how often more; *found* is
    how many different ones there are.

    Only few kinds of pages are twice in one process: the zero page, what KSM
    has merged, what the process maps twice.
    """
    times = Counter(frames()) if found != len(frames) else Counter[int]()
    return [(frame, n - 1) for frame, n in times.items() if n > 1]
