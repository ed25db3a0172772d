"""
What two threads read together, beside what one reads.
"""

from __future__ import annotations

import array
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procmem.sources import pagefiles
from procmem.sources.base import Span
from procmem.sources.pagefiles import LiveFrames, read_long_at

_WORDS = 64
_LOWEST = 1 << 40


@pytest.fixture(name="descriptor", scope="module")
def file_of_words(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """
    A file in which each word tells its place.
    """
    path: Path = tmp_path_factory.mktemp("words") / "words"
    path.write_bytes(_words(0, _WORDS))
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture(autouse=True, params=["two", "one", "none left"])
def _threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """
    A machine with two cores, or one, or no more threads; nothing is too short.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pagefiles, "_SHARED_OUT", 2)
        patch.setattr(pagefiles, "_LONG", 1)
        cores = {0} if request.param == "one" else {0, 1}
        patch.setattr(os, "sched_getaffinity", lambda _: cores)
        if request.param == "none left":
            patch.setattr(Thread, "start", _fail)
        yield


def _fail(_: Thread) -> None:
    raise RuntimeError("can't start new thread")


def _words(first: int, end: int) -> bytes:
    return array.array("Q", range(_LOWEST + first, _LOWEST + end)).tobytes()


_SPANS = st.lists(
    st.builds(
        lambda first, length: (first, first + length),
        st.integers(0, _WORDS + 9),
        st.integers(1, 30),
    ),
    min_size=1,
    max_size=9,
)


@given(st.integers(0, _WORDS + 9), st.integers(0, _WORDS + 9))
def test_words(descriptor: int, first: int, words: int) -> None:
    """
    What lies in a row is read up to the end of the file.
    """
    expected = _words(first, max(first, min(first + words, _WORDS)))

    assert expected == read_long_at(descriptor, words * 8, first * 8)


@given(_SPANS)
def test_spans(descriptor: int, spans: list[Span]) -> None:
    """
    Spans are read in their order, with 0 for what is not there.
    """
    expected = b"".join(
        _words(place, place + 1) if place < _WORDS else bytes(8)
        for first, end in spans
        for place in range(first, end)
    )
    frames = LiveFrames(os.dup(descriptor))
    with frames:
        assert expected == frames.read(spans)


def test_refused(descriptor: int) -> None:
    """
    An error that one of them meets is that of both.
    """
    with pytest.raises(OSError, match="Invalid argument"):
        read_long_at(descriptor, 32, -64)
