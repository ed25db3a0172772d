"""
``PageTable`` as a sequence, by address, and as buffers.
"""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem.flags import PageState
from procmem.pagetable.table import PageTable
from tests.pages.tables import tables

_EMPTY = PageTable(page_size=4096)


class TestSequence:
    @given(tables())
    def test_items(self, table: PageTable) -> None:
        """
        It has as many pages as its extents, each at its address.
        """
        size = table.page_size
        addresses = [
            extent.start + index * size
            for extent in table.extents
            for index in range(extent.pages)
        ]

        assert len(addresses) == len(table)
        assert addresses == [page.address for page in table]
        assert list(table.entries) == [page.raw for page in table]
        assert {size} >= {page.size for page in table}

    @given(tables())
    def test_indices(self, table: PageTable) -> None:
        """
        An index counts from either end, and beyond both is an IndexError.
        """
        pages = list(table)

        assert pages == [table[index] for index in range(len(table))]
        assert pages == [table[index] for index in range(-len(table), 0)]
        assert pages[::-1] == list(reversed(table))
        for beyond in (len(table), -len(table) - 1):
            with pytest.raises(IndexError):
                table[beyond]

    @given(tables(), st.integers(-60, 60), st.integers(-60, 60))
    def test_slices(self, table: PageTable, first: int, last: int) -> None:
        """
        A slice is a table of the same pages as the slice of a list.
        """
        pages = list(table)

        assert pages[first:last] == list(table[first:last])
        assert pages[:last] == list(table[:last])
        assert pages[first:] == list(table[first:])
        assert table == table[:]

    def test_steps(self) -> None:
        """
        A slice with a step is no stretch of pages.
        """
        with pytest.raises(ValueError, match="row"):
            _EMPTY[::2]

    @given(tables())
    def test_members(self, table: PageTable) -> None:
        """
        A page is found, counted and told where it is like in a list.
        """
        pages = list(table)
        for page in pages:
            assert page in table
            assert pages.index(page) == table.index(page)
            assert pages.count(page) == table.count(page)

    @given(tables())
    def test_plain_text(self, table: PageTable) -> None:
        """
        A string is no state, even if it reads like one.
        """
        for state in PageState:
            assert 0 == table.count(str(state.value))


class TestByAddress:
    @given(tables(), st.integers(0, 90), st.integers(0, 90), st.booleans())
    def test_between(self, table: PageTable, low: int, high: int, odd: bool) -> None:
        """
        Between two addresses are the pages that begin there, across gaps and
        extents, even if the addresses are no boundaries.
        """
        start, end = low * table.page_size + odd, high * table.page_size - odd
        expected = [page for page in table if start <= page.address < end]

        assert expected == list(table.between(start, end))

    @given(tables(), st.integers(0, 60), st.integers(1, 30))
    def test_of(self, table: PageTable, first: int, pages: int) -> None:
        """
        Of a mapping are the pages between its ends.
        """
        mapping = procmem.Mapping(
            start=first * table.page_size,
            end=(first + pages) * table.page_size,
            permissions=procmem.Permissions("rw-p"),
        )

        assert table.between(mapping.start, mapping.end) == table.of(mapping)

    @given(tables())
    def test_everything(self, table: PageTable) -> None:
        """
        All addresses have all pages, and parts are as long as their extents.
        """
        part = table.between(0, 1 << 64)

        assert list(table) == list(part)
        assert len(part) == sum(extent.pages for extent in part.extents)


class TestBuffers:
    @given(tables(counts=True, flags=True))
    def test_columns(self, table: PageTable) -> None:
        """
        The columns are read-only buffers of integers, for numpy to wrap.
        """
        columns = {"Q": (table.entries, table.flags), "I": (table.counts,)}
        for code, some in columns.items():
            for column in some:
                assert column is not None
                view = memoryview(column)

                assert (code, 1, True) == (view.format, view.ndim, view.readonly)
                assert view.c_contiguous
                assert len(table) == len(view)

    @given(tables(counts=True, flags=True))
    def test_size(self, table: PageTable) -> None:
        """
        A page takes at most 24 bytes, also after everything was asked.
        """
        table.by_state()
        columns = (table.entries, table.counts, table.flags)
        held = sum(column.nbytes for column in columns if column) + len(table.states)

        assert held <= 24 * len(table)

    @given(tables(counts=True))
    def test_shares_memory(self, table: PageTable) -> None:
        """
        A slice looks at the same memory and copies nothing.
        """
        part = table[1:]

        assert table.entries.obj is part.entries.obj
        assert table.counts is not None
        assert part.counts is not None
        assert table.counts.obj is part.counts.obj

    def test_numpy(self) -> None:
        """
        What numpy makes of a column is not a copy.
        """
        numpy: Any = pytest.importorskip("numpy")
        data = (1 << 63 | 7).to_bytes(8, "little")
        table = PageTable(entries=memoryview(data).cast("Q"), page_size=4096)
        wrapped = numpy.asarray(table.entries)

        assert [1 << 63 | 7] == wrapped.tolist()
        assert "uint64" == wrapped.dtype
        assert not wrapped.flags.owndata
        assert not wrapped.flags.writeable


class TestValue:
    @given(tables())
    def test_pickle(self, table: PageTable) -> None:
        """
        A table comes out of a pickle as it went in.
        """
        again = pickle.loads(pickle.dumps(table))

        assert table == again
        assert list(table) == list(again)
        assert table.by_state() == again.by_state()
        assert table.evidence == again.evidence

    @given(tables(), tables())
    def test_equality(self, one: PageTable, two: PageTable) -> None:
        """
        Tables are equal if all columns and extents are; they are no lists.
        """
        names = ("entries", "counts", "flags", "extents", "page_size")
        same = all(getattr(one, name) == getattr(two, name) for name in names)

        assert same == (one == two)
        assert one != list(one)
        with pytest.raises(TypeError):
            hash(one)

    @given(tables())
    def test_repr(self, table: PageTable) -> None:
        """
        It says how many pages of what size are in which states, on one line.
        """
        text = repr(table)

        assert f"{len(table)} pages of {table.page_size} bytes" in text
        assert "\n" not in text
        for state, pages in table.by_state().items():
            assert f"{pages} {state}" in text


def test_empty() -> None:
    """
    No pages are a table like any other.
    """
    assert not _EMPTY
    assert 0 == len(_EMPTY) == _EMPTY.swap == _EMPTY.hugetlb
    assert {} == _EMPTY.by_state()
    assert [] == list(_EMPTY.runs())
    assert [] == list(_EMPTY)
    assert _EMPTY == _EMPTY.between(0, 1 << 64) == _EMPTY[:]
    assert "<0 pages of 4096 bytes: none>" == repr(_EMPTY)
    assert _EMPTY == pickle.loads(pickle.dumps(_EMPTY))
    with pytest.raises(IndexError):
        _EMPTY[0]
