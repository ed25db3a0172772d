"""
Budgets for processes that are not in this machine's ``/proc``.
"""

from __future__ import annotations

import pytest

import procmem
from procmem.testing import MemoryBudgetExceeded, budget
from tests.groups.machine import machine, process

MIB = 1024**2


def test_members() -> None:
    """
    Members of another source are those that are measured.
    """
    source = machine({1: process(1), 10: process(10)})
    members = procmem.Members.of([source.pin(10)])
    expected = members.read().footprint
    with budget(target=members) as measured:
        pass

    assert members.source == source
    assert (10,) == measured.pids
    assert expected == measured.after > 0
    with pytest.raises(MemoryBudgetExceeded), budget(expected - 1, target=members):
        pass


@pytest.mark.parametrize("tree", [False, True])
def test_peak(tree: bool) -> None:
    """
    The peak is refused: the helper that looks, and the kernel's marks, are of
    this machine.
    """
    source = machine({1: process(1), 10: process(10)})
    measured = budget(target=source.pin(1), tree=tree, measure_peak=True)

    with pytest.raises(procmem.UnsupportedError, match="peak"), measured:
        pass
