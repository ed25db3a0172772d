"""
What a terminal shows of a difference of groups.
"""

from __future__ import annotations

import attrs
import pytest

import procmem
from procmem.differences import between_groups
from procmem.render.differences import best_metric, change_sentence, diff_text
from tests.differences.readings import (
    LOW,
    MIB,
    Group,
    Member,
    group,
    landmarks,
    memory,
    reading,
)

_EXPECTED = """\
The footprint of 3 processes (1 new, 1 gone) grew by 1.0 MiB, from 3.0 MiB to \
4.0 MiB.

                        before    after    change  kind
  [heap] (2 mappings)  3.0 MiB  4.0 MiB  +1.0 MiB  heap
  2 others                 0 B      0 B       0 B
  total                3.0 MiB  4.0 MiB  +1.0 MiB

                   before    after    change  process
  sample (pid 1)  2.0 MiB           -2.0 MiB  gone
  sample (pid 3)           2.0 MiB  +2.0 MiB  new
  sample (pid 2)  1.0 MiB  2.0 MiB  +1.0 MiB

Mappings: 3 new, 3 gone, 1 grown, 2 same.
Footprint: share of memory without a file, and of swap.
INCOMPLETE: after: process 9\\x1b.
"""


def of(sizes: dict[int, int]) -> Group:
    """
    A group of processes whose heaps have these sizes.
    """
    return group(
        *(
            Member.of(reading([memory(LOW, size, "[heap]"), *landmarks()], pid=pid))
            for pid, size in sizes.items()
        )
    )


def test_group() -> None:
    """
    First what changed over all, then which processes it was.
    """
    before = of({1: 2 * MIB, 2: MIB})
    after = attrs.evolve(
        of({2: 2 * MIB, 3: 2 * MIB}), complete=False, missing=("process 9\x1b",)
    )

    assert _EXPECTED == diff_text(between_groups(after, before))


def test_many_processes() -> None:
    """
    Of many processes those that changed most are shown, on request all.
    """
    before = of(dict.fromkeys(range(1, 41), MIB))
    diff = between_groups(of({**dict.fromkeys(range(1, 41), MIB), 7: 9 * MIB}), before)
    lines = diff_text(diff).splitlines()
    processes = [line for line in lines if "(pid" in line]

    assert 12 == len(processes)
    assert processes[0].startswith("  sample (pid 7)")
    assert "  and 28 more" in lines
    assert 40 == diff_text(diff, everything=True).count("(pid ")


def test_equal() -> None:
    """
    Two processes with as much of it, and a group where nothing changed.
    """
    one, other = (reading([memory(LOW, MIB)], pid=pid) for pid in (1, 2))
    sentence = change_sentence(other - one, "footprint", in_bytes=True)
    same = between_groups(of({1: MIB, 2: MIB}), of({1: MIB, 2: MIB}))

    assert (
        "The footprint of sample (pid 2) is that of sample (pid 1): 1048576 bytes."
        == sentence.replace("\N{NO-BREAK SPACE}", " ")
    )
    assert diff_text(same).startswith(
        "The footprint of 2 processes did not change: 2.0 MiB.\n"
    )


def test_unknown() -> None:
    """
    What is not known of a process stands there as a question mark.
    """
    full = of({1: MIB, 2: MIB})
    poor = attrs.evolve(
        full,
        members=(
            full.members[0],
            attrs.evolve(full.members[1], usage=procmem.Usage(rss=MIB), mappings=None),
        ),
    )
    diff = between_groups(poor, poor)

    assert "rss" == best_metric(diff)
    assert "rss" == best_metric(attrs.evolve(diff, before=procmem.Usage(rss=1)))
    with pytest.raises(procmem.UnsupportedError):
        diff_text(diff)
    text = diff_text(attrs.evolve(diff, rows=()), metric="rss")
    assert "  sample (pid 2)  1.0 MiB  1.0 MiB     0 B\n" in text
