"""
``--json`` prints one document whose fields other programs can rely on.
"""

from __future__ import annotations

import json
import os

import pytest

import procmem
from procmem import cli
from procmem.errors import (
    AccessDeniedError,
    ParseError,
    ProcessGoneError,
    UnsupportedError,
)
from tests.cli_machine import (
    MIB,
    NEEDS,
    denied,
    document,
    kernel_thread,
    process,
    rollup,
    zombie,
)

_IDENTITY = {"pid": 1, "name": "init", "uid": 0, "user": "root"}
_SIZES = {
    "footprint": 18 * MIB,
    "pss": 20 * MIB,
    "uss": 16 * MIB,
    "shared": 8 * MIB,
    "rss": 24 * MIB,
    "swap": 2 * MIB,
    "swap_pss": 2 * MIB,
}
_DENIED = {
    "pid": 3,
    "name": "secret",
    "uid": 0,
    "user": "root",
    "error": "AccessDeniedError",
    "message": "not permitted to read smaps_rollup of process 3: needs the same user",
    "file": "smaps_rollup",
    "needs": NEEDS,
}


class TestAll:
    def test_fields(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Each field is there and nothing else.
        """
        found = document(
            capsys,
            {
                1: process(name=b"init", swap=2 * MIB),
                2: kernel_thread(),
                3: denied(3),
                4: zombie(),
                5: {"status": ProcessGoneError(5)},
            },
        )

        assert {
            "schema": 1,
            "processes": [_IDENTITY | _SIZES],
            "unreadable": [_DENIED],
            "without_memory": {"kernel_threads": 1, "zombies": 1},
            "total": {
                "footprint": 18 * MIB,
                "pss": 20 * MIB,
                "swap_pss": 2 * MIB,
                "complete": False,
            },
        } == found

    def test_complete(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        The total is complete if nothing was unreadable.
        """
        found = document(capsys, {1: process(), 2: kernel_thread()})

        assert [] == found["unreadable"]
        assert {
            "footprint": 16 * MIB,
            "pss": 20 * MIB,
            "swap_pss": 0,
            "complete": True,
        } == found["total"]

    def test_missing(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        What a system does not tell is null, and so are sums of it.
        """
        old = rollup(anonymous=16 * MIB, file=8 * MIB, split=False)
        found = document(capsys, {1: process(), 2: process() | {"smaps_rollup": old}})
        processes = found["processes"]
        total = found["total"]

        assert isinstance(processes, list)
        assert isinstance(total, dict)
        assert [16 * MIB, None] == [each["footprint"] for each in processes]
        assert (None, 40 * MIB) == (total["footprint"], total["pss"])

    @pytest.mark.parametrize(
        ("expected", "error"),
        [
            (
                ("AccessDeniedError", "status", "x"),
                AccessDeniedError(1, "status", "x"),
            ),
            (("UnsupportedError", "y", "z"), UnsupportedError("y", "z")),
            (("ParseError", "f", None), ParseError("r", "f", 1, b"\xff")),
            (("OSError", None, None), OSError(5, "Input/output error \udcff")),
        ],
        ids=["denied", "unsupported", "parse", "system"],
    )
    def test_unreadable(
        self,
        expected: tuple[str | None, ...],
        error: Exception,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """
        An unread process has the class of its error, and what would help.
        """
        found = document(capsys, {1: {"status": error}})
        (unread,) = found["unreadable"]

        assert expected == tuple(unread[key] for key in ("error", "file", "needs"))
        assert (1, None, None, None) == tuple(
            unread[key] for key in ("pid", "name", "uid", "user")
        )
        assert isinstance(unread["message"], str)

    @pytest.mark.parametrize(
        ("expected", "name"),
        [
            ("a b", b"a b"),
            ("\x1b[2J\n", rb"%s\n" % b"\x1b[2J"),
            (r"caf\xe9", b"caf\xe9"),
            ("caf\u00e9\u202e", "caf\u00e9\u202e".encode()),
            (r"\udcff", rb"\\udcff"),
        ],
    )
    def test_names(
        self, expected: str, name: bytes, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        Names are strings of real characters, whatever their bytes.
        """
        found = document(capsys, {1: process(name=name)})

        assert [expected] == [each["name"] for each in found["processes"]]


def test_of_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """
    This process finds itself among those of the machine.
    """
    assert 0 == cli.main(["--json"])
    found = json.loads(capsys.readouterr().out)
    pids = [each["pid"] for each in found["processes"]]

    assert os.getpid() in pids
    assert sorted(pids) == pids
    assert procmem.status().name in [each["name"] for each in found["processes"]]
