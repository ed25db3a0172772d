from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from procmem.testing.table import Row, Total, table

SIZES = st.integers(0, 2**40).map(lambda size: size // 1024 * 1024)


@given(st.lists(st.tuples(SIZES, SIZES), min_size=1, max_size=12))
def test_columns_add_up_as_printed(sizes: list[tuple[int, int]]) -> None:
    """
    Whatever the sizes, the printed figures of each column add up to the
    printed total, and each row adds up across.
    """
    rows = [Row(f"row{number}", *pair) for number, pair in enumerate(sizes)]
    total = Total(sum(row.before for row in rows), sum(row.after for row in rows))
    _, *printed, last = [_figures(line) for line in table("title", rows, total)]

    assert last == [round(sum(column), 1) for column in zip(*printed, strict=True)]
    for before, after, delta in [*printed, last]:
        assert delta == round(after - before, 1)


@given(st.lists(st.tuples(SIZES, SIZES), min_size=1, max_size=12))
def test_figures_are_nearly_what_they_stand_for(sizes: list[tuple[int, int]]) -> None:
    """
    No printed figure is a whole step of its last digit off.
    """
    rows = [Row(f"row{number}", *pair) for number, pair in enumerate(sizes)]
    total = Total(sum(row.before for row in rows), sum(row.after for row in rows))
    lines = table("title", rows, total)
    unit, step = (1024, 1.0) if "KiB" in lines[-1] else (1024**2, 0.1)

    for row, line in zip(rows, lines[1:-1], strict=True):
        before, after, _ = _figures(line)
        assert abs(before - row.before / unit) < step
        assert abs(after - row.after / unit) < step


def _figures(line: str) -> list[float]:
    return [float(text) for text in re.findall(r"([+-]?[0-9.]+) [KM]iB", line)]


def test_small_changes_are_in_kib() -> None:
    """
    Where little has changed, figures are in KiB, of which nothing is rounded.
    """
    rows = [Row("one", 4096, 8192, "heap"), Row("two", 1024**3, 1024**3)]

    assert [
        "title       before        after   delta  kind",
        "one          4 KiB        8 KiB  +4 KiB  heap",
        "two    1048576 KiB  1048576 KiB   0 KiB",
        "total  1048580 KiB  1048584 KiB  +4 KiB",
    ] == table("title", rows, Total(1024**3 + 4096, 1024**3 + 8192), "kind")


def test_long_labels_are_cut_in_the_middle() -> None:
    """
    Both ends of a long name are shown.
    """
    lines = table("t", [Row("a" * 40 + "b" * 40, 0, 0)], Total(0, 0))

    assert lines[1].startswith("a" * 20 + "..." + "b" * 20 + "  ")
