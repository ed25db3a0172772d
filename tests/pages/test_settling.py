"""
Pages that move while they are looked at.
"""

from __future__ import annotations

import array
import sys
from collections.abc import Sequence

import pytest

from procmem.pagetable.table import Extent
from procmem.sources.base import Region
from procmem.sources.handles import Unheld
from procmem.walk import settling
from procmem.walk.blocks import Block, read_block
from procmem.walk.settling import Looked, Settling
from tests.pages.tables import PRESENT, SOFT_DIRTY, SWAP

# Migration entries have types right below the highest, which is that of markers:
# include/linux/swap.h.
_MOVING = SWAP | 9 << 5 | 30


def _raw(words: Sequence[int]) -> bytes:
    return array.array("Q", words).tobytes()


def _block(words: Sequence[int]) -> Block:
    return Block(extents=(Extent(0, len(words)),), raw=_raw(words), huge=False)


class Scripted(Unheld):
    """
    A page table that reads differently each time, and in the end the same.
    """

    def __init__(self, *readings: Sequence[int]) -> None:
        self._readings = [*readings]
        self.reads = 0

    def read(self, address: int, pages: int) -> bytes:
        """
        The next reading.
        """
        del address, pages
        self.reads += 1
        left = self._readings
        return _raw(left.pop(0) if len(left) > 1 else left[0])

    def regions(
        self, start: int, end: int, *, only_huge: bool = False
    ) -> list[Region] | None:
        """
        Nothing is known of them.
        """
        del start, end, only_huge
        return None

    def zero_pages(self, start: int, end: int) -> list[Region] | None:
        """
        Nor of those.
        """
        del start, end
        return None

    def is_bound(self) -> bool:
        """
        It always is.
        """
        return True


def _frames(blocks: Sequence[Block]) -> list[list[int]]:
    return [block.frames().tolist() for block in blocks]


def _looked(
    *readings: Sequence[int], check_drift: bool = True
) -> tuple[Looked[list[int]], Settling, Scripted]:
    """
    What is found where the entries read so one time after the other, of which
    the first has been read already.
    """
    pagemap = Scripted(*readings)
    extents = [Extent(0, len(readings[0]))]
    block = read_block(pagemap, extents, False, sys.byteorder)
    state = Settling(pagemap=pagemap, byteorder=sys.byteorder, check_drift=check_drift)
    (found,) = state.look([(3, block)], _frames)
    return found, state, pagemap


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Nobody waits for pages that do not move.
    """
    monkeypatch.setattr(settling, "_PAUSES", (0.0, 0.0, 0.0))


class TestChanged:
    def test_still(self) -> None:
        """
        What reads the same twice is what it was.
        """
        found, state, pagemap = _looked([PRESENT | 1, PRESENT | 2])

        assert (3, [1, 2], 0) == (found.place, found.found, found.unsettled)
        assert (0, 2) == (state.moved, pagemap.reads)

    def test_moved_once(self) -> None:
        """
        A page that has got another frame meanwhile is looked at anew, and the
        answer is that of the new one.
        """
        before, after = [PRESENT | 1, PRESENT | 2], [PRESENT | 1, PRESENT | 7]
        found, state, _ = _looked(before, after)

        assert [1, 7] == found.found == found.block.frames().tolist()
        assert (0, 1) == (found.unsettled, state.moved)

    def test_moved_twice(self) -> None:
        """
        What moves again while it is looked at anew is owned up to.
        """
        found, state, _ = _looked(
            [PRESENT | 1, PRESENT | 2],
            [PRESENT | 1, PRESENT | 7],
            [PRESENT | 5, PRESENT | 8],
        )

        assert [1, 7] == found.found
        assert (2, 1) == (found.unsettled, state.moved)

    def test_not_checked(self) -> None:
        """
        Without the check the entries are not read again.
        """
        found, state, pagemap = _looked([PRESENT | 1], [PRESENT | 7], check_drift=False)

        assert ([1], 0) == (found.found, found.unsettled)
        assert (0, 1) == (state.moved, pagemap.reads)

    def test_written_to(self) -> None:
        """
        A page that was only written to has not moved.
        """
        found, state, _ = _looked([PRESENT | 1], [PRESENT | SOFT_DIRTY | 1])

        assert ([1], 0) == (found.found, found.unsettled)
        assert 0 == state.moved

    def test_cut_off(self) -> None:
        """
        Entries that are missing the second time have gone with their address
        space, and count as changed; so do those that differ.
        """
        before = [PRESENT | frame for frame in (1, 2, 3, 4)]
        found, state, _ = _looked(before, [PRESENT | 9, PRESENT | 2])

        assert [9, 2] == found.found
        assert 2 == found.block.pages == sum(e.pages for e in found.block.extents)
        assert (3, 0) == (state.moved, found.unsettled)


class TestOnTheWay:
    def test_arrives(self) -> None:
        """
        A page on its way is waited for, and found where it then is.
        """
        found, state, _ = _looked([_MOVING, PRESENT | 2], [PRESENT | 6, PRESENT | 2])

        assert ([6, 2], 0) == (found.found, found.unsettled)
        assert 1 == state.moved

    @pytest.mark.parametrize("check_drift", [True, False])
    def test_never_arrives(self, check_drift: bool) -> None:
        """
        But not for ever; those that did not arrive are counted.
        """
        found, state, pagemap = _looked(
            [_MOVING, PRESENT | 2, _MOVING], check_drift=check_drift
        )

        assert 2 == found.unsettled
        # Three times it was waited for two of them.
        assert 3 * 2 == state.moved
        assert 1 + 3 + check_drift == pagemap.reads

    def test_sets_out_while_looked_at(self) -> None:
        """
        One that sets out after the first look, and does not arrive, is counted
        once.
        """
        found, _, _ = _looked([PRESENT | 1], [_MOVING])

        assert 1 == found.unsettled
