"""
The live page table: what the kernel tells by itself, beside its entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import procmem
from procmem.sources.base import Pagemap, Region
from tests.children import as_nobody
from tests.pages.memory import PAGE, PRESENT, ends, in_use, memory, own, words


class TestRead:
    def test_entries(self) -> None:
        """
        Each page has the entry that its state asks for.
        """
        with memory(8) as made, own() as (_, pagemap):
            made.write([1, 2])
            made.look([4])
            found = words(pagemap, made.start, made.end)

            assert [1, 2, 4] == [i for i, word in enumerate(found) if word & PRESENT]

    def test_many(self) -> None:
        """
        Any number of entries can be read at once.
        """
        with memory(600_000) as made, own() as (_, pagemap):
            made.write([0, 599_999])
            found = words(pagemap, made.start, made.end)

            assert 600_000 == len(found)
            assert found[0] & found[-1] & PRESENT

    def test_end(self) -> None:
        """
        Past the end of the page table there are no entries.
        """
        with own() as (_, pagemap):
            assert b"" == pagemap.read((1 << 64) - (1 << 23), 1)

    def test_closed(self) -> None:
        """
        A page table that was let go is read no more.
        """
        with procmem.pinned() as process:
            pagemap = process.pagemap()
            pagemap.close()
            pagemap.close()

            with pytest.raises(ValueError, match="let go"):
                pagemap.read(0, 1)


class TestRegions:
    @pytest.mark.parametrize("regions", [1, 511, 512, 513, 700, 1024, 3000])
    def test_alternating(self, regions: int) -> None:
        """
        Every second page is a region of its own, also where the kernel's own
        word on how far it looked is wrong (more than 512).
        """
        with memory(2 * regions) as made, own() as (_, pagemap):
            made.write(range(0, 2 * regions, 2))
            found = pagemap.regions(made.start, made.end)

            assert in_use(pagemap, made.start, made.end) == ends(found)
            assert regions == len(ends(found))

    @pytest.mark.parametrize("regions", [4095, 4096, 4097, 8192, 9000])
    def test_very_many(self, regions: int) -> None:
        """
        Of very many regions several may be one, but none is left out, they
        are in order, and do not overlap.
        """
        with memory(2 * regions) as made, own() as (_, pagemap):
            made.write(range(0, 2 * regions, 2))
            found = ends(pagemap.regions(made.start, made.end))
            used = in_use(pagemap, made.start, made.end)

            assert found == sorted(found)
            borders = [border for region in found for border in region]
            assert borders == sorted(set(borders))
            for start, end in used:
                assert any(first <= start and end <= last for first, last in found)
            assert (used[0][0], used[-1][1]) == (found[0][0], found[-1][1])

    def test_far_apart(self) -> None:
        """
        Very many regions that lie far apart are never one: what is between
        would take longer to look at.
        """
        gap, regions = 80, 5000
        with memory(gap * regions) as made, own() as (_, pagemap):
            made.write(range(0, gap * regions, gap))
            found = ends(pagemap.regions(made.start, made.end))

            assert regions == len(found)
            assert in_use(pagemap, made.start, made.end) == found

    def test_part(self) -> None:
        """
        Regions reach no further than was asked.
        """
        with memory(16) as made, own() as (_, pagemap):
            made.write(range(16))
            found = pagemap.regions(made.start + 3 * PAGE, made.start + 7 * PAGE)

            assert [(made.start + 3 * PAGE, made.start + 7 * PAGE)] == ends(found)

    def test_nothing(self) -> None:
        """
        Where nothing is there are no regions.
        """
        with memory(16) as made, own() as (_, pagemap):
            assert [] == ends(pagemap.regions(made.start, made.end))
            assert [] == ends(pagemap.regions(made.start, made.end, only_huge=True))

    def test_gate(self) -> None:
        """
        What is listed past the end of the page table has no regions.
        """
        listed = procmem.mappings()[-1]
        if listed.name != "[vsyscall]":
            pytest.skip("this machine has no such gate")
        with own() as (_, pagemap):
            assert [] == ends(pagemap.regions(listed.start, listed.end))
            assert [] == ends(pagemap.zero_pages(listed.start, listed.end))


def _huge_size() -> int:
    path = Path("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size")
    return int(path.read_text()) if path.exists() else 0


@contextmanager
def _huge() -> Iterator[tuple[Pagemap, int, int]]:
    """
    The page table, the address of a huge page, and its size.
    """
    size = _huge_size()
    if not size:
        pytest.skip("the kernel has no transparent huge pages")
    with memory(3 * size // PAGE, huge=True) as made, own() as (_, pagemap):
        start = -(-made.start // size) * size
        made.write([(start - made.start) // PAGE])
        found = ends(pagemap.regions(start, start + size, only_huge=True))
        if not found:
            pytest.skip("the kernel gave no huge page")
        yield pagemap, start, size


class TestHuge:
    def test_only_huge(self) -> None:
        """
        What one huge entry maps is one region, and nothing else is.
        """
        with _huge() as (pagemap, start, size):
            whole = Region(start, start + size, huge=True)

            assert [whole] == pagemap.regions(
                start - PAGE, start + size, only_huge=True
            )
            assert [whole] == pagemap.regions(start, start + size)
            assert [whole[:2]] == in_use(pagemap, start, start + size)

    def test_beside_small(self) -> None:
        """
        Small pages beside a huge one are regions of their own.
        """
        with memory(4) as made, own() as (_, pagemap):
            made.write(range(4))

            expected = [Region(made.start, made.end, huge=False)]
            assert expected == pagemap.regions(made.start, made.end)
            assert [] == pagemap.regions(made.start, made.end, only_huge=True)


class TestZeroPages:
    @pytest.mark.parametrize("pages", [2, 1500, 9000, 12_000])
    def test_alternating(self, pages: int) -> None:
        """
        Exactly those pages that were only read are the zero page, however
        many there are.
        """
        with memory(pages) as made, own() as (_, pagemap):
            made.write(range(1, pages, 2))
            made.look(range(0, pages, 2))
            found = ends(pagemap.zero_pages(made.start, made.end))
            expected = [
                (address, address + PAGE)
                for address in range(made.start, made.end, 2 * PAGE)
            ]

            assert expected == found
            # Together with the others they are all that is present.
            assert [(made.start, made.end)] == in_use(pagemap, made.start, made.end)

    def test_as_nobody(self) -> None:
        """
        Without rights the RSS of such memory is that of smaps.
        """
        pages = 12_000

        def differences() -> str:
            with memory(pages) as made:
                made.write(range(1, pages, 2))
                made.look(range(0, pages, 2))
                # A process that changes its user may not be dumped.
                procmem_sees = _sums(made.start, "pages")
                return f"{procmem_sees} {_sums(made.start, 'kernel')}"

        found, kernel = as_nobody(differences).split()

        assert kernel == found


def _sums(start: int, method: str) -> int | None:
    import ctypes

    # PR_SET_DUMPABLE
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
    mappings = (
        procmem.mappings(method="pages")
        if method == "pages"
        else procmem.mappings(method="kernel")
    )
    (usage,) = (m.usage for m in mappings if m.start <= start < m.end)
    assert usage is not None
    value = usage.get("rss")
    assert not isinstance(value, str)
    return value


def test_repr() -> None:
    """
    It says whose page table it is.
    """
    with own() as (_, pagemap):
        assert re.search(r"pagemap of <process \d+", repr(pagemap))
