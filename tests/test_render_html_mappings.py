"""
What notebooks show of mappings stays small, whatever they are called.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem.render.html import mappings_table
from tests.cli_machine import (
    MIB,
    smaps,
)
from tests.html_page import read


def _mappings(count: int, *, name: str | None = None) -> procmem.Mappings:
    return procmem.Mappings(
        procmem.Mapping(
            start=index * 0x10000,
            end=index * 0x10000 + 0x4000,
            permissions=procmem.Permissions("rw-p"),
            name=name,
            usage=procmem.Usage(
                rss=index * 4096,
                pss=index * 4096,
                private_clean=0,
                private_dirty=index * 4096,
                shared_clean=0,
                shared_dirty=0,
                swap=0,
            ),
        )
        for index in range(1, count + 1)
    )


class TestMappingsTable:
    def test_parts(self) -> None:
        """
        First the sentence, then the largest, then all folded.
        """
        mappings = procmem.Mappings(
            procmem.parse_smaps(smaps(anonymous=16 * MIB, file=8 * MIB))
        )
        page = read(mappings_table(mappings))

        assert page.sentence.startswith(
            "2 mappings, 4.0 KiB of address space. 20.0 MiB"
        )
        assert ["16.0 MiB", "16.0 MiB", "16.0 MiB", "0 B", "0 B", "[heap]"] == (
            page.rows[1]
        )
        assert "all 2 mappings" in page.texts
        assert ["1000-1800", "rw-p", "2.0 KiB"] == page.rows[-2][:3]
        assert r"/lib/\xff\x1b[31m<b>.so" == page.rows[-1][-1]
        assert {"heap", "file"} <= set(page.titles)
        assert mappings_table(mappings) == mappings._repr_html_()

    def test_largest(self) -> None:
        """
        Five items stand in the open, and a row that sums up the rest.
        """
        named = [
            mapping
            for name in "abcdefgh"
            for mapping in _mappings(1, name=f"[anon:{name}]")
        ]
        page = read(mappings_table(named))
        rows = page.rows[: 1 + 5 + 1]

        assert "3 others" == rows[-1][-1]
        assert ["12.0 KiB"] * 3 == rows[-1][:3]

    def test_one_other(self) -> None:
        """
        One is not called several.
        """
        named = [
            mapping
            for name in "abcdef"
            for mapping in _mappings(1, name=f"[anon:{name}]")
        ]

        assert "1 other" in read(mappings_table(named)).texts

    @pytest.mark.parametrize(
        ("rows", "count"), [(1, 1), (100, 100), (101, 101), (101, 3000)]
    )
    def test_size(self, rows: int, count: int) -> None:
        """
        A hundred mappings are listed; the last row sums up the others.
        """
        mappings = _mappings(count)
        html = mappings_table(mappings)
        listed = [row for row in read(html).rows if len(row) == 9]

        assert rows == len(listed) - 1
        assert len(html) < 100_000
        if count > 100:
            rest = sum(4096 * i for i in range(1, count - 99))
            assert procmem.format_size(rest, decimals=1) == listed[-1][3]
            assert listed[-1][-1].startswith(f"{count - 100} smaller mapping")

    def test_largest_are_listed(self) -> None:
        """
        Those listed are the largest, ordered by address.
        """
        rows = [
            row for row in read(mappings_table(_mappings(150))).rows if len(row) == 9
        ]
        starts = [int(row[0].split("-")[0], 16) for row in rows[1:-1]]

        assert [index * 0x10000 for index in range(51, 151)] == starts

    def test_only_maps(self) -> None:
        """
        Without counters it says that they were not read.
        """
        mappings = procmem.Mappings(
            procmem.parse_maps(b"1000-2000 rw-p 00000000 00:00 0 \n")
        )
        page = read(mappings_table(mappings))

        assert (
            "1 mapping, 4.0 KiB of address space. How much of it is in memory was not "
            "read."
        ) == page.sentence
        assert ["\N{EN DASH}"] * 5 == page.rows[-1][3:8]
        assert {"not known: only maps was read", "4,096 bytes", "anonymous"} == set(
            page.titles
        )

    def test_pss_only(self) -> None:
        """
        A system that prints only Pss gets only that, and dashes.
        """
        text = b"1000-2000 r-x- 00000000 00:00 1     /bin/sh\nPss:       4 kB\n"
        page = read(mappings_table(procmem.Mappings(procmem.parse_smaps(text))))
        dash = "\N{EN DASH}"

        assert [dash, "4.0 KiB", dash, dash, dash, "/bin/sh"] == page.rows[1]

    def test_nothing(self) -> None:
        """
        No mappings are no table.
        """
        page = read(mappings_table(procmem.Mappings(())))

        assert ["No mappings: a kernel thread or a zombie has none."] == page.texts

    @given(st.text(st.characters(), max_size=40))
    def test_any_name(self, name: str) -> None:
        """
        Whatever a file is called, it is shown as text that can be encoded.
        """
        html = mappings_table(_mappings(1, name=f"/{name}"))
        page = read(html)
        shown = page.rows[-1][-1]

        assert shown.isprintable()
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", html)
        if name.isprintable():
            assert f"/{name}" == shown
