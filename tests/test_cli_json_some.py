"""
``--json`` with pids: one document whose fields other programs can rely on.
"""

from __future__ import annotations

import pytest

from procmem import cli
from tests.cli_machine import (
    MIB,
    NEEDS,
    denied,
    document,
    kernel_thread,
    machine,
    old_process,
    process,
    rollup,
    status,
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
# What the machine of these tests prints in its rollup and in its smaps.
_SHARED = {"shared_clean": 8 * MIB, "shared_dirty": 0}
_PRIVATE = {"private_clean": 0, "private_dirty": 16 * MIB}


class TestSome:
    def test_fields(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Each field is there and nothing else; the order is that asked for.
        """
        found = document(
            capsys,
            {1: process(name=b"init", swap=2 * MIB), 3: denied(3)},
            "3",
            "1",
            "9",
            code=1,
        )
        counters = {
            "rss": 24 * MIB,
            "pss": 20 * MIB,
            "pss_anon": 16 * MIB,
            "pss_file": 4 * MIB,
            "pss_shmem": 0,
            "referenced": 24 * MIB,
            "anonymous": 16 * MIB,
            "swap": 2 * MIB,
            "swap_pss": 2 * MIB,
            **_SHARED,
            **_PRIVATE,
        }
        absent = [
            *("size", "pss_dirty", "ksm", "lazy_free", "anon_huge_pages"),
            *("shmem_pmd_mapped", "file_pmd_mapped", "locked"),
            *("shared_hugetlb", "private_hugetlb"),
        ]
        kind = {"mappings": 1, "size": 2048, "shared": 0, "swap": 0}

        assert {
            "schema": 1,
            "processes": [
                _IDENTITY
                | _SIZES
                | {
                    "footprint_bounds": None,
                    "peak_rss": 24 * MIB,
                    "has_address_space": True,
                    "counters": {**dict.fromkeys(absent), **counters, "other": {}},
                    "kinds": {
                        "heap": kind
                        | dict.fromkeys(("rss", "pss", "uss"), 16 * MIB)
                        | {"swap": 2 * MIB},
                        "file": kind
                        | {"rss": 8 * MIB, "pss": 4 * MIB, "uss": 0, "shared": 8 * MIB},
                    },
                    "evidence": {
                        "method": "kernel",
                        "files": ["smaps_rollup"],
                        "missing": [],
                        "notes": [],
                    },
                }
            ],
            "unreadable": [
                _DENIED,
                {
                    "pid": 9,
                    "name": None,
                    "uid": None,
                    "user": None,
                    "error": "ProcessGoneError",
                    "message": "no process 9 (any more)",
                    "file": None,
                    "needs": None,
                },
            ],
        } == found

    def test_errors_are_said_too(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        What can't be read is also a line on stderr.
        """
        assert 1 == cli.main(["--json", "9"], source=machine({}))
        assert "procmem: no process 9 (any more)\n" == capsys.readouterr().err

    @pytest.mark.parametrize("files", [kernel_thread(), zombie()])
    def test_no_memory(
        self, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        What has no address space has sizes of 0 and says so.
        """
        found = document(capsys, {2: files}, "2")
        (only,) = found["processes"]

        assert (False, 0, 0, {}) == (
            only["has_address_space"],
            only["pss"],
            only["peak_rss"],
            only["kinds"],
        )

    def test_old_kernel(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Where the footprint is known only between bounds, it is null and
        they are there.
        """
        processes = {2: old_process(exact=True), 3: old_process(exact=False)}
        found = document(capsys, dict(processes), "2", "3")

        assert [(16 * MIB, None), (None, [12 * MIB, 16 * MIB + 1023])] == [
            (each["footprint"], each["footprint_bounds"]) for each in found["processes"]
        ]

    def test_missing(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        What a system does not tell is null.
        """
        files = {
            "status": status(peak=None),
            "smaps": b"1000-2000 r-x- 00000000 00:00 1     /bin/sh\nPss:   4 kB\n",
        }
        found = document(capsys, {2: files}, "2")
        (only,) = found["processes"]
        nothing = ("rss", "uss", "shared", "swap", "footprint", "peak_rss")

        assert [4096] + [None] * 6 == [only[key] for key in ("pss", *nothing)]

    def test_unknown_counters(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Counters that procmem does not know are there by the kernel's names.
        """
        more = b"New:  4 kB\nOdd:  \xff\n"
        text = rollup(anonymous=16 * MIB, file=8 * MIB) + more
        found = document(capsys, {2: process() | {"smaps_rollup": text}}, "2")
        (only,) = found["processes"]

        assert {"New": 4096, "Odd": r"\xff"} == only["counters"]["other"]
