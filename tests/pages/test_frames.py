"""
Asking about many frames at once, beside asking about one after the other.
"""

from __future__ import annotations

import random
import sys
from collections import Counter, abc
from itertools import chain
from typing import Self

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from procmem.formats.words import ByteOrder
from procmem.walk import frames
from procmem.walk.frames import FrameCounts

# Room for several windows of the map, and for frames past its end.
_WINDOW = 256
_HIGHEST = 4 * _WINDOW


@attrs.frozen
class Words:
    """
    A file of frames in which frame *n* has the *n*-th word.
    """

    words: tuple[int, ...]

    def read(self, spans: abc.Sequence[tuple[int, int]]) -> bytes:
        """
        The words of some frames.
        """
        return b"".join(
            self.words[frame].to_bytes(8, sys.byteorder)
            for first, end in spans
            for frame in range(first, end)
        )

    def close(self) -> None:
        """
        Nothing is held.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@attrs.frozen
class Asked:
    """
    Frames that are asked for.
    """

    frames: list[int]
    firsts: list[int] | None = None

    def __call__(self) -> abc.Iterable[int]:
        """
        All of them.
        """
        return self.frames

    def stretches(self) -> list[int] | None:
        """
        Where they begin, if they come in stretches.
        """
        return self.firsts

    def __len__(self) -> int:
        return len(self.frames)


def words(largest: int) -> st.SearchStrategy[Words]:
    """
    Files in which most words are small.
    """

    def make(seed: int) -> Words:
        # Not drawn one by one, which would take most of the time of a test.
        chance = random.Random(seed)
        high = largest if seed % 3 == 0 else 3
        numbers = (chance.randint(0, high) for _ in range(_HIGHEST + _WINDOW))
        return Words(tuple(numbers))

    return st.integers(0, 1000).map(make)


def asked() -> st.SearchStrategy[list[int]]:
    """
    Some of them scattered, some in a row, some twice.
    """
    scattered = st.lists(st.integers(0, _HIGHEST - 1), max_size=40)
    row = st.tuples(st.integers(0, _HIGHEST - 20), st.integers(1, 20)).map(
        lambda pair: list(range(pair[0], pair[0] + pair[1]))
    )
    rows = st.lists(row, max_size=4).map(lambda some: list(chain(*some)))
    return st.builds(lambda a, b: a + b + a[:3], scattered, rows)


@pytest.fixture(autouse=True, params=["sorted", "marked"])
def _small(request: pytest.FixtureRequest) -> abc.Iterator[None]:
    """
    Both ways to find out which frames lie together, with a small map.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "_WINDOW", _WINDOW)
        patch.setattr(frames, "STRETCH", 4)
        patch.setattr(frames, "_FEW", 10**6 if request.param == "sorted" else 0)
        yield


class TestFrameCounts:
    @given(words(2**32 - 1), asked())
    def test_histogram(self, file: Words, some: list[int]) -> None:
        """
        Each frame counts as often as it is asked for, under its own word, and
        those with 0 do not.
        """
        expected = Counter(file.words[frame] for frame in some)
        del expected[0]

        counts = FrameCounts(file, sys.byteorder)

        assert expected == counts.histograms([Asked(some)])[0]
        # The marks of one question are gone before the next.
        assert expected == counts.histograms([Asked(some)])[0]

    @given(words(9), st.lists(asked(), max_size=5))
    def test_together(self, file: Words, questions: list[list[int]]) -> None:
        """
        Several questions are answered as each by itself.
        """
        counts = FrameCounts(file, sys.byteorder)
        alone = [counts.histograms([Asked(some)])[0] for some in questions]

        assert alone == counts.histograms([Asked(some) for some in questions])

    @given(
        words(2**32 - 1),
        st.lists(st.integers(0, _HIGHEST // 4 - 1), min_size=1, max_size=20),
    )
    def test_stretches(self, file: Words, numbers: list[int]) -> None:
        """
        So it is with frames that come in stretches, as those of huge pages.
        """
        firsts = [4 * number for number in numbers]
        some = [first + place for first in firsts for place in range(4)]
        expected = Counter(file.words[frame] for frame in some)
        del expected[0]
        counts = FrameCounts(file, sys.byteorder)
        question = Asked(some, firsts)

        assert expected == counts.histograms([question])[0]
        expected_odd = sum(file.words[frame] % 2 for frame in some)
        assert expected_odd == counts.count_where(question, lambda n: bool(n % 2))

    @given(words(2**64 - 1), asked())
    def test_count_where(self, file: Words, some: list[int]) -> None:
        """
        So it is with questions about single words.
        """
        expected = sum(file.words[frame] % 2 for frame in some)
        counts = FrameCounts(file, sys.byteorder)

        assert expected == counts.count_where(Asked(some), lambda word: bool(word % 2))

    @given(words(2**64 - 1), asked())
    def test_values(self, file: Words, some: list[int]) -> None:
        """
        The words come in the order of the frames.
        """
        counts = FrameCounts(file, sys.byteorder)

        assert [file.words[frame] for frame in some] == counts.values(some)

    @given(words(2**64 - 1), st.integers(0, _HIGHEST - 1))
    def test_word(self, file: Words, frame: int) -> None:
        """
        One frame can be asked about by itself.
        """
        assert file.words[frame] == FrameCounts(file, sys.byteorder).word(frame)

    @given(words(9), asked())
    def test_other_byte_order(self, file: Words, some: list[int]) -> None:
        """
        Words of another byte order are turned round.
        """

        @attrs.frozen
        class Turned(Words):
            def read(self, spans: abc.Sequence[tuple[int, int]]) -> bytes:
                data = super().read(spans)
                return b"".join(
                    data[place : place + 8][::-1] for place in range(0, len(data), 8)
                )

        other: ByteOrder = "big" if sys.byteorder == "little" else "little"
        expected = FrameCounts(file, sys.byteorder)
        turned = FrameCounts(Turned(file.words), other)

        assert expected.histograms([Asked(some)]) == turned.histograms([Asked(some)])
