"""
What a notebook shows of a difference.
"""

from __future__ import annotations

import attrs

import procmem
from procmem.differences import between_groups
from tests.differences.readings import (
    LOW,
    MIB,
    PAGE,
    Member,
    file,
    group,
    landmarks,
    memory,
    reading,
)
from tests.html_page import read

HEAP = memory(LOW, MIB, "[heap]")


def test_parts() -> None:
    """
    First the sentence, then what changed most, in rows that add up.
    """
    before = reading([HEAP, *landmarks()])
    after = reading([memory(LOW, 3 * MIB, "[heap]"), *landmarks()])
    page = read((after - before)._repr_html_())

    assert (
        "The footprint of sample (pid 4711) grew by 2.0 MiB, from 1.0 MiB to 3.0 MiB."
    ) == page.sentence
    assert ["1.0 MiB", "3.0 MiB", "+2.0 MiB", "heap", "[heap]"] == page.rows[1]
    assert ["1.0 MiB", "3.0 MiB", "+2.0 MiB", "", "total"] in page.rows


def test_names() -> None:
    """
    Names are shown and do nothing else.
    """
    after = reading([file(LOW, "/lib/<script>\x1b\udcff.so")], name="<b>&")
    page = read((after - reading([]))._repr_html_())

    assert [r"<script>\x1b\xff.so"] == [
        row[-1] for row in page.rows if "script" in row[-1]
    ]
    assert "<b>&" in page.sentence


def test_many() -> None:
    """
    What does not stand in the open is folded away, and all is not endless.
    """
    many = [memory(LOW + n * MIB, PAGE, f"[anon:{n}]") for n in range(1000)]
    html = (reading(many) - reading([]))._repr_html_()
    page = read(html)

    assert 1 == page.tags["details"]
    assert "992 others" in {row[-1] for row in page.rows}
    assert "800 others" in {row[-1] for row in page.rows}


def test_group() -> None:
    """
    Of a group, the processes are listed.
    """
    one, other = (Member.of(reading([HEAP], pid=pid)) for pid in (1, 2))
    page = read(between_groups(group(one, other), group(one))._repr_html_())

    assert page.sentence.startswith("The footprint of 2 processes (1 new) grew by")
    assert ["", "1.0 MiB", "+1.0 MiB", "new", "sample (pid 2)"] in page.rows


def test_unknown() -> None:
    """
    Where no figure is known, it says so.
    """
    bare = attrs.evolve(reading([]), usage=procmem.Usage())

    assert "What changed is not known." == read((bare - bare)._repr_html_()).sentence
