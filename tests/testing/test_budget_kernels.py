"""
Budgets where something is refused, or the kernel lacks it.
"""

from __future__ import annotations

import pytest

import procmem
from procmem.errors import AccessDeniedError, UnsupportedError
from procmem.sources.base import PinnedProcess
from procmem.testing import budget
from tests import cli_machine
from tests.groups.machine import Content, Files, denied, machine, process, zombie

from .memory import MIB


def target(files: Files, **others: Files) -> PinnedProcess:
    """
    Process 10 of a machine, the parent of 11.
    """
    there = {1: process(1, name=b"init"), 10: files}
    there.update({int(name.removeprefix("p")): each for name, each in others.items()})
    return machine(there).pin(10)


class TestRights:
    def test_a_child_that_may_not_be_read(self) -> None:
        """
        Without a child that may not be read limits cannot be judged, unless
        what was read is above them.
        """
        tree = target(process(10), p11=denied(11, parent=10))
        with budget(target=tree) as measured:
            pass
        with pytest.raises(AccessDeniedError) as caught, budget("1 TiB", target=tree):
            pass
        with (
            pytest.raises(procmem.testing.MemoryBudgetExceeded),
            budget("1 MiB", target=tree),
        ):
            pass

        assert 11 == caught.value.pid
        assert "without process 11; what" in " ".join(caught.value.__notes__)
        assert [11] == list(measured.unreadable)
        assert 16 * MIB == measured.after

    def test_who_was_named_and_may_not_be_read(self) -> None:
        """
        The block does not begin if who was named may not be read.
        """
        with (
            pytest.raises(AccessDeniedError),
            budget(target=target(denied(10))),
        ):
            raise AssertionError("the block began")


class TestKernels:
    def test_no_rollup(self) -> None:
        """
        Without smaps_rollup the totals are those of smaps.
        """
        files: dict[str, Content] = {**process(10)}  # type: ignore[dict-item]
        del files["smaps_rollup"]
        with budget(target=target(process(10))) as expected:
            pass
        with budget(target=target({**files})) as measured:
            pass

        assert expected.after == measured.after
        assert "smaps" == measured.evidence.files[0]
        assert expected.usage.rss == measured.usage.rss == 24 * MIB

    @pytest.mark.parametrize(("exact", "least"), [(True, 16), (False, 12)])
    def test_a_rollup_without_shares(self, exact: bool, least: int) -> None:
        """
        Before the kernel split the shares, mappings tell the figure or its
        bounds, by which strict limits are judged.
        """
        files = {**process(10), **cli_machine.old_process(exact=exact)}
        with budget("14 MiB" if not exact else None, target=target(files)) as measured:
            pass

        assert least * MIB == measured.lower
        assert 0 <= measured.upper - 16 * MIB < MIB
        with (
            pytest.raises(procmem.testing.MemoryBudgetExceeded),
            budget("14 MiB", target=target(files), strict=True),
        ):
            pass

    def test_nothing_tells_the_footprint(self) -> None:
        """
        Where neither totals nor mappings tell a figure, it is an error and
        not 0.
        """
        files = {**process(10), **cli_machine.old_process(exact=True)}
        smaps = files["smaps"]
        assert isinstance(smaps, bytes)
        files["smaps"] = smaps.replace(b"SwapPss:", b"SwapElse:")
        with pytest.raises(UnsupportedError), budget("1 TiB", target=target(files)):
            pass

    def test_a_zombie_has_nothing(self) -> None:
        """
        A child that has ended adds nothing to any total.
        """
        tree = target(process(10), p11=zombie(11, parent=10))
        with budget(target=tree) as measured:
            pass

        assert [10, 11] == [member.pid for member in measured.group.members]
        assert 0 == measured.group.members[1].usage.rss
        assert 24 * MIB == measured.usage.rss
        assert (10,) == measured.pids
