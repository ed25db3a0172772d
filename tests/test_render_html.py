"""
What notebooks show says it plainly, escapes every name, and stays small.
"""

from __future__ import annotations

import pytest

import procmem
from procmem.render.html import snapshot_table, usage_table
from tests.cli_machine import (
    MIB,
    kernel_thread,
    machine,
    process,
    rollup,
    status,
    zombie,
)
from tests.html_page import read


class TestUsageTable:
    def test_parts(self) -> None:
        """
        First the sentence, then the main figures, then all counters folded.
        """
        usage = procmem.parse_smaps_rollup(rollup(anonymous=16 * MIB, file=8 * MIB))
        page = read(usage_table(usage))

        assert page.sentence.startswith("20.0 MiB are in use: 16.0 MiB private, and")
        assert ["resident", "24.0 MiB"] == page.rows[1][:2]
        assert 1 == page.tags["details"]
        assert ["swap_pss", "0 B"] in page.rows
        assert "25,165,824 bytes" in page.titles

    def test_is_what_notebooks_show(self) -> None:
        """
        It is the HTML of a Usage.
        """
        usage = procmem.Usage(pss=4096)

        assert usage_table(usage) == usage._repr_html_()

    def test_missing(self) -> None:
        """
        What was not printed is a dash that says why, never a 0.
        """
        page = read(usage_table(procmem.Usage(pss=4096)))
        shown = {row[0]: row[1] for row in page.rows if len(row) > 1}

        assert "4.0 KiB" == shown.pop("pss") == shown.pop("proportional")
        assert {"\N{EN DASH}"} == set(shown.values()) - {""}
        assert "not known: this system did not print it" in page.titles

    def test_other(self) -> None:
        """
        Counters that procmem does not know are there, text escaped.
        """
        usage = procmem.Usage(other=(("<New>", 4096), ("Odd", "<b>\x1b")))
        page = read(usage_table(usage))

        assert ["<New>", "4.0 KiB"] in page.rows
        assert ["Odd", r"<b>\x1b"] in page.rows

    def test_delta(self) -> None:
        """
        A difference shows with its signs, and what is missing is unknown.
        """
        before = procmem.Usage(rss=3 * MIB, pss=8 * MIB, swap=MIB)
        after = procmem.Usage(rss=5 * MIB, pss=4 * MIB, swap=MIB, ksm=0)
        page = read(usage_table(after - before))

        assert (
            "Memory in use changed by -4.0 MiB: private unknown, shared in full "
            "unknown; swapped out 0 B."
        ) == page.sentence
        assert ["resident", "+2.0 MiB"] == page.rows[1][:2]
        assert ["proportional", "-4.0 MiB"] == page.rows[2][:2]
        assert ["ksm", "\N{EN DASH}"] in page.rows
        assert {"+2,097,152 bytes", "-4,194,304 bytes"} <= set(page.titles)


class TestSnapshotTable:
    def test_parts(self) -> None:
        """
        It names the process, shows its peak, and folds the rest.
        """
        source = machine({9: process(name=b"<i>\\n\xff")})
        snapshot = procmem.snapshot(9, source=source)
        page = read(snapshot_table(snapshot))

        assert page.sentence.startswith(r"<i>\x0a\xff (pid 9) uses 20.0 MiB: 16.0 MiB")
        assert ["peak", "24.0 MiB"] in [row[:2] for row in page.rows]
        assert 2 == page.tags["details"]
        assert snapshot_table(snapshot) == snapshot._repr_html_()

    @pytest.mark.parametrize(
        ("expected", "files"),
        [
            (
                "kworker/0:1 (pid 9) has no memory of its own: it is a kernel thread.",
                kernel_thread(),
            ),
            ("done (pid 9) has no memory of its own: it is a zombie.", zombie()),
        ],
        ids=["thread", "zombie"],
    )
    def test_no_memory(self, expected: str, files: dict[str, bytes]) -> None:
        """
        Of what has no address space it says why.
        """
        snapshot = procmem.snapshot(9, source=machine({9: files}))

        assert expected == read(snapshot_table(snapshot)).sentence

    def test_no_peak_and_name(self) -> None:
        """
        A status without them leaves them unknown.
        """
        files = process() | {"status": b"VmSize:\t       4 kB\n"}
        snapshot = procmem.snapshot(9, source=machine({9: files}))
        page = read(snapshot_table(snapshot))

        assert page.sentence.startswith("the process (pid 9) uses 20.0 MiB")
        assert ["peak", "\N{EN DASH}"] in [row[:2] for row in page.rows]


def test_of_a_live_process() -> None:
    """
    The HTML of this very process is sound.
    """
    snapshot = procmem.snapshot()

    for value in (snapshot, snapshot.usage, snapshot.mappings):
        read(value._repr_html_())


def test_status_of_the_machine() -> None:
    """
    The machine of these tests prints what the parser takes.
    """
    assert "worker" == procmem.parse_status(status()).name
