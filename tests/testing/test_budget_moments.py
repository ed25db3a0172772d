"""
Budgets whose processes change, end or cannot be read between two moments.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Mapping

import pytest

import procmem
from procmem.errors import AccessDeniedError
from procmem.groups.identity import Identity
from procmem.groups.rules import SAMPLER
from procmem.sources.base import PinnedProcess
from procmem.sources.procfs import ProcFS
from procmem.testing import budget, peaks
from procmem.testing.limits import Metric
from procmem.testing.sampling.client import Sampler
from tests import children
from tests.children import descriptors
from tests.groups.machine import NEEDS, Files, machine, process
from tests.groups.puppets import puppet

from .memory import MIB, forked, holder, touched

SPIKE = "len(b'x' * ({} << 20))"


def target(files: Files, **others: Files) -> PinnedProcess:
    """
    Process 10 of a machine, the parent of 11.
    """
    there = {1: process(1, name=b"init"), 10: files}
    there.update({int(name.removeprefix("p")): each for name, each in others.items()})
    return machine(there).pin(10)


class TestPeaks:
    @pytest.mark.parametrize("reset", [False, True])
    def test_marks_of_others(self, reset: bool) -> None:
        """
        The kernel's mark of another process starts anew only on request, and
        then says how far it rose in the block.
        """
        with puppet() as other:
            other.run(SPIKE.format(96))
            with budget(
                target=other.pid, measure_peak=True, reset_others=reset
            ) as measured:
                other.run(SPIKE.format(32))
            mark = procmem.status(other.pid).vm_hwm

        assert mark is not None
        assert reset == (mark < 96 * MIB)
        assert measured.peak is not None
        assert measured.peak - measured.before < 48 * MIB
        if reset:
            assert measured.peak - measured.before >= 30 * MIB

    def test_marks_of_who_has_ended(self) -> None:
        """
        A zombie has no mark to start anew, and takes part in no peak.
        """
        with forked() as child:
            children.kill(child)
            with budget(measure_peak=True, reset_others=True) as measured:
                pass

        assert (os.getpid(),) == measured.pids
        assert measured.peak is not None
        assert measured.peak >= measured.after

    def test_a_mark_is_rss(self) -> None:
        """
        A peak of RSS is the kernel's mark, whatever came and went.
        """
        with budget(metric="rss", measure_peak=True, tree=False) as measured:
            touched(64 * MIB).close()

        assert measured.peak is not None
        assert measured.peak_upper is not None
        assert 0 == measured.samples
        assert 60 * MIB <= measured.peak - measured.before < 80 * MIB
        assert measured.peak <= measured.peak_upper

    @pytest.mark.parametrize("metric", ["footprint", "pss", "uss"])
    def test_a_mark_is_not_a_share(self, metric: Metric) -> None:
        """
        What is shared with a process outside is whole in the kernel's mark,
        and does not raise the peak of what counts shares.
        """
        block = touched(96 * MIB)
        with (
            forked(),
            budget(metric=metric, measure_peak=True, tree=False) as measured,
        ):
            pass

        assert measured.peak is not None
        assert measured.peak - measured.before < 32 * MIB
        block.close()

    def test_no_sampler(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        If there is no helper to look at others, that is the error, and no
        window on a mark stays open.
        """

        def fail() -> Sampler:
            raise OSError("no helper")

        monkeypatch.setattr(Sampler, "for_this_process", fail)
        with holder(0) as child:
            before = descriptors()
            with (
                pytest.raises(OSError, match="no helper"),
                budget(target=child, measure_peak=True, reset_others=True),
            ):
                raise AssertionError("the block began")

            assert before == descriptors()
        assert child.pid not in {pid for pid, _ in peaks._OPEN.windows}


class TestMembers:
    def test_let_go_in_the_block(self) -> None:
        """
        Members that are let go in the block end it with an error, and the
        look at their peak ends, too; later they cannot begin one.
        """
        with holder(0) as child:
            with budget(target=child, measure_peak=True):
                pass
            before = descriptors()
            members = procmem.Members.of([child.pid])
            with (
                pytest.raises(ValueError, match="let go"),
                budget(target=members, measure_peak=True),
            ):
                members.close()
            with pytest.raises(ValueError, match="let go"), budget(target=members):
                raise AssertionError("the block began")

            assert before == descriptors()

    def test_the_error_of_the_block_counts(self) -> None:
        """
        What the block raises is told, also if its end cannot be measured.
        """
        with holder(0) as child:
            members = procmem.Members.of([child.pid])
            error = KeyError("mine")
            with pytest.raises(KeyError) as caught, budget(target=members):
                fail(members, error)

        assert error is caught.value

    def test_one_that_ends_as_it_is_looked_at(self) -> None:
        """
        A member that ends after it was looked for is left out.
        """

        class Ending(procmem.Members):
            def look(self, *, timeout: float | None = None) -> tuple[int, ...]:
                found = super().look(timeout=timeout)
                children.reap(gone)
                return found

        with (
            holder(0) as child,
            children.forked() as gone,
            Ending.of([child.pid, gone]) as members,
            budget("1 TiB", target=members) as measured,
        ):
            pass

        assert (child.pid,) == measured.pids
        assert {} == measured.unreadable

    def test_a_number_that_was_taken_again(self) -> None:
        """
        Whoever has the number of a member and started at another time is
        none.
        """

        class Taken(procmem.Members):
            @property
            def identities(self) -> Mapping[int, Identity]:
                return {
                    pid: who._replace(start_time=who.start_time - (pid == other.pid))
                    for pid, who in super().identities.items()
                }

        with (
            holder(0) as child,
            holder(0) as other,
            Taken.of([child.pid, other.pid]) as members,
            budget(target=members) as measured,
        ):
            pass

        assert (child.pid,) == measured.pids

    def test_one_that_may_not_be_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A member of whom nobody may know who it is is missing, and without it
        no limit is judged.
        """
        pin = ProcFS.pin

        def refuse(self: ProcFS, pid: int | None = None) -> PinnedProcess:
            if pid == secret.pid:
                raise AccessDeniedError(secret.pid, "stat", NEEDS)
            return pin(self, pid)

        with (
            holder(0) as child,
            holder(0) as secret,
            procmem.Members.of([child.pid, secret.pid]) as members,
        ):
            monkeypatch.setattr(ProcFS, "pin", refuse)
            with budget(target=members) as measured:
                pass
            with pytest.raises(AccessDeniedError), budget("1 TiB", target=members):
                pass

        assert [secret.pid] == list(measured.unreadable)
        assert (child.pid,) == measured.pids


def fail(members: procmem.Members, error: Exception) -> None:
    """
    Let members go, and raise an error.
    """
    members.close()
    raise error


def test_a_sampler_that_told_its_name_late() -> None:
    """
    Whoever turns out to be a sampler after it was found is not counted.
    """
    with puppet() as tree:
        late, child = tree.fork(2)
        with budget(target=tree.pid) as measured:
            tree.tell(late, f"open('/proc/self/comm', 'w').write({SAMPLER!r})")

    assert {tree.pid, child} == set(measured.pids)


@pytest.mark.parametrize("error", [None, KeyError()])
def test_a_fork_that_leaves_the_block(error: Exception | None) -> None:
    """
    A block ends in the process in which it began, and a fork that leaves it
    with too much is not judged.
    """
    own = pid = os.getpid()
    blocks: list[mmap.mmap] = []
    status = 0
    try:
        with (
            contextlib.suppress(KeyError),
            budget(growth="4 MiB", tree=False) as measured,
        ):
            pid = os.fork()
            if pid == 0:
                blocks.append(touched(32 * MIB))
                if error is not None:
                    raise error
        status = 3 if measured.ended else 4
    finally:
        if os.getpid() != own:
            os._exit(status)

    assert 4 == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert measured.ended


def test_a_block_that_has_not_begun() -> None:
    """
    A budget that is ended without a beginning has nothing to judge.
    """
    one = budget(0)
    one.__exit__(None, None, None)

    with pytest.raises(procmem.testing.MemoryBudgetExceeded), one:
        pass


def test_names_of_the_module() -> None:
    """
    The module lists its names before they are loaded, and knows no other.
    """
    assert set(procmem.testing.__all__) == set(dir(procmem.testing))
    with pytest.raises(AttributeError, match=r"procmem\.testing.*'budgets_'"):
        procmem.testing.budgets_  # type: ignore[attr-defined] # noqa: B018
