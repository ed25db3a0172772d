"""
Real programs, counted page by page: databases, a browser, virtual machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import procmem
from tests.live import page_comparing
from tests.live.kernel_text import (
    PAGE,
    amount,
    despite_others,
    rollup,
    steady,
)
from tests.live.processes import require_root
from tests.live.programs import Entry, fleet, stopped
from tests.live.zoo import pages_of

pytestmark = pytest.mark.live

_PROCESSES = 30
_KIB = 1 << 10


@pytest.fixture(scope="module", name="still")
def fleet_at_rest() -> Iterator[list[Entry]]:
    """
    Real processes, none of which runs.
    """
    require_root()
    with fleet() as programs, stopped(programs.pids) as pids:
        entries = [entry for entry in programs.entries if entry.pid in pids]
        assert len(entries) >= _PROCESSES, programs.absent
        counted = [pages_of(entry.pid) for entry in entries]
        print(
            f"\n{len(entries)} processes, {sum(n for n, _ in counted)} mappings, "
            f"{sum(size for _, size in counted) // PAGE} pages; absent: "
            f"{[program.label for program in programs.absent]}"
        )
        yield entries


def differing(
    entries: list[Entry], compare: Callable[[int], object]
) -> dict[Entry, object]:
    """
    What *compare* finds for each process, without those it finds nothing for.
    """
    settled = despite_others(compare)
    return {entry: found for entry in entries if (found := settled(entry.pid))}


def test_mappings(still: list[Entry]) -> None:
    """
    Each figure of each mapping is what smaps says.
    """
    pids = [entry.pid for entry in still]

    assert {} == differing(still, lambda pid: page_comparing.mappings(pid, view=pids))


def test_totals(still: list[Entry]) -> None:
    """
    Each total is what smaps_rollup says, to the kB.
    """
    pids = [entry.pid for entry in still]

    assert {} == differing(still, lambda pid: page_comparing.usage(pid, view=pids))


def test_share(still: list[Entry]) -> None:
    """
    PSS is the kernel's, and less than a kB above it: the kernel cuts.
    """

    def compare(pid: int) -> object:
        data, found = steady(
            pid, ("smaps_rollup",), lambda: procmem.usage(pid, method="pages").pss
        )
        rest = found - amount(rollup(data), "Pss")
        return rest if rest not in range(_KIB) else None

    assert {} == differing(still, compare)


def test_table(still: list[Entry]) -> None:
    """
    The pages themselves add up to the same, as a whole and mapping by mapping.
    """

    def of_mappings(pid: int) -> object:
        pages, mappings = procmem.pages(pid), procmem.mappings(pid, method="pages")
        wrong = []
        for mapping in mappings:
            assert mapping.usage is not None
            some = pages.of(mapping)
            figures = (
                procmem.accounting.rss(some),
                procmem.accounting.pss(some),
                procmem.accounting.uss(some),
            )
            usage = mapping.usage
            if figures != (usage.rss, usage.pss, usage.uss):
                wrong.append((mapping, figures, usage))
        return wrong

    assert {} == differing(still, page_comparing.table)
    assert {} == differing(still, of_mappings)


def test_true_uss(still: list[Entry]) -> None:
    """
    What nobody else maps is no less than what the kernel calls private, and
    no more than what is resident.
    """

    def compare(pid: int) -> object:
        usage, true = procmem.usage(pid), procmem.true_uss(pid)
        return not usage.uss <= true <= usage.rss and (usage, true)

    assert {} == differing(still, compare)
