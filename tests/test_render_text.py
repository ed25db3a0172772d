"""
Tables and paragraphs line up, in terminals of any width.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procmem.render.names import cells
from procmem.render.text import NO_BREAK, exact, mebibytes, table, wrapped

_MIB = 1024**2
_CAT = "\N{CJK UNIFIED IDEOGRAPH-732B}"


class TestMebibytes:
    @pytest.mark.parametrize(
        ("expected", "size"),
        [
            ("?", None),
            ("0.0", 0),
            ("<0.1", 1),
            ("<0.1", 51 * 1024),
            ("0.1", 52 * 1024),
            ("1.0", _MIB),
            ("12345.5", 12345 * _MIB + _MIB // 2),
        ],
    )
    def test_sizes(self, expected: str, size: int | None) -> None:
        """
        One digit after the point; only nothing prints as 0.0.
        """
        assert expected == mebibytes(size)


class TestExact:
    @pytest.mark.parametrize(("expected", "size"), [("?", None), ("0", 0), ("7", 7)])
    def test_sizes(self, expected: str, size: int | None) -> None:
        """
        Bytes are printed as they are.
        """
        assert expected == exact(size)


class TestTable:
    _ROWS = (("PID", "SIZE", "NAME"), ("1", "1024", "init"), ("4711", "8", "post gres"))

    def test_aligned(self) -> None:
        """
        Numbers stand to the right, text to the left, and no line ends in
        spaces.
        """
        expected = " PID  SIZE  NAME\n   1  1024  init\n4711     8  post gres\n"

        assert expected == table(self._ROWS, ">><")

    def test_indent_and_gap(self) -> None:
        """
        Lines begin and columns are parted as asked for.
        """
        expected = "  a|  1\n  b|222\n"

        assert expected == table([("a", "1"), ("b", "222")], "<>", indent="  ", gap="|")

    def test_cut(self) -> None:
        """
        In a terminal the last column is cut to what fits.
        """
        rows = [("1", "a" * 40), ("2", "b" * 17)]
        expected = f"1  {'a' * 14}...\n2  {'b' * 17}\n"

        assert expected == table(rows, "><", width=20)

    def test_cut_wide(self) -> None:
        """
        Where characters are wide, fewer of them fit.
        """
        lines = table([("1", _CAT * 40)], "><", width=20)

        assert f"1  {_CAT * 7}...\n" == lines

    def test_narrow(self) -> None:
        """
        A dozen characters are left however narrow the terminal.
        """
        assert f"1  {'a' * 9}...\n" == table([("1", "a" * 40)], "><", width=3)

    def test_not_a_terminal(self) -> None:
        """
        Without a width nothing is cut.
        """
        assert f"1  {'a' * 400}\n" == table([("1", "a" * 400)], "><")

    def test_wide_characters(self) -> None:
        """
        Columns line up whatever the script.
        """
        rows = [("\u732b", "1", "x"), ("abc", "\u732b\u732b", "y")]
        expected = "\u732b      1  x\nabc  \u732b\u732b  y\n"

        assert expected == table(rows, "<><")

    @given(
        st.lists(st.tuples(*[st.text("ab \u732b\u0301", max_size=9)] * 3), min_size=1),
        st.integers(0, 60) | st.none(),
    )
    def test_any_rows(self, rows: list[tuple[str, ...]], width: int | None) -> None:
        """
        There is a line for each row, and none is wider than need be.
        """
        lines = table(rows, "<><", width=width).split("\n")[:-1]
        needed = sum(max(cells(row[i]) for row in rows) for i in range(2)) + 4

        assert len(rows) == len(lines)
        if width is not None:
            assert max(map(cells, lines)) <= max(width, needed + 12)


class TestWrapped:
    def test_fits(self) -> None:
        """
        What fits stays in one line.
        """
        assert "a bc\n" == wrapped("a bc", width=4)

    def test_broken(self) -> None:
        """
        Lines break between words, and all but the first are indented.
        """
        assert "one two\n  three\n" == wrapped("one two three", width=9, indent="  ")

    def test_long_word(self) -> None:
        """
        A word that does not fit has a line of its own.
        """
        assert "a\nlonglong\nb\n" == wrapped("a longlong b", width=4)

    def test_leading_spaces(self) -> None:
        """
        A paragraph keeps the spaces that it begins with.
        """
        assert "  1: a\n" == wrapped("  1: a", width=40)

    @pytest.mark.parametrize("width", [None, 9])
    def test_kept_together(self, width: int | None) -> None:
        """
        A number and its unit stay in one line.
        """
        expected = "uses 1.0 MiB\n" if width is None else "uses\n1.0 MiB\n"

        assert expected == wrapped(f"uses 1.0{NO_BREAK}MiB", width=width)

    def test_not_a_terminal(self) -> None:
        """
        Without a width it is one line.
        """
        assert f"{'word ' * 99}end\n" == wrapped("word " * 99 + "end")
