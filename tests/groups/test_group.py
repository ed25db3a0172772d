"""
What a group says, on machines made of bytes.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import cast

import attrs
import pytest

import procmem
from procmem.errors import AccessDeniedError, ParseError, UnsupportedError
from procmem.evidence import Evidence
from procmem.groups.twins import UNTOLD
from tests import cli_machine
from tests.groups.machine import MIB, NEEDS, denied, machine, process, stat, zombie


class TestSums:
    group = procmem.group(
        [7, 8],
        source=machine(
            {
                7: process(7, swap=2 * MIB),
                8: process(8, anonymous=MIB, layout=(1, 2, 3)),
            }
        ),
    )

    def test_sums(self) -> None:
        """
        The figures of all are added up.
        """
        assert 17 * MIB + 2 * MIB == self.group.footprint
        assert 17 * MIB + 8 * MIB == self.group.pss == self.group.usage.pss
        assert 2 * MIB == self.group.swap_pss
        assert 17 * MIB + 16 * MIB == self.group.rss_sum == self.group.usage.rss
        assert 17 * MIB == self.group.uss_sum == self.group.usage.uss

    def test_sizes(self) -> None:
        """
        They are integers that show themselves readably in a notebook.
        """
        for name in ("footprint", "pss", "swap_pss", "rss_sum", "uss_sum"):
            assert isinstance(getattr(self.group, name), procmem.Size)

    def test_evidence(self) -> None:
        """
        It says what was read, and how long that took.
        """
        evidence = self.group.evidence

        assert "kernel" == evidence.method
        assert ("stat", "smaps_rollup") == evidence.files
        assert evidence.seconds is not None
        assert () == evidence.missing == evidence.notes == self.group.missing
        assert evidence == self.group.usage.evidence

    def test_what_is_not_printed(self) -> None:
        """
        A figure that the kernel does not print for each is missing.
        """
        with pytest.raises(UnsupportedError, match="hugetlb"):
            _ = self.group.hugetlb

    def test_of_members(self) -> None:
        """
        Members are found by pid.
        """
        assert 7 == self.group[7].pid
        assert ("worker", 0, 1, 7) == (
            self.group[7].name,
            self.group[7].uid,
            self.group[7].parent,
            self.group[7].start_time,
        )
        with pytest.raises(KeyError):
            self.group[9]

    def test_repr(self) -> None:
        """
        The short form says how much it is.
        """
        expected = "<Group of 2 processes: footprint 19.0 MiB, pss 25.0 MiB>"
        assert expected == repr(self.group)
        assert repr(self.group[7]).startswith("<Member 7 'worker': Usage(rss=")


class TestNothing:
    def test_empty(self) -> None:
        """
        No pids are an empty group, all of which is known.
        """
        group = procmem.group([], source=machine({}))

        assert procmem.Usage.zero() == group.usage
        assert 0 == group.footprint == group.pss == group.swap_pss == group.hugetlb
        assert 0 == group.rss_sum == group.uss_sum
        assert {} == group.by_kind()
        assert group.complete
        assert "<Group of 0 processes: footprint 0 B, pss 0 B>" == repr(group)

    def test_all_gone(self) -> None:
        """
        If all that were named are gone, that is an error; if some are, they
        are named.
        """
        source = machine({7: process(7)})
        with pytest.raises(procmem.ProcessGoneError):
            procmem.group([98, 99], source=source)
        group = procmem.group([99, 7, 98], source=source)

        assert ((7,), (98, 99), True) == (group.pids, group.gone, group.complete)
        assert repr(group).endswith(", 2 gone>")

    def test_zombie(self) -> None:
        """
        A zombie is a member without memory, of which all is known.
        """
        source = machine({7: process(7), 8: zombie(8)})
        group = procmem.group([7, 8], source=source)

        assert (7, 8) == group.pids
        assert (True, False) == (group[7].has_memory, group[8].has_memory)
        assert 16 * MIB == group.footprint
        assert group.complete

    def test_twice(self) -> None:
        """
        Who is named twice counts once.
        """
        source = machine({7: process(7)})

        assert (7,) == procmem.group([7, 7], source=source).pids


class TestUnreadable:
    source = machine({7: process(7), 8: denied(8)})

    def test_reason(self) -> None:
        """
        Who can't be read is part of the answer, with the reason; the totals
        are at least what they say.
        """
        group = procmem.group([7, 8], source=self.source)
        error = group.unreadable[8]

        assert (7,) == group.pids
        assert isinstance(error, AccessDeniedError)
        assert NEEDS == error.needs
        assert not group.complete
        assert (f"process 8: {error}",) == group.missing == group.evidence.missing
        assert (
            "<Group of 1 process: footprint at least 16.0 MiB, "
            "pss at least 20.0 MiB, 1 unreadable>"
        ) == repr(group)

    def test_all(self) -> None:
        """
        That none can be read is an answer, too.
        """
        group = procmem.group([8], source=self.source)

        assert ((), [8]) == (group.pids, list(group.unreadable))

    def test_nonsense(self) -> None:
        """
        A file that is not the kernel's makes its process unreadable.
        """
        for file in ("smaps_rollup", "stat"):
            files = process(8)
            files[file] = b"nonsense kB\n"
            source = machine({7: process(7), 8: files})
            group = procmem.group([7, 8], source=source)

            assert (7,) == group.pids
            assert isinstance(group.unreadable[8], ParseError)

    def test_two_headers(self) -> None:
        """
        Texts are never mixed up, whatever stands in them.
        """
        files = process(8)
        rollup = files["smaps_rollup"]
        assert isinstance(rollup, bytes)
        files["smaps_rollup"] = rollup + rollup
        source = machine({7: process(7), 8: files, 9: process(9, anonymous=MIB)})
        group = procmem.group([7, 8, 9], source=source)

        assert (7, 9) == group.pids
        assert (16 * MIB, MIB) == (group[7].footprint, group[9].footprint)
        assert isinstance(group.unreadable[8], ParseError)

    def test_odd_error(self) -> None:
        """
        An error that no kernel is known to give makes its process unreadable;
        one that is about this process is raised.
        """
        files = process(8)
        files["smaps_rollup"] = OSError(5, "Input/output error")
        source = machine({7: process(7), 8: files})
        assert [8] == list(procmem.group([7, 8], source=source).unreadable)

        files["smaps_rollup"] = OSError(12, "Cannot allocate memory")
        with pytest.raises(OSError, match="Cannot allocate"):
            procmem.group([7, 8], source=source)


class TestOldKernels:
    def test_footprint_of_mappings(self) -> None:
        """
        Where the kernel does not split PSS, the mappings tell the footprint.
        """
        files = process(7) | cli_machine.old_process(exact=True)
        files["status"] = process(7)["status"]
        group = procmem.group([7], source=machine({7: files}))

        assert 16 * MIB == group.footprint == group[7].footprint
        assert "smaps" in group.evidence.files

    def test_bounds_only(self) -> None:
        """
        Where they tell no more than bounds, it is unknown.
        """
        files = process(7) | cli_machine.old_process(exact=False)
        files["status"] = process(7)["status"]
        group = procmem.group([7], source=machine({7: files}))

        with pytest.raises(UnsupportedError):
            _ = group.footprint
        assert 20 * MIB == group.pss
        assert "footprint unknown" in repr(group)

    def test_no_status(self) -> None:
        """
        Of a process without ``status`` the user is unknown.
        """
        files = process(7)
        del files["status"]

        assert procmem.group([7], source=machine({7: files}))[7].uid is None


class TestKinds:
    def test_by_kind(self) -> None:
        """
        With mappings, the sum is told by kind.
        """
        source = machine({7: process(7), 8: process(8, anonymous=MIB)})
        group = procmem.group([7, 8], source=source, mappings=True)
        kinds = group.by_kind()

        assert 17 * MIB == kinds[procmem.MappingKind.HEAP].pss
        assert 8 * MIB == kinds[procmem.MappingKind.FILE].pss
        assert "smaps" in group.evidence.files

    def test_not_asked_for(self) -> None:
        """
        Without them it says how to get them.
        """
        group = procmem.group([7], source=machine({7: process(7)}))

        with pytest.raises(ValueError, match="mappings=True"):
            group.by_kind()


class TestOneAddressSpace:
    """
    Where the kernel does not tell (nor do bytes), by reasoning.
    """

    def test_alike(self) -> None:
        """
        Two of one layout that are alike in all, and share nothing, are one.
        """
        maps = b"1000-2000 rw-p 00000000 00:00 0 \n"
        files = {pid: {**process(pid), "maps": maps} for pid in (7, 8)}
        group = procmem.group([7, 8], source=machine(files))

        assert (None, 7) == (group[7].same_memory_as, group[8].same_memory_as)
        assert 16 * MIB == group.footprint
        assert 24 * MIB == group.rss_sum == group.usage.rss
        assert (UNTOLD,) == group.evidence.notes
        assert "same_memory_as=7" in repr(group[8])

    def test_differing(self) -> None:
        """
        Those that differ in layout, mappings or counters are two.
        """
        maps = b"1000-2000 rw-p 00000000 00:00 0 \n"
        one = {**process(7), "maps": maps}
        for other in (
            {**process(8, layout=(1, 2, 3)), "maps": maps},
            {**process(8), "maps": maps.replace(b"1000", b"1800")},
            {**process(8, anonymous=MIB), "maps": maps},
            process(8),
        ):
            group = procmem.group([7, 8], source=machine({7: one, 8: other}))
            assert group[7].counts
            assert group[8].counts

    def test_forked(self) -> None:
        """
        Two that share pages without a file have been forked.
        """
        files = {pid: process(pid) for pid in (7, 8)}
        for own in files.values():
            rollup = own["smaps_rollup"]
            assert isinstance(rollup, bytes)
            half = b"Pss_Anon:%16d kB\n" % (8 * 1024)
            whole = b"Pss_Anon:%16d kB\n" % (16 * 1024)
            own["smaps_rollup"] = rollup.replace(whole, half)
            own["maps"] = b"1000-2000 rw-p 00000000 00:00 0 \n"
        group = procmem.group([7, 8], source=machine(files))

        assert 16 * MIB == group.footprint
        assert group[8].counts

    def test_no_layout(self) -> None:
        """
        Processes whose layout is hidden are not compared by it.
        """
        files = {pid: process(pid, layout=(1, 1, 0)) for pid in (7, 8)}

        assert () == procmem.group([7, 8], source=machine(files)).evidence.notes


class TestValue:
    group = procmem.group([7, 8, 99], source=machine({7: process(7), 8: denied(8)}))

    def test_pickle(self) -> None:
        """
        A group survives pickling.
        """
        again = pickle.loads(pickle.dumps(self.group))

        assert self.group == again
        assert self.group.evidence == again.evidence
        assert self.group.missing == again.missing

    def test_equality(self) -> None:
        """
        How it was found does not matter, what is in it does.
        """
        assert self.group == attrs.evolve(self.group, taken=1.0, evidence=Evidence())
        assert self.group != attrs.evolve(self.group, gone=())
        assert self.group != attrs.evolve(self.group, unreadable={})
        assert isinstance(hash(self.group), int)

    def test_save(self, tmp_path: Path) -> None:
        """
        It can be saved, and is the same when it is loaded; what is saved of
        one process is no group.
        """
        self.group.save(tmp_path / "group")
        procmem.snapshot(source=machine({1: process(1)})).save(tmp_path / "one")

        again = procmem.Group.load(tmp_path / "group")
        assert self.group == again
        assert self.group.missing == again.missing
        with pytest.raises(ParseError):
            procmem.Group.load(tmp_path / "one")

    def test_difference(self) -> None:
        """
        Two readings have a difference, which adds up; with anything else
        there is none.
        """
        more = procmem.group([7], source=machine({7: process(7, anonymous=20 * MIB)}))
        diff = more - self.group

        assert 4 * MIB == diff.total.pss == sum(row.delta.pss for row in diff.rows)
        with pytest.raises(TypeError):
            _ = self.group - cast("procmem.Group", 1)

    def test_html(self) -> None:
        """
        A notebook shows its members, with everything escaped.
        """
        files = {7: process(7, name=b"<b>\x1b"), 8: denied(8)}
        many = {pid: process(pid) for pid in range(100, 150)}
        for source in (files, {**files, **many}):
            group = procmem.group(source, source=machine(source))
            html = group._repr_html_()
            assert "&lt;b&gt;\\x1b" in html
            assert "at least" in html
            assert "needs the same user" in html


class TestOptions:
    def test_threads(self) -> None:
        """
        A number of threads is positive.
        """
        with pytest.raises(ValueError, match="at least one thread"):
            procmem.Group.of([], threads=0)

    @pytest.mark.parametrize("timeout", [-1, float("nan")])
    def test_timeout(self, timeout: float) -> None:
        """
        A timeout is not negative.
        """
        with pytest.raises(ValueError, match="a timeout is"):
            procmem.group([], timeout=timeout)

    def test_name_with_brackets(self) -> None:
        """
        A name may look like the rest of the line.
        """
        name = b"a) R 1 (b"
        files = process(7)
        files["stat"] = stat(7, name=name)

        assert name.decode() == procmem.group([7], source=machine({7: files}))[7].name
