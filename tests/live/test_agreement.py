"""
On real processes, every number is the kernel's, and psutil's where it means the
same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

import procmem
from tests.live import comparing, kernel_text, peers, told
from tests.live.kernel_text import despite_others, steady, text_of
from tests.live.processes import require_root
from tests.live.programs import Entry, fleet, stopped

pytestmark = pytest.mark.live

# Fewer would say little about procmem.
_PROCESSES = 30
_EXECUTABLES = 15

_KIB = 1024

# Since then status adds its counters up exactly.
_EXACT_STATUS = (6, 16)

# What the kernel lists without having mapped it.
_GATES = ("[vsyscall]", "[vectors]")


@pytest.fixture(scope="module", name="still")
def fleet_at_rest() -> Iterator[list[Entry]]:
    """
    Real processes, none of which runs.
    """
    require_root()
    with fleet() as programs, stopped(programs.pids) as pids:
        entries = [entry for entry in programs.entries if entry.pid in pids]
        executables = {entry.executable for entry in entries}
        assert len(entries) >= _PROCESSES, programs.absent
        assert len(executables) >= _EXECUTABLES, programs.absent
        yield entries


def differing(
    entries: list[Entry], compare: Callable[[int], object]
) -> dict[Entry, object]:
    """
    What *compare* finds for each process, without those it finds nothing for.
    """
    settled = despite_others(compare)
    return {entry: found for entry in entries if (found := settled(entry.pid))}


@pytest.mark.parametrize("compare", comparing.FIELDS)
def test_every_field(compare: Callable[[int], object], still: list[Entry]) -> None:
    """
    Each line that the kernel prints is what procmem tells, and nothing else.
    """
    assert {} == differing(still, compare)


@pytest.mark.parametrize("compare", [peers.unlike_totals, peers.unlike_mappings])
def test_psutil(compare: Callable[[int], object], still: list[Entry]) -> None:
    """
    Each number of psutil is ours, as far as it means the same.
    """
    assert {} == differing(still, compare)


class TestSums:
    def test_rollup(self, still: list[Entry]) -> None:
        """
        The sum of the mappings is the rollup, but for what was rounded off.
        """

        def compare(pid: int) -> object:
            def ask() -> tuple[procmem.Usage, procmem.Mappings]:
                return procmem.usage(pid), procmem.mappings(pid)

            _, (usage, mappings) = steady(pid, ("smaps_rollup", "smaps"), ask)
            sums = procmem.accounting.total(mappings)
            rest = told.usage(usage - sums)
            # A rollup has no size, a mapping no split.
            assert rest.keys() == told.COUNTERS.keys() - {"Size", *told.SPLIT}
            wrong = {
                key: value
                for key, value in rest.items()
                if value
                not in range(len(mappings) * _KIB if key in told.ROUNDED else 1)
            }
            names = ("rss", "pss", "uss", "shared", "swap")
            return wrong | {
                name: (alone, sums.get(name))
                for name in names
                if (alone := getattr(procmem.accounting, name)(mappings))
                != sums.get(name)
            }

        assert {} == differing(still, compare)

    def test_split(self, still: list[Entry]) -> None:
        """
        The three parts of PSS add up to it, but for what was rounded off each.
        """

        def compare(pid: int) -> object:
            usage = procmem.usage(pid)
            parts = usage.pss_anon, usage.pss_file, usage.pss_shmem
            rest = usage.pss - sum(part or 0 for part in parts)
            return rest not in range(0, 3 * _KIB, _KIB) and (usage.pss, parts)

        assert {} == differing(still, compare)

    def test_groups(self, still: list[Entry]) -> None:
        """
        Whatever mappings are grouped by, the groups add up to the total.
        """

        def compare(pid: int) -> object:
            mappings = procmem.mappings(pid)
            total = procmem.accounting.total(mappings)
            groupings = (
                procmem.accounting.by_kind(mappings).values(),
                procmem.accounting.by_file(mappings).values(),
                procmem.accounting.by_permissions(mappings).values(),
            )
            return [groups for groups in groupings if sum(groups) != total]

        assert {} == differing(still, compare)

    def test_footprint_bounds(self, still: list[Entry]) -> None:
        """
        The footprint is within the bounds that the mappings tell, but that the
        kernel rounds each of its three parts down.
        """

        def compare(pid: int) -> object:
            def ask() -> tuple[int, tuple[int, int]]:
                mappings = procmem.mappings(pid)
                bounds = procmem.accounting.footprint_bounds(mappings)
                return procmem.footprint(pid), bounds

            _, (footprint, (low, high)) = steady(pid, ("smaps_rollup", "smaps"), ask)
            return not low - 3 * _KIB < footprint <= high and (low, footprint, high)

        assert {} == differing(still, compare)

    def test_size(self, still: list[Entry]) -> None:
        """
        What is listed adds up to VmSize, but for the gate, which is nobody's.
        """

        def compare(pid: int) -> object:
            mappings = procmem.mappings(pid)
            sizes = [m.size for m in mappings if m.name not in _GATES]
            rest = sum(sizes) - (procmem.status(pid).vm_size or 0)
            return (rest, mappings.evidence.notes) != (0, ()) and rest

        assert {} == differing(still, compare)

    def test_resident(self, still: list[Entry]) -> None:
        """
        What status and statm say is what the mappings say, on
        kernels that add up.
        """
        release = tuple(map(int, os.uname().release.split(".")[:2]))
        if release < _EXACT_STATUS:
            pytest.skip("status is approximate before Linux 6.16")

        def compare(pid: int) -> object:
            statm = text_of(pid, "statm")
            three = (
                procmem.rss(pid),
                procmem.status(pid).vm_rss,
                procmem.parse_statm(statm, page_size=kernel_text.PAGE).resident,
            )
            return len(set(three)) > 1 and three

        assert {} == differing(still, compare)
