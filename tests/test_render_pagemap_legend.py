"""
The words of page maps: totals, legend, and names cut to fit.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem.render.names import cells as columns_of
from procmem.render.pagemap.cells import page_cells
from procmem.render.pagemap.legend import legend, sentence, shortened
from procmem.render.pagemap.picture import Picture
from tests.pagemap_tables import mapping, table


def _picture(pages: str, name: str | None = None, *, counts: bool = True) -> Picture:
    return page_cells(
        table(pages, counts=counts), [mapping(0, len(pages), name)], subject="x (pid 1)"
    )


class TestSentence:
    @pytest.mark.parametrize(
        ("expected", "pages"),
        [
            ("has no page in memory or in swap.", "...G0"),
            ("has 8.0 KiB in memory, all of it private; nothing is", "Aa."),
            ("has 16.0 KiB in memory: 4.0 KiB private, 12.0 KiB shared; ", "ABcdSS"),
            ("12.0 KiB shared; 8.0 KiB are swapped out.", "ABcdSS"),
            ("has 0 B in memory; 4.0 KiB are swapped out.", "S"),
            ("private; 4.0 KiB in huge pages of hugetlbfs; nothing", "AH"),
        ],
    )
    def test_totals(self, expected: str, pages: str) -> None:
        """
        The totals are one plain sentence.
        """
        assert expected in sentence(_picture(pages))

    @pytest.mark.parametrize(
        ("expected", "pages"),
        [
            ("; how many share the rest is not known; nothing is swapped", "AB0"),
            ("x (pid 1) has 12.0 KiB present, 4.0 KiB of it mapped once;", "AB0"),
            ("has 4.0 KiB present, 4.0 KiB of it mapped once; nothing is", "A"),
        ],
    )
    def test_without_sharers(self, expected: str, pages: str) -> None:
        """
        What is not known is not claimed.
        """
        assert expected in sentence(_picture(pages, counts=False))

    def test_legend(self) -> None:
        """
        The legend has the kinds that occur, with their sizes.
        """
        found = [(entry.label, entry.size) for entry in legend(_picture("AA.d"))]

        expected = [
            ("anonymous, private", "8.0 KiB"),
            ("file/shmem, 10 or more", "4.0 KiB"),
            ("not present", "4.0 KiB"),
        ]
        assert expected == found


class TestShortened:
    @pytest.mark.parametrize(
        ("expected", "name", "width"),
        [
            ("[heap]", "[heap]", 6),
            ("/usr/lib/libc.so.6", "/usr/lib/libc.so.6", 18),
            ("~/lib/libc.so.6", "/usr/lib/libc.so.6", 15),
            ("~/libc.so.6", "/usr/lib/libc.so.6", 14),
            ("~/libc.so.6", "/usr/lib/libc.so.6", 11),
            ("libc.so.6", "/usr/lib/libc.so.6", 9),
            ("libc.so~", "/usr/lib/libc.so.6", 8),
            ("/a/b", "/a/b (deleted)", 8),
            ("[anon:m~", "[anon:malloc]", 8),
        ],
    )
    def test_known(self, expected: str, name: str, width: int) -> None:
        """
        Folders go first, as they say least.
        """
        assert expected == shortened(name, width, ellipsis="~")

    @given(st.text("/ab \u732b\u0301.(deleted)", max_size=40), st.integers(3, 40))
    def test_any(self, name: str, width: int) -> None:
        """
        Whatever the name, it fits.
        """
        assert columns_of(shortened(name, width)) <= width


class TestNotes:
    def test_without_sharers(self) -> None:
        """
        That sharers are not known is said once.
        """
        evidence = procmem.Evidence(missing=("sharers: frames are hidden",))
        picture = page_cells(table("A", counts=False, evidence=evidence), [])

        (note,) = picture.notes
        assert "CAP_SYS_ADMIN" in note
        assert not picture.has_sharers

    def test_missing(self) -> None:
        """
        What was not looked at is said, and harmless to print.
        """
        evidence = procmem.Evidence(missing=("pages\x1b",), notes=("It moved.",))
        picture = page_cells(table("A", evidence=evidence), [])

        expected = (r"Not known, and drawn as not present: pages\x1b.", "It moved.")
        assert expected == picture.notes
