"""
Odd processes of other kernels: what is dead, doubled, strangely named or
somebody else's.
"""

from __future__ import annotations

import ast

import pytest

import procmem
from tests.captures.archive import NAMES, load
from tests.captures.comparing import prefix_of
from tests.captures.source import CaptureSource


@pytest.fixture(params=NAMES)
def source(request: pytest.FixtureRequest) -> CaptureSource:
    """
    Each capture as root sees it.
    """
    return CaptureSource(capture=load(request.param))


class TestLife:
    def test_no_address_space(self, source: CaptureSource) -> None:
        """
        A zombie and a kernel thread use nothing, whether the kernel refuses
        to open a file or to read it.
        """
        for role in ("Z", "kthread"):
            process = source.pin(source.capture.role(role))

            assert procmem.Usage.zero() == procmem.usage(process)
            assert () == tuple(procmem.mappings(process))
            assert 0 == procmem.footprint(process) == procmem.peak_rss(process)

    def test_leader_ended(self, source: CaptureSource) -> None:
        """
        The memory of a process whose first thread has ended is that of its
        others.
        """
        process = source.pin(source.capture.role("L"))
        prefix = prefix_of(process)
        rollup = procmem.parse_smaps_rollup(process.read(f"{prefix}smaps_rollup"))

        assert prefix
        assert b"" == process.read("smaps")
        assert rollup == procmem.usage(process)
        assert rollup.rss > 1024**2
        mappings = procmem.parse_smaps(process.read(f"{prefix}smaps"))
        assert mappings == tuple(procmem.mappings(process))

    def test_twins(self, source: CaptureSource) -> None:
        """
        Two processes with one address space each have all of it.
        """
        usages = [
            procmem.usage(source.capture.role(role), source=source)
            for role in ("V", "VC")
        ]

        assert usages[0] == usages[1]
        assert usages[0].uss > 0

    def test_threads(self, source: CaptureSource) -> None:
        """
        A thread shows the same memory as its process.
        """
        process = source.pin(source.capture.role("B"))

        assert 2 == len(process.threads())
        for thread in process.threads():
            for file in ("maps", "smaps", "smaps_rollup"):
                assert process.read(file) == process.read(f"task/{thread}/{file}")

    def test_narrow(self, source: CaptureSource) -> None:
        """
        A process of 32 bits on a kernel of 64 has low addresses.
        """
        if "C32" not in source.capture.system["roles"]:
            pytest.skip("no such process on this machine")
        mappings = procmem.mappings(source.capture.role("C32"), source=source)

        assert mappings[-1].end <= 1 << 32
        assert procmem.accounting.rss(mappings) > 0

    def test_odd_command(self, source: CaptureSource) -> None:
        """
        Both stat and status keep a name with a newline and brackets.
        """
        names = set()
        for process in map(source.pin, source.pids()):
            stat = procmem.parse_stat(process.read("stat"), page_size=source.page_size)
            names.add(stat.name)

            assert stat.name == procmem.status(process).name
        assert "q\n) S 1 (\\k" in names


class TestNames:
    def test_odd_files(self, source: CaptureSource) -> None:
        """
        Every odd name is kept byte for byte as the kernel prints it.
        """
        capture = source.capture
        process = source.pin(capture.role("W"))
        found = 0
        for region in capture.workload["regions"]:
            if region["region"].startswith("odd_name") and region["op"] == "mmap":
                name = ast.literal_eval(region["note"]).replace(b"\n", b"\\012")
                mapping = process.mapping_at(int(region["addr"], 16))
                assert mapping is not None
                assert mapping.name is not None
                path = mapping.name.encode("utf-8", "surrogateescape")
                found += 1

                assert name == path.rpartition(b"/")[2]
        assert found >= 8

    def test_kinds(self, source: CaptureSource) -> None:
        """
        The memory that the workload made is told apart by kind.
        """
        mappings = procmem.mappings(source.capture.role("W"), source=source)
        kinds = set(procmem.accounting.by_kind(mappings))
        wanted = {
            *("anonymous", "file", "heap", "hugetlb", "memfd", "shared memory"),
            *("stack", "sysv"),
        }

        assert wanted <= kinds


class TestOtherEyes:
    def test_another_user(self, source: CaptureSource) -> None:
        """
        Another user may read their own process, and is told which right is
        missing for others.
        """
        capture = source.capture
        others = CaptureSource(capture=capture, view="unpriv")
        mine = capture.role("U")
        nothing = {capture.role("Z"), capture.role("kthread")}

        assert procmem.usage(mine, source=source) == procmem.usage(mine, source=others)
        for pid in set(others.pids()) - nothing - {mine}:
            with pytest.raises(procmem.AccessDeniedError) as caught:
                procmem.usage(pid, source=others)

            assert pid == caught.value.pid
            assert procmem.status(pid, source=others).pid == pid
        for pid in nothing:
            assert procmem.Usage.zero() == procmem.usage(pid, source=others)
