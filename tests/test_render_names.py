"""
Names of files and programs are shown and never obeyed.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procmem.render.names import cells, printable


class TestPrintable:
    @pytest.mark.parametrize(
        "name",
        [
            "postgres",
            "a  b ",
            "/usr/lib/caf\N{LATIN SMALL LETTER E WITH ACUTE}.so",
            "猫",
        ],
    )
    def test_ordinary(self, name: str) -> None:
        """
        What can be shown is shown as it is, spaces included.
        """
        assert name == printable(name)

    @pytest.mark.parametrize(
        ("expected", "name"),
        [
            (r"\x1b[31mred", "\x1b[31mred"),
            (r"\x1b]0;title\x07", "\x1b]0;title\x07"),
            (r"two\x0alines\x0d", "two\nlines\r"),
            (r"\x00\x7f\x85\x9b", "\x00\x7f\x85\x9b"),
            (r"txt\u202egpj", "txt\u202egpj"),
            (r"\u2028\u200b\ufeff", "\u2028\u200b\ufeff"),
            (r"\U000e0041", "\U000e0041"),
        ],
        ids=["color", "title", "lines", "controls", "bidi", "invisible", "tag"],
    )
    def test_escaped(self, expected: str, name: str) -> None:
        """
        What a terminal would obey, or not show, is written as an escape.
        """
        assert expected == printable(name)

    def test_bytes(self) -> None:
        """
        Bytes that are not UTF-8 show as the bytes they are.
        """
        name = b"caf\xe9\x80".decode("utf-8", "surrogateescape")

        assert r"caf\xe9\x80" == printable(name)

    def test_other_surrogates(self) -> None:
        """
        Surrogates that stand for no byte show as themselves, escaped.
        """
        assert r"\ud800\udc7f" == printable("\ud800\udc7f")

    @given(st.text(st.characters()))
    def test_any_text(self, name: str) -> None:
        """
        Whatever the name, what is shown has no controls and can be encoded.
        """
        shown = printable(name)

        assert shown.isprintable()
        assert shown == shown.encode().decode()


class TestCells:
    @pytest.mark.parametrize(
        ("expected", "text"),
        [(0, ""), (3, "a b"), (4, "caf\u00e9"), (4, "cafe\u0301"), (4, "\u732b\u732b")],
        ids=["nothing", "ascii", "accent", "combining", "wide"],
    )
    def test_columns(self, expected: int, text: str) -> None:
        """
        Wide characters take two columns, combining ones none.
        """
        assert expected == cells(text)
