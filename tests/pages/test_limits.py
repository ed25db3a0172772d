"""
How far a walk goes, and what is said of one that did not come to its end.
"""

from __future__ import annotations

import struct
import threading

import pytest

import procmem
from procmem.errors import AccessDeniedError
from procmem.flags import PageFlag
from procmem.formats.words import native
from procmem.pagetable.table import Extent
from procmem.sources.memory import _Pagemap
from procmem.walk.blocks import STRETCH, Block, Selected
from procmem.walk.limits import Limits
from procmem.walk.shmem import SharedMemory
from procmem.walk.table import read_pages
from procmem.walk.walker import Walker
from tests.cli_machine import status
from tests.pagemap_machine import pages_machine
from tests.pages.tables import FILE, PRESENT

PAGE = 4096

_OVERLAY = b"00001000-00003000 r--s 00000000 00:2a 7      /opt/data\n"
_FLAGS = b"KernelPageSize: 4 kB\nVmFlags: rd \n"
_HEAD, _TAIL = int(PageFlag.COMPOUND_HEAD), int(PageFlag.COMPOUND_TAIL)


class TestLimits:
    def test_none(self) -> None:
        """
        Without a limit a walk goes on, however much was looked at.
        """
        limits = Limits()
        limits.count(1 << 60)

        assert not limits.stop()
        assert (1 << 60, None) == (limits.pages, limits.reached)

    def test_pages(self) -> None:
        """
        The last page that is allowed ends it, and not the one before.
        """
        limits = Limits(page_limit=3)
        limits.count(2)
        assert not limits.stop()
        limits.count(1)

        assert limits.stop()
        assert "the limit of 3 pages was reached" == limits.reached

    def test_time(self) -> None:
        """
        So does the time, which is up at once if there is none.
        """
        limits, patient = Limits(time_limit=0), Limits(time_limit=1e9)

        assert limits.stop()
        assert "the time limit of 0 s was reached" == limits.reached
        assert not patient.stop()

    def test_cancelled(self) -> None:
        """
        It ends when it is cancelled, before any other limit counts, and stays
        ended for that reason.
        """
        cancel = threading.Event()
        limits = Limits(cancel=cancel, page_limit=1)
        assert not limits.stop()
        cancel.set()
        limits.count(5)
        assert limits.stop()
        cancel.clear()

        assert limits.stop()
        assert "it was cancelled" == limits.reached

    def test_progress(self) -> None:
        """
        Whoever wants to know is told of each piece, and not of the sum.
        """
        told: list[int] = []
        limits = Limits(progress=told.append)
        for pages in (3, 4):
            limits.count(pages)

        assert [3, 4] == told
        assert 7 == limits.pages


class TestCutShort:
    def test_table(self) -> None:
        """
        A table that ends before the process does says which limit it was.
        """
        found = procmem.pages(1, source=pages_machine(), page_limit=0)
        whole = procmem.pages(1, source=pages_machine())

        assert (0, 6) == (len(found), len(whole))
        assert (
            "pages that were not looked at: the limit of 0 pages was reached"
        ) in found.evidence.missing
        assert not whole.evidence.missing

    def test_true_uss(self) -> None:
        """
        A figure that lacks pages would be wrong, so there is none.
        """
        source = pages_machine()
        with pytest.raises(procmem.UnsupportedError) as caught:
            procmem.true_uss(1, source=source, time_limit=0)

        assert "true_uss" == caught.value.file
        assert "the time limit of 0 s was reached" in caught.value.needs
        assert PAGE == procmem.true_uss(1, source=source)

    def test_options_of_the_kernels_sums(self) -> None:
        """
        What the kernel adds up by itself knows no limits: to give one is an
        error that names it.
        """
        for ask in (procmem.usage, procmem.mappings):
            with pytest.raises(
                TypeError, match=r"^page_limit: for method='pages' only"
            ):
                ask(1, method="kernel", page_limit=1, source=pages_machine())


class TestAnotherProgram:
    @pytest.mark.parametrize("what", ["pages", "true_uss"])
    def test_read_again(self, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Pages of an address space that was given up while it was read count
        for nothing: it is read again.
        """
        # Bound to its process when the walk begins, and then not at its end.
        answers = [True, False]
        monkeypatch.setattr(
            _Pagemap, "is_bound", lambda _: answers.pop(0) if answers else True
        )
        source = pages_machine()
        progress: list[int] = []
        if what == "pages":
            table = procmem.pages(1, source=source, progress=progress.append)
            assert 6 == len(table)
        else:
            found = procmem.true_uss(1, source=source, progress=progress.append)
            assert PAGE == found
        assert not answers
        # Each of the six was looked at twice.
        assert 12 == sum(progress)

    def test_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Whatever fails once the page table is open, it is let go.
        """
        closed: list[_Pagemap] = []

        def close(self: _Pagemap) -> None:
            closed.append(self)

        monkeypatch.setattr(_Pagemap, "close", close)
        source = pages_machine()
        error = AccessDeniedError(1, "maps", "the same user")
        files = {**source.processes[1], "smaps": error, "maps": error}
        with procmem.InMemory(processes={1: files}).pin(1) as process:
            with pytest.raises(AccessDeniedError) as caught:
                Walker.open(process, "", limits=Limits(), check_drift=True)

            assert "maps" in str(caught.value)
            assert 1 == len(closed)


def test_snapshot_with_pages() -> None:
    """
    A snapshot has the pages of the process if they are asked for.
    """
    source = pages_machine()
    files = {
        **source.processes[1],
        "stat": b"1 (worker) S 0 0 0 0 -1 0" + b" 0" * 43 + b"\n",
    }
    source = procmem.InMemory(processes={1: files}, frame_files=source.frame_files)
    with source.pin(1) as process:
        expected = read_pages(process)
    found = procmem.snapshot(1, pages=True, source=source).pages

    assert found is not None
    assert list(expected) == list(found)
    assert procmem.snapshot(1, source=source).pages is None


def _is_shared(flags: dict[int, int]) -> bool | None:
    """
    Whether a file on an overlay is shared memory, by the flags of its frames,
    of which frame 5 is mapped.
    """
    words = [0, 0, PRESENT | FILE | 5]
    source = procmem.InMemory(
        processes={
            1: {
                "status": status(),
                "maps": _OVERLAY,
                "smaps": _OVERLAY + b"Size: 8 kB\n" + _FLAGS,
                "pagemap": struct.pack("<3Q", *words),
            }
        },
        frame_files={"kpagecount": {5: 1}, "kpageflags": flags},
    )
    with source.pin(1) as process:
        walker = Walker.open(process, "", limits=Limits(), check_drift=False)
        assert walker is not None
        with walker:
            return SharedMemory(walker).is_shared(0)


class TestLargePages:
    @pytest.mark.parametrize("is_shared", [True, False])
    def test_flags_of_the_head(self, is_shared: bool) -> None:
        """
        Of a page that is the tail of a large one it is the head that says
        whether swap backs it, however far before it is.
        """
        head = _HEAD | int(PageFlag.SWAPBACKED) * is_shared
        other = int(PageFlag.SWAPBACKED) * (not is_shared)
        flags = {2: other, 3: head, 4: _TAIL, 5: _TAIL}

        assert is_shared is _is_shared(flags)

    @pytest.mark.parametrize(
        ("huge", "chosen", "expected"),
        [
            (True, STRETCH, [7 * STRETCH]),
            (False, STRETCH, None),
            (True, STRETCH - 1, None),
        ],
        ids=["all of huge ones", "small ones", "not all"],
    )
    def test_stretches(
        self, huge: bool, chosen: int, expected: list[int] | None
    ) -> None:
        """
        Frames are asked about by the stretch where huge entries map them and
        all are wanted; else one by one.
        """
        frames = [7 * STRETCH + place for place in range(STRETCH)]
        raw = struct.pack(f"<{STRETCH}Q", *(PRESENT | frame for frame in frames))
        extents = (Extent(0, STRETCH),)
        block = Block(extents=extents, raw=native(raw, "little"), huge=huge)
        mask = bytes([1]) * chosen + bytes(STRETCH - chosen)
        selected = Selected(block, mask, chosen)

        assert expected == selected.stretches()
        assert frames[:chosen] == list(selected())
