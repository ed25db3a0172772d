"""
One process is looked at, and what is not known is never a 0.
"""

from __future__ import annotations

import pytest

from procmem.cli.findings import SIZES, Empty, Identity, Seen, Unreadable
from procmem.cli.scan import look
from procmem.errors import (
    AccessDeniedError,
    ParseError,
    ProcessGoneError,
    UnsupportedError,
)
from tests.cli_machine import (
    MIB,
    denied,
    kernel_thread,
    machine,
    process,
    rollup,
    smaps,
    status,
    zombie,
)

_SIZES = {
    "footprint": 18 * MIB,
    "pss": 20 * MIB,
    "uss": 16 * MIB,
    "shared": 8 * MIB,
    "rss": 24 * MIB,
    "swap": 2 * MIB,
    "swap_pss": 2 * MIB,
}


class TestLook:
    def test_usual(self) -> None:
        """
        A process has a name, an effective user, and sizes.
        """
        source = machine({7: process(name=b"a b", uid=1000, swap=2 * MIB)})

        assert Seen(Identity(7, "a b", 1000), _SIZES) == look(source, 7)

    @pytest.mark.parametrize(
        ("expected", "name"),
        [("a\nb\\c", rb"a\nb\\c"), ("\udcff\x1b", b"\xff\x1b"), ("", b"")],
        ids=["escaped", "bytes", "empty"],
    )
    def test_names(self, expected: str, name: bytes) -> None:
        """
        Names come as they are, whichever way they are read.
        """
        outcome = look(machine({7: process(name=name)}), 7)

        assert outcome is not None
        assert expected == outcome.who.name

    @pytest.mark.parametrize("kthread", [1, None])
    def test_kernel_thread(self, kthread: int | None) -> None:
        """
        A kernel thread has no memory, also where status does not tell.
        """
        source = machine({2: kernel_thread(kthread=kthread)})
        expected = Empty(Identity(2, "kworker/0:1", 0), is_zombie=False)

        assert expected == look(source, 2)

    def test_zombie(self) -> None:
        """
        A zombie has no memory any more.
        """
        expected = Empty(Identity(2, "done", 0), is_zombie=True)

        assert expected == look(machine({2: zombie()}), 2)

    def test_leader_has_ended(self) -> None:
        """
        Where the first thread has ended the others are asked.
        """
        ended = status(state=b"Z (zombie)", threads=2, memory=False)
        files = zombie() | {
            "status": ended,
            "task/7/status": ended,
            "task/8/status": status(threads=2),
            "task/8/smaps_rollup": rollup(
                anonymous=16 * MIB, file=8 * MIB, swap=2 * MIB
            ),
        }

        assert Seen(Identity(7, "worker", 0), _SIZES) == look(machine({7: files}), 7)

    def test_ends_between_two_files(self) -> None:
        """
        What has become a zombie since its status was read has no sizes,
        rather than sizes of 0.
        """
        alive, dead = status(), zombie()["status"]
        for states in ([alive, dead], [alive, alive, dead]):
            files = {"status": states, "smaps_rollup": b""}
            outcome = look(machine({7: files}), 7)

            assert isinstance(outcome, Empty)
            assert outcome.is_zombie

    @pytest.mark.parametrize("file", ["status", "smaps_rollup"])
    def test_gone(self, file: str) -> None:
        """
        What has ended is not there.
        """
        files = {**process(), file: ProcessGoneError(7)}

        assert look(machine({7: files}), 7) is None
        assert look(machine({}), 7) is None

    def test_gone_at_the_second_look(self) -> None:
        """
        The same if it ends while it is read a second time.
        """
        files = {**process(), "smaps_rollup": [b"", ProcessGoneError(7)]}

        assert look(machine({7: files}), 7) is None

    def test_denied(self) -> None:
        """
        Of what is not permitted the name is known, and why.
        """
        outcome = look(machine({7: denied(7, uid=5)}), 7)

        assert isinstance(outcome, Unreadable)
        assert Identity(7, "secret", 5) == outcome.who
        assert isinstance(outcome.error, AccessDeniedError)

    @pytest.mark.parametrize(
        "error",
        [
            AccessDeniedError(7, "status", "no hidepid"),
            UnsupportedError("status", "a kernel"),
            OSError(5, "Input/output error"),
        ],
    )
    def test_status_unreadable(self, error: Exception) -> None:
        """
        Without a status nothing is known but the number.
        """
        files = {**process(), "status": error}

        assert Unreadable(Identity(7), error) == look(machine({7: files}), 7)

    def test_no_totals(self) -> None:
        """
        A system without rollup and smaps leaves the process unread.
        """
        outcome = look(machine({7: {"status": status()}}), 7)

        assert isinstance(outcome, Unreadable)
        assert isinstance(outcome.error, UnsupportedError)

    def test_nonsense(self) -> None:
        """
        Files that are not the kernel's are an error of that process.
        """
        files = {**process(), "smaps_rollup": b"nonsense\n"}
        outcome = look(machine({7: files}), 7)

        assert isinstance(outcome, Unreadable)
        assert isinstance(outcome.error, ParseError)
        assert "worker" == outcome.who.name

    def test_old_kernel(self) -> None:
        """
        Where the rollup has no split there is no footprint.
        """
        files = process() | {
            "smaps_rollup": rollup(anonymous=16 * MIB, file=8 * MIB, split=False)
        }
        outcome = look(machine({7: files}), 7)

        assert isinstance(outcome, Seen)
        assert (None, 20 * MIB) == (outcome.sizes["footprint"], outcome.sizes["pss"])

    def test_no_rollup(self) -> None:
        """
        Where there is no rollup smaps is added up.
        """
        files = {"status": status(), "smaps": smaps(anonymous=16 * MIB, file=8 * MIB)}
        outcome = look(machine({7: files}), 7)

        assert isinstance(outcome, Seen)
        assert (None, 20 * MIB) == (outcome.sizes["footprint"], outcome.sizes["pss"])

    def test_pss_only(self) -> None:
        """
        Where Pss is all there is, it is all that is known.
        """
        files = {
            "status": status(),
            "smaps": b"1000-2000 r-x- 00000000 00:00 1     /bin/sh\nPss:   4 kB\n",
        }
        outcome = look(machine({7: files}), 7)

        assert isinstance(outcome, Seen)
        assert dict.fromkeys(SIZES) | {"pss": 4096} == outcome.sizes
