"""
The sentence says what is known, and says so where something is not.
"""

from __future__ import annotations

import pytest

import procmem
from procmem.render.figures import (
    FIGURES,
    amount_of,
    sentence,
    weight,
    without_memory,
)

_MIB = 1024**2


def _usage(**mib: int) -> procmem.Usage:
    """
    A usage in MiB, with nothing shared and nothing swapped unless told.
    """
    defaults = dict.fromkeys(
        ("shared_clean", "shared_dirty", "private_clean", "private_dirty", "swap"), 0
    )
    amounts = {**defaults, **mib}
    return procmem.Usage(**{key: value * _MIB for key, value in amounts.items()})  # type: ignore[arg-type]


class TestSentence:
    @pytest.mark.parametrize(
        ("expected", "usage"),
        [
            (
                (
                    "x uses 312.0 MiB: 256.0 MiB private, and 56.0 MiB as its share of "
                    "112.0 MiB that are shared; 12.0 MiB are swapped out."
                ),
                _usage(
                    pss=312,
                    private_clean=6,
                    private_dirty=250,
                    shared_clean=100,
                    shared_dirty=12,
                    swap=12,
                ),
            ),
            (
                "x uses 5.0 MiB, all of it private; nothing is swapped out.",
                _usage(pss=5, private_dirty=5),
            ),
            (
                "x uses 0 B; 3.0 MiB are swapped out.",
                _usage(pss=0, swap=3),
            ),
            ("x uses no memory.", procmem.Usage.zero()),
            (
                (
                    "x uses 0 B; nothing is swapped out. On top come 10.0 MiB in huge "
                    "pages of hugetlbfs."
                ),
                _usage(pss=0, private_hugetlb=8, shared_hugetlb=2),
            ),
            (
                (
                    "x uses 4.0 MiB: 5.0 MiB private, and 0 B as its share of 1.0 MiB "
                    "that are shared; nothing is swapped out."
                ),
                _usage(pss=4, private_dirty=5, shared_clean=1),
            ),
            (
                (
                    "x uses 5.0 MiB (how much of it is private is not known); how much "
                    "is swapped out is not known."
                ),
                procmem.Usage(pss=5 * _MIB),
            ),
            (
                (
                    "x has 5.0 MiB in memory, shared pages in full; its share is not "
                    "known; how much is swapped out is not known."
                ),
                procmem.Usage(rss=5 * _MIB),
            ),
            (
                (
                    "How much memory x uses is not known; how much is swapped out is "
                    "not known."
                ),
                procmem.Usage(),
            ),
        ],
        ids=[
            "all",
            "private",
            "swapped",
            "nothing",
            "hugetlb",
            "averages",
            "pss only",
            "rss only",
            "unknown",
        ],
    )
    def test_subject(self, expected: str, usage: procmem.Usage) -> None:
        """
        How much, how much of it private, how much shared and divided, how
        much swapped; never a 0 for what is missing.
        """
        assert expected == sentence(usage, "x")

    @pytest.mark.parametrize(
        ("expected", "usage"),
        [
            (
                "5.0 MiB are in use, all of it private; nothing is swapped out.",
                _usage(pss=5, private_dirty=5),
            ),
            ("No memory is in use.", procmem.Usage.zero()),
            (
                (
                    "5.0 MiB in memory, shared pages in full; its share is not known; "
                    "how much is swapped out is not known."
                ),
                procmem.Usage(rss=5 * _MIB),
            ),
            (
                (
                    "How much memory this uses is not known; how much is swapped out "
                    "is not known."
                ),
                procmem.Usage(),
            ),
        ],
        ids=["all", "nothing", "rss only", "unknown"],
    )
    def test_no_subject(self, expected: str, usage: procmem.Usage) -> None:
        """
        It needs no name of a process.
        """
        assert expected == sentence(usage)

    def test_units(self) -> None:
        """
        Amounts are written as the caller wants them.
        """
        text = sentence(_usage(pss=5, private_dirty=5), "x", "{} bytes".format)

        assert text.startswith("x uses 5242880 bytes, all")


class TestWithoutMemory:
    @pytest.mark.parametrize(
        ("expected", "status"),
        [
            ("a kernel thread", procmem.Status(state="S", kthread=True)),
            ("a zombie", procmem.Status(state="Z")),
            ("a zombie", procmem.Status(state="X")),
        ],
        ids=["thread", "zombie", "dead"],
    )
    def test_kinds(self, expected: str, status: procmem.Status) -> None:
        """
        It says why there is nothing.
        """
        text = f"x has no memory of its own: it is {expected}."

        assert text == without_memory(status, "x")


class TestWeight:
    @pytest.mark.parametrize(
        ("expected", "usage"),
        [
            (0, None),
            (0, procmem.Usage()),
            (5, procmem.Usage(rss=9, pss=3, swap=2)),
            (11, procmem.Usage(rss=9, swap=2)),
            (0, procmem.Usage(rss=9, pss=0)),
        ],
        ids=["nothing", "unknown", "pss", "rss", "zero"],
    )
    def test_order(self, expected: int, usage: procmem.Usage | None) -> None:
        """
        What sorts is the share and the swap, or what comes nearest.
        """
        assert expected == weight(usage)


def test_amounts_are_numbers() -> None:
    """
    A counter that is text is no amount.
    """
    usage = procmem.Usage(pss=3, other=(("New", 7), ("Odd", "text")))

    assert [3, 7, None, None] == [
        amount_of(usage, name) for name in ("pss", "New", "Odd", "rss")
    ]


def test_meanings_are_short() -> None:
    """
    A line of the table fits a terminal of 80 columns.
    """
    assert all(len(figure.meaning) <= 48 for figure in FIGURES)
