"""
Everything that a table says about all its pages, beside what they say one by
one.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem.flags import PageFlag, PageState
from procmem.pagetable.table import Extent, PageTable
from tests.pages import tables as slow
from tests.pages.tables import tables


class TestAgreesWithObjects:
    @given(tables())
    def test_states(self, table: PageTable) -> None:
        """
        The state of each page is that of its object.
        """
        codes = table.states

        assert [page.state for page in table] == [table.state_of(c) for c in codes]
        assert slow.by_state(table) == table.by_state()
        for state in PageState:
            expected = sum(page.state is state for page in table)

            assert expected == table.count(state)

    @given(tables(counts=True))
    def test_sharers(self, table: PageTable) -> None:
        """
        The histogram of sharers is that of the resident pages.
        """
        found = table.by_sharers()

        assert slow.by_sharers(table) == found
        assert sorted(found) == list(found)

    @given(tables(flags=True))
    def test_flags(self, table: PageTable) -> None:
        """
        Every flag that occurs is counted, those without a name too.
        """
        assert slow.by_flag(table) == table.by_flag()

    @given(tables(counts=True))
    def test_sums(self, table: PageTable) -> None:
        """
        The sums are those over the objects.
        """
        assert sum(page.rss or 0 for page in table) == table.rss
        assert sum(page.uss or 0 for page in table) == table.uss
        assert sum(page.shared or 0 for page in table) == table.shared
        assert slow.pss(table) == table.pss
        assert slow.pss_exact(table) == table.pss_exact

    @given(tables())
    def test_swap(self, table: PageTable) -> None:
        """
        What is swapped out and what is of hugetlbfs needs no counts.
        """
        huge = sum(page.state is PageState.HUGETLB for page in table)

        assert sum(page.swap for page in table) == table.swap
        assert huge * table.page_size == table.hugetlb

    @given(tables())
    def test_runs(self, table: PageTable) -> None:
        """
        Runs are the pages in a row of one state, and cover every page.
        """
        found = list(table.runs())

        assert list(slow.runs(table)) == found
        covered = sum(run.end - run.start for run in found)
        assert len(table) * table.page_size == covered

    @given(tables(), st.data())
    def test_parts(self, table: PageTable, data: st.DataObject) -> None:
        """
        What holds for a table holds for each part of it.
        """
        first = data.draw(st.integers(0, len(table)))
        last = data.draw(st.integers(first, len(table)))
        part = table[first:last]

        assert slow.by_state(list(table)[first:last]) == part.by_state()
        assert list(slow.runs(part)) == list(part.runs())

    @given(tables(counts=True))
    def test_accounting(self, table: PageTable) -> None:
        """
        The pure sums take a table, and any iterable of pages, alike.
        """
        for name in ("rss", "pss", "uss", "shared", "swap"):
            function = getattr(procmem.accounting, name)

            assert getattr(table, name) == function(table)
            assert function(iter(table)) == function(table)


class TestMissing:
    @given(tables(counts=False))
    def test_no_counts(self, table: PageTable) -> None:
        """
        Without sharers nothing that depends on them is a number.
        """
        for name in ("rss", "uss", "shared", "pss", "pss_exact"):
            with pytest.raises(procmem.UnsupportedError):
                getattr(table, name)
        with pytest.raises(procmem.UnsupportedError):
            table.by_sharers()

    @given(tables(flags=False))
    def test_no_flags(self, table: PageTable) -> None:
        """
        Without flags none are counted.
        """
        with pytest.raises(procmem.UnsupportedError):
            table.by_flag()


class TestBigCounts:
    @pytest.mark.parametrize("sharers", [255, 256, 65_535, 65_536, 1 << 24])
    def test_share(self, sharers: int) -> None:
        """
        A page is divided by as many as share it, however many bytes it takes
        to say so.
        """
        pages = 1000
        table = PageTable(
            entries=memoryview((1 << 63 | 1).to_bytes(8, "little") * pages).cast("Q"),
            counts=memoryview(sharers.to_bytes(4, "little") * pages).cast("I"),
            extents=(Extent(0, pages),),
            page_size=4096,
        )

        assert {sharers: pages} == table.by_sharers()
        assert pages * ((4096 << 12) // sharers) >> 12 == table.pss
        assert {PageState.SHARED: pages} == table.by_state()


def test_hugetlb_flag() -> None:
    """
    A present page with the flag HUGE is of hugetlbfs, whatever its mapping.
    """
    flags = int(PageFlag.HUGE | PageFlag.ANON)
    table = PageTable(
        entries=memoryview((1 << 63 | 1).to_bytes(8, "little") + bytes(8)).cast("Q"),
        counts=memoryview((1).to_bytes(4, "little") + bytes(4)).cast("I"),
        flags=memoryview(flags.to_bytes(8, "little") + bytes(8)).cast("Q"),
        extents=(Extent(0, 2),),
        page_size=4096,
    )

    assert {PageState.HUGETLB: 1, PageState.ABSENT: 1} == table.by_state()
    assert 0 == table.rss == table.pss
    assert 4096 == table.hugetlb
