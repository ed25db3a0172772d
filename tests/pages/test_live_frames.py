"""
The live files of page frames, and what stands for them where they are hidden.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import procmem
from procmem.flags import PageFlag
from procmem.sources.base import Frames
from tests.children import as_nobody
from tests.pages.memory import PAGE, frame, memory, own

_FILES = ("kpagecount", "kpageflags", "kpagecgroup")

# Far more memory than any machine has.
_BEYOND = 1 << 45


def _opened(file: str) -> Frames:
    found = procmem.ProcFS().frames(file)
    if found is None:
        pytest.skip(f"{file} is for root, and not on every kernel")
    return found


def _numbers(frames: Frames, *spans: tuple[int, int]) -> list[int]:
    return memoryview(frames.read(spans)).cast("Q").tolist()


class TestLive:
    def test_own_page(self) -> None:
        """
        A page that was just written to is mapped once, and anonymous.
        """
        with memory(1) as made, own() as (_, pagemap):
            made.write([0])
            number = frame(pagemap, made.start)
            with _opened("kpagecount") as counts, _opened("kpageflags") as flags:
                (count,) = _numbers(counts, (number, number + 1))
                (word,) = _numbers(flags, (number, number + 1))

            assert 1 == count
            assert PageFlag.ANON | PageFlag.SWAPBACKED in PageFlag(word)

    def test_zero_page(self) -> None:
        """
        The zero page is mapped by nobody, whoever maps it.
        """
        with memory(1) as made, own() as (_, pagemap):
            made.look([0])
            number = frame(pagemap, made.start)
            with _opened("kpagecount") as counts, _opened("kpageflags") as flags:
                assert [0] == _numbers(counts, (number, number + 1))
                (word,) = _numbers(flags, (number, number + 1))

            assert PageFlag.ZERO_PAGE in PageFlag(word)

    @pytest.mark.parametrize("file", _FILES)
    def test_beyond(self, file: str) -> None:
        """
        Past the last frame of the machine every value is 0.
        """
        with _opened(file) as frames:
            assert [0] * 5 == _numbers(frames, (_BEYOND, _BEYOND + 5))

    @pytest.mark.parametrize("file", _FILES)
    def test_across_the_end(self, file: str) -> None:
        """
        What lies across the end is filled up, and what follows is not moved.
        """
        last = _last_frame()
        with _opened(file) as frames:
            inside = _numbers(frames, (last - 9, last + 1))
            spans = [(last - 9, last + 1 + 500_000), (last - 9, last + 1)]
            found = _numbers(frames, *spans)

            assert 500_020 == len(found)
            assert inside == found[:10] == found[-10:]

    def test_spans(self) -> None:
        """
        Spans come one after the other, as if each were read alone.
        """
        with _opened("kpageflags") as frames:
            spans = [(1, 3), (100, 100), (_BEYOND, _BEYOND + 2), (50, 53)]
            together = frames.read(spans)

            assert 8 * 7 == len(together)
            assert b"".join(frames.read([span]) for span in spans[1:3]) == bytes(16)
            assert b"" == frames.read([])


def _last_frame() -> int:
    """
    The highest frame of memory, by /proc/iomem, which root reads whole.
    """
    ranges = [
        line.split(" : ")[0].strip().split("-")
        for line in Path("/proc/iomem").read_text().splitlines()
        if line.endswith(" : System RAM")
    ]
    highest = max((int(end, 16) for _, end in ranges), default=0)
    if not highest:
        pytest.skip("only root sees where memory is")
    return highest // PAGE


class TestHidden:
    def test_missing(self, tmp_path: Path) -> None:
        """
        Where there is no such file there are no frames.
        """
        assert procmem.ProcFS(tmp_path).frames("kpagecount") is None

    def test_masked(self, tmp_path: Path) -> None:
        """
        A file that a container hides behind a device has no frames.
        """
        (tmp_path / "kpagecount").symlink_to("/dev/null")

        assert procmem.ProcFS(tmp_path).frames("kpagecount") is None

    def test_empty(self, tmp_path: Path) -> None:
        """
        Nor has one that is empty, or a folder.
        """
        (tmp_path / "kpagecount").touch()
        (tmp_path / "kpageflags").mkdir()

        assert procmem.ProcFS(tmp_path).frames("kpagecount") is None
        assert procmem.ProcFS(tmp_path).frames("kpageflags") is None

    def test_somebody_else(self) -> None:
        """
        Without rights there are none, and that is no error.
        """
        answer = as_nobody(lambda: str(procmem.ProcFS().frames("kpagecount")))

        assert "None" == answer

    def test_closed(self) -> None:
        """
        What was let go is read no more.
        """
        frames = _opened("kpagecount")
        frames.close()

        with pytest.raises(ValueError, match="let go"):
            frames.read([(0, 1)])
