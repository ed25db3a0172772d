"""
The parts of what ``procmem PID`` says.
"""

from __future__ import annotations

import pytest

from procmem import cli
from procmem.cli.findings import Unreadable
from procmem.cli.single import Details, examine
from procmem.errors import ProcessGoneError
from tests.cli_machine import (
    MIB,
    counters,
    machine,
    old_process,
    process,
    smaps,
    status,
)


class TestKinds:
    def test_many(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Eight kinds have a line, the others one together.
        """
        names = (
            "[heap]",
            "[stack]",
            "",
            "[anon:x]",
            "/lib/x",
            "/memfd:x",
            "/SYSV00000000",
            "/dev/shm/x",
            "/dev/x",
            "[uprobes]",
        )
        text = b"".join(
            b"%x000-%x800 rw-p 00000000 00:00 0 %s\n" % (place, place, name.encode())
            + counters(anonymous=(20 - place) * MIB, file=0, split=False)
            for place, name in enumerate(names, start=1)
        )
        cli.main(["7"], source=machine({7: process() | {"smaps": text}}))
        lines = capsys.readouterr().out.split("\n\n")[2].split("\n")

        assert 1 + 8 + 1 == len(lines) - 1
        assert ["heap", "1", "19.0", "MiB"] == lines[1].split()[:4]
        assert ["others", "2", "21.0", "MiB"] == lines[-2].split()[:4]

    def test_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Where nothing is in memory there is one line for all.
        """
        files = process() | {"smaps": smaps(anonymous=0, file=0)}
        cli.main(["7"], source=machine({7: files}))

        assert "all kinds         2       0 B           0 B      0 B      0 B" in (
            capsys.readouterr().out
        )

    def test_only_maps(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Where mappings have no counters, their sizes are unknown.
        """
        files: dict[str, object] = {**process(), "maps": b"1000-2000 rw-p 0 00:00 0 \n"}
        del files["smaps"]
        cli.main(["7"], source=machine({7: files}))

        assert "all kinds         1         ?             ?        ?        ?" in (
            capsys.readouterr().out
        )


class TestExamine:
    def test_bounds(self) -> None:
        """
        There are bounds only where the footprint itself is missing, and
        where mappings tell.
        """
        silent = b"1000-2000 r-x- 00000000 00:00 1     /bin/sh\nPss:   4 kB\n"
        source = machine(
            {
                1: process(),
                2: old_process(exact=True),
                3: old_process(exact=False),
                4: {"status": status(), "smaps": silent},
            }
        )
        found: list[tuple[int | None, tuple[int, int] | None]] = []
        for pid in (1, 2, 3, 4):
            details = examine(source, pid)
            assert isinstance(details, Details)
            found.append((details.footprint, details.footprint_bounds))

        assert [
            (16 * MIB, None),
            (16 * MIB, None),
            (None, (12 * MIB, 16 * MIB + 1023)),
            (None, None),
        ] == found

    def test_ends_meanwhile(self) -> None:
        """
        A process that ends while it is read is unread as a whole.
        """
        files = {**process(), "smaps": ProcessGoneError(7)}
        outcome = examine(machine({7: files}), 7)

        assert isinstance(outcome, Unreadable)
        assert "worker" == outcome.who.name

    def test_peak_is_read_last(self) -> None:
        """
        The peak is not below what was resident before.
        """
        growing = [status(peak=MIB), status(peak=24 * MIB)]
        details = examine(machine({7: {**process(), "status": growing}}), 7)

        assert isinstance(details, Details)
        assert details.usage.rss <= (details.status.vm_hwm or 0)
