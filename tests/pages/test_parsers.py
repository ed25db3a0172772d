"""
The parsers of the binary files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem

Order = Literal["little", "big"]

_FRAMES: dict[str, Callable[..., memoryview]] = {
    "kpagecount": procmem.parse_kpagecount,
    "kpageflags": procmem.parse_kpageflags,
    "kpagecgroup": procmem.parse_kpagecgroup,
}

_WORDS = st.lists(st.integers(0, (1 << 64) - 1))
_ORDERS: st.SearchStrategy[Order] = st.sampled_from(["little", "big"])


class TestPagemap:
    @given(_WORDS, _ORDERS, st.sampled_from([4096, 16384, 65536]))
    def test_round_trip(self, words: list[int], order: Order, size: int) -> None:
        """
        The words of a machine of either byte order come out as they are.
        """
        data = b"".join(word.to_bytes(8, order) for word in words)
        table = procmem.parse_pagemap(data, start=size, page_size=size, byteorder=order)

        assert words == list(table.entries)
        assert words == [page.raw for page in table]
        addresses = [size + index * size for index in range(len(words))]
        assert addresses == [page.address for page in table]
        assert table.counts is None
        assert table.flags is None

    @given(st.binary(), _ORDERS)
    def test_any_bytes(self, data: bytes, order: Order) -> None:
        """
        Whole words are pages, and anything else is a ParseError.
        """
        if len(data) % 8:
            with pytest.raises(procmem.ParseError) as caught:
                procmem.parse_pagemap(data, start=0, page_size=4096, byteorder=order)

            assert "pagemap" == caught.value.file
            assert data.endswith(caught.value.line)
        else:
            table = procmem.parse_pagemap(
                data, start=0, page_size=4096, byteorder=order
            )

            assert len(data) // 8 == len(table)

    @given(_WORDS)
    def test_orders(self, words: list[int]) -> None:
        """
        The order of the bytes is that which was said, never this machine's.
        """
        tables = [
            procmem.parse_pagemap(
                b"".join(word.to_bytes(8, order) for word in words),
                start=0,
                page_size=4096,
                byteorder=order,
            )
            for order in ("little", "big")
        ]

        assert tables[0] == tables[1]


class TestFrames:
    @pytest.mark.parametrize("file", _FRAMES)
    @given(words=_WORDS, order=_ORDERS)
    def test_round_trip(self, file: str, words: list[int], order: Order) -> None:
        """
        The words of a machine of either byte order come out as they are.
        """
        data = b"".join(word.to_bytes(8, order) for word in words)
        found = _FRAMES[file](data, byteorder=order)

        assert words == list(found)
        assert found.readonly
        assert "Q" == found.format

    @pytest.mark.parametrize("file", _FRAMES)
    @given(data=st.binary(), order=_ORDERS)
    def test_any_bytes(self, file: str, data: bytes, order: Order) -> None:
        """
        Whole words are frames, and anything else is a ParseError.
        """
        if len(data) % 8:
            with pytest.raises(procmem.ParseError) as caught:
                _FRAMES[file](data, byteorder=order)

            assert file == caught.value.file
        else:
            assert len(data) // 8 == len(_FRAMES[file](data, byteorder=order))
