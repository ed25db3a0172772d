"""
What a missed budget says.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem.testing import Measurement, MemoryBudgetExceeded, budget
from procmem.testing.judging import Missed
from procmem.testing.limits import Limits
from procmem.testing.message import first_line
from procmem.testing.parts import Parts
from procmem.testing.reading import Reading
from procmem.testing.texts import Text

from .memory import MIB, holder, touched

SIZES = st.integers(0, 2**50)


def failing(info: str = "", save: Path | None = None) -> MemoryBudgetExceeded:
    """
    A failure of a tree that grew.
    """
    with (
        contextlib.ExitStack() as later,
        pytest.raises(MemoryBudgetExceeded) as caught,
        budget(growth="10 MiB", info=info, save=save),
    ):
        grow(later)
    return caught.value


def grow(later: contextlib.ExitStack) -> None:
    """
    More memory here, and a child with some, until *later* ends.
    """
    later.enter_context(holder(32 * MIB))
    later.callback(touched(16 * MIB).close)


def test_the_first_line_says_it_all() -> None:
    """
    Metric, whose, both numbers and the excess are in the first line.
    """
    error = failing()

    line = str(error).splitlines()[0]
    assert re.fullmatch(
        rf"footprint of pid {os.getpid()} \+ 1 child grew by [0-9.]+ MiB, "
        r"budget 10\.0 MiB \(over by [0-9.]+ MiB, [0-9]+ %\)",
        line,
    )


def test_what_grew() -> None:
    """
    The mappings that grew follow in rows that add up to the total, as they
    are printed; then a row for each process; then how it was measured.
    """
    error = failing()
    lines = [line.strip() for line in str(error).splitlines()[1:]]
    grew = lines.index(_beginning(lines, "what grew since the block started"))
    processes = lines.index(_beginning(lines, "process "))
    last = lines.index(_beginning(lines, "measured: "))

    for table in (lines[grew + 1 : processes], lines[processes + 1 : last]):
        *rows, total = [
            [float(text) for text in re.findall(r"([+-]?[0-9.]+) [KM]iB", line)][:3]
            for line in table
        ]
        sums = [round(sum(column), 1) for column in zip(*rows, strict=True)]
        assert sums == total
    assert "anonymous memory" in lines[grew + 1]
    assert "2 processes at the end of the block, exact" in lines[last]


def _beginning(lines: list[str], start: str) -> str:
    [found] = [line for line in lines if line.startswith(start)]
    return found


def test_what_it_was_for() -> None:
    """
    What whoever set the budget said comes first, on one line whatever it is.
    """
    line = str(failing(info="tests/test_x.py::test_y[\n\x1b[2Ja]")).splitlines()[0]

    assert line.startswith("tests/test_x.py::test_y[ \\x1b[2Ja]: footprint of pid")


def test_it_was_too_much_before() -> None:
    """
    If the block is not to blame, that is said, with what there is most of.
    """
    kept = touched(16 * MIB)
    with (
        pytest.raises(MemoryBudgetExceeded) as caught,
        budget("1 MiB", tree=False),
    ):
        pass

    text = str(caught.value)
    assert "above the budget, when the block started" in text
    assert "what there is most of" in text
    kept.close()


@given(SIZES, SIZES)
def test_value_and_limit_never_look_alike(one: int, other: int) -> None:
    """
    Two sizes that differ are not printed alike, and the excess is not
    nothing.
    """
    limit, value = sorted((one, other))
    if limit == value:
        value += 1
    line = first_line(measurement(), Missed(what="limit", value=value, limit=limit))
    found = re.fullmatch(r".* is (.+), budget (.+) \(over by ([^,]+)(?:, .+)?\)", line)

    assert found is not None
    assert found[1] != found[2]
    assert procmem.parse_size(found[3]) > 0
    assert procmem.parse_size(found[2]) <= procmem.parse_size(found[1])


def measurement() -> Measurement:
    """
    One of nothing at all.
    """
    text = Text(
        pid=1,
        stat=b"1 (init) S 0" + b" 0" * 49,
        status=b"",
        totals=b"0-1 ---p 00000000 00:00 0 [rollup]\nRss: 1 kB\n",
        file="smaps_rollup",
        smaps=None,
    )
    reading = Reading(texts=(text,), unreadable={}, copies={}, taken=0.0, seconds=0.0)
    parts = Parts(limits=Limits(), root=1, info="", entry=reading, exit=reading)
    return Measurement(parts)


def test_limits_of_nothing() -> None:
    """
    Of a limit of 0 there is no percentage.
    """
    line = first_line(measurement(), Missed(what="swap", value=4096, limit=0))

    assert "swapped memory of pid 1 is 4.0 KiB, budget 0 B (over by 4.0 KiB)" == line


def test_what_cannot_be_worked_out_does_not_hide_the_failure() -> None:
    """
    If the details cannot be had, the first line and the reason are there.
    """
    from procmem.testing.message import failure

    text = failure(measurement(), [Missed(what="limit", value=2, limit=1)])

    assert text.startswith("footprint of pid 1 is 2 B, budget 1 B (over by 1 B, 100 %)")
    assert "not known: " in text


def test_snapshots_are_saved_on_request(tmp_path: Path) -> None:
    """
    What there was before and after is saved beside the failure, named in the
    message, and can be compared again.
    """
    error = failing(info="tests/a b.py::test[1]", save=tmp_path / "new")

    before, after = error.saved
    assert f"saved: {before} {after}" in str(error)
    assert "tests-a-b.py-test[1]-before.json" == before.name
    first, second = procmem.Group.load(before), procmem.Group.load(after)
    assert error.diff.total.footprint == (second - first).total.footprint
    again = failing(info="tests/a b.py::test[1]", save=tmp_path / "new")
    assert "tests-a-b.py-test[1]-2-before.json" == again.saved[0].name


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """
    That snapshots could not be saved does not hide what was missed.
    """
    (tmp_path / "file").touch()

    error = failing(save=tmp_path / "file")

    assert () == error.saved
    assert "could not be saved" in " ".join(error.__notes__)
