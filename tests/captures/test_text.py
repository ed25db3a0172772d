"""
The text of other kernels through the parsers and through every call that
reads text.
"""

from __future__ import annotations

import pytest

import procmem
from tests.captures.archive import NAMES, Capture, load
from tests.captures.comparing import with_memory
from tests.captures.reference import GATES
from tests.captures.source import CaptureSource
from tests.kernel.eras import ERAS, Era
from tests.kernel.rendering import (
    render_maps,
    render_rollup,
    render_smaps,
    render_statm,
    render_status,
)


@pytest.fixture(params=NAMES)
def source(request: pytest.FixtureRequest) -> CaptureSource:
    """
    Each capture as root sees it.
    """
    return CaptureSource(capture=load(request.param))


def _era(capture: Capture) -> Era:
    narrow = " of 32 bits" if capture.system["pointer_bits"] == 32 else ""
    name = "{}.{}".format(*capture.version) + narrow
    return next(era for era in ERAS if era.name == name)


def _texts(source: CaptureSource, kind: str) -> list[bytes]:
    """
    All files of a name: of processes and of threads, as read by anybody.
    """
    files = source.capture.files
    return [files[path] for path in files if path.rpartition("/")[2] == kind]


def _sorted_flags(smaps: bytes) -> bytes:
    """
    The text with the flags in the order of the alphabet where some have no
    name: nobody knows where those stand.
    """
    return b"\n".join(
        b" ".join(sorted(line.split())) if b" ??" in line[:200] else line
        for line in smaps.split(b"\n")
    )


class TestRoundTrip:
    def test_maps(self, source: CaptureSource) -> None:
        """
        The values of every maps print as the kernel printed them.
        """
        for data in _texts(source, "maps"):
            assert data == render_maps(procmem.parse_maps(data), _era(source.capture))

    def test_smaps(self, source: CaptureSource) -> None:
        """
        The values of every smaps print as the kernel printed them.
        """
        for data in _texts(source, "smaps"):
            again = render_smaps(procmem.parse_smaps(data), _era(source.capture))

            assert _sorted_flags(data) == _sorted_flags(again)

    def test_rollup(self, source: CaptureSource) -> None:
        """
        The values of every smaps_rollup print as the kernel printed them.
        """
        for data in _texts(source, "smaps_rollup"):
            start, end = (int(n, 16) for n in data.partition(b" ")[0].split(b"-"))
            usage = procmem.parse_smaps_rollup(data)
            again = render_rollup(usage, _era(source.capture), start=start, end=end)

            assert data == again

    def test_status(self, source: CaptureSource) -> None:
        """
        The values of every status print as the kernel printed them.
        """
        for data in _texts(source, "status"):
            keys = [line.partition(b":")[0].decode() for line in data.splitlines()]

            assert data == render_status(procmem.parse_status(data), keys)

    def test_statm(self, source: CaptureSource) -> None:
        """
        The values of every statm print as the kernel printed them.
        """
        for data in _texts(source, "statm"):
            statm = procmem.parse_statm(data, page_size=source.page_size)

            assert data == render_statm(statm, source.page_size)

    def test_stat(self, source: CaptureSource) -> None:
        """
        The fields of every stat are those behind the last bracket.
        """
        for data in _texts(source, "stat"):
            stat = procmem.parse_stat(data, page_size=source.page_size)
            head, _, tail = data.rpartition(b") ")
            fields = tail.split()
            sizes = int(fields[20]), int(fields[21]) * source.page_size

            assert head == f"{stat.pid} ({stat.name}".encode()
            assert fields[0].decode() == stat.state
            assert int(fields[19]) == stat.start_time
            assert sizes == (stat.vsize, stat.rss)


class TestSums:
    def test_size(self, source: CaptureSource) -> None:
        """
        The sizes of the mappings add up to VmSize, so nothing is said about
        mappings that came or went.
        """
        for process, _ in with_memory(source):
            mappings = procmem.mappings(process)
            size = sum(m.size for m in mappings if m.name not in GATES)
            gates = sum(m.size for m in mappings if m.name in GATES)
            vm_size = procmem.status(process).vm_size

            assert vm_size in {size, size + gates}
            assert () == mappings.evidence.notes, (process.pid, vm_size, size, gates)

    def test_rollup(self, source: CaptureSource) -> None:
        """
        The mappings add up to the rollup, to a kB a mapping where the kernel
        rounds.
        """
        for process, _ in with_memory(source):
            mappings = procmem.mappings(process)
            rollup = procmem.usage(process)
            total = procmem.accounting.total(mappings)

            for field in ("rss", "uss", "shared", "swap", "anonymous", "referenced"):
                assert rollup.get(field) == total.get(field)
            assert 0 <= rollup.pss - total.pss < 1024 * len(mappings)
            assert ("smaps_rollup",) == rollup.evidence.files[:1]

    def test_status(self, source: CaptureSource) -> None:
        """
        VmRSS is the RSS where the kernel counts exactly (6.12), and never
        counts pages of hugetlbfs.
        """
        for process, _ in with_memory(source):
            status = procmem.status(process)
            rss = procmem.rss(process)
            assert status.vm_rss is not None
            assert status.vm_hwm is not None

            assert status.vm_hwm >= status.vm_rss
            if source.capture.version >= (6, 12):
                assert rss == status.vm_rss
            else:
                # 64 events of each of three kinds may be late, for each thread;
                # one event maps up to 16 pages of a file.
                late = 3 * 64 * 16 * source.page_size * len(process.threads())
                assert abs(rss - status.vm_rss) <= late

    def test_footprint(self, source: CaptureSource) -> None:
        """
        The footprint of the rollup is within the bounds that smaps gives.
        """
        for process, _ in with_memory(source):
            mappings = procmem.mappings(process)
            low, high = procmem.accounting.footprint_bounds(mappings)
            # A tmpfs mounted elsewhere than below /dev looks like any other.
            hidden = [m for m in mappings if (m.name or "").startswith("/tmp/hugetmp")]
            high += procmem.accounting.pss(hidden)

            # The three parts are cut on their own.
            assert low - 3 * 1024 <= procmem.footprint(process) <= high
