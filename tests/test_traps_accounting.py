"""
What other tools got wrong when they added up, one test each.
"""

from __future__ import annotations

import attrs
import pytest

import procmem
from tests.kernel import samples
from tests.kernel.eras import LINUX_4_18, LINUX_6_18
from tests.kernel.rendering import render_smaps
from tests.kernel.samples import BASE, KIB, PAGE, PID, anonymous, mapping


def source_of(files: samples.Files) -> procmem.InMemory:
    """
    A system with one process.
    """
    return procmem.InMemory(processes={PID: files})


class TestDeletedTwice:
    def test_are_not_merged(self) -> None:
        """
        The old library and the new one of the same path stay apart.
        """
        mappings = [
            mapping(name="/lib/x (deleted)", device=(8, 1), inode=7, rss=PAGE),
            mapping(BASE + PAGE, name="/lib/x", device=(8, 1), inode=8, rss=PAGE),
        ]

        assert [PAGE, PAGE] == [
            usage.rss for usage in procmem.accounting.by_file(mappings).values()
        ]
        assert {"/lib/x"} == {m.path for m in mappings}
        assert [True, False] == [m.deleted for m in mappings]


class TestHugetlb:
    def test_outside_rss(self) -> None:
        """
        Pages of hugetlbfs are in none of RSS, PSS and USS, but beside them.
        """
        huge = mapping(
            BASE + 2**21,
            512,
            "/anon_hugepage (deleted)",
            vm_flags="rd wr ht",
            private_hugetlb=2**21,
        )
        source = source_of(
            samples.files([anonymous(), huge], pss_anon=PAGE, pss_shmem=0, swap_pss=0)
        )
        usage = procmem.usage(PID, source=source)

        assert {PAGE} == {usage.rss, usage.pss, usage.uss, usage.footprint}
        assert 2**21 == usage.private_hugetlb
        assert usage.uss <= usage.rss


class TestEsrchIsNotGone:
    @pytest.mark.parametrize(
        "files", [samples.KERNEL_THREAD, samples.ZOMBIE], ids=["kthread", "zombie"]
    )
    def test_no_address_space(self, files: samples.Files) -> None:
        """
        What has no address space answers 0, and is not taken for gone.
        """
        assert 0 == procmem.pss(PID, source=source_of(files))

    def test_gone(self) -> None:
        """
        What is gone is an error, and not 0.
        """
        with pytest.raises(procmem.ProcessGoneError):
            procmem.pss(PID + 1, source=source_of(samples.ZOMBIE))


class TestMissingIsNotZero:
    def test_old_kernel(self) -> None:
        """
        A rollup without Pss_Anon has no footprint, rather than none.
        """
        usage = procmem.parse_smaps_rollup(samples.rollup_of([anonymous()], LINUX_4_18))

        assert usage.get("footprint") is None
        assert usage.pss_anon is None

    def test_one_of_many(self) -> None:
        """
        What one mapping lacks, all together lack.
        """
        full, lacking = anonymous(), anonymous(BASE + PAGE)
        assert lacking.usage is not None
        lacking = attrs.evolve(lacking, usage=attrs.evolve(lacking.usage, ksm=None))
        text = render_smaps([full, lacking])

        assert procmem.parse_smaps_total(text).ksm is None
        assert 2 * PAGE == procmem.parse_smaps_total(text).rss

    @pytest.mark.parametrize("error", [samples.DENIED], ids=["denied"])
    def test_unreadable(self, error: Exception) -> None:
        """
        What may not be read is an error, and not 0.
        """
        source = source_of({**samples.ZOMBIE, "smaps_rollup": error, "smaps": error})

        for function in (procmem.pss, procmem.mappings, procmem.snapshot):
            with pytest.raises(procmem.AccessDeniedError):
                function(PID, source=source)


class TestRounding:
    def test_rollup_is_higher(self) -> None:
        """
        Ten pages shared by three are 13 kB together and ten times 1 kB.
        """
        mappings = [mapping(BASE + i * PAGE, rss=PAGE, pss=1 * KIB) for i in range(10)]
        files = samples.files(mappings, pss=13 * KIB)
        without = samples.without(files, "smaps_rollup")

        assert 13 * KIB == procmem.pss(PID, source=source_of(files))
        assert 10 * KIB == procmem.pss(PID, source=source_of(without))
        assert any(
            "rounds" in note
            for note in procmem.usage(PID, source=source_of(without)).evidence.notes
        )

    def test_pages_are_not_divided_in_kilobytes(self) -> None:
        """
        4 KiB by five sharers is not 0 for every page.
        """
        low, high = procmem.accounting.footprint_bounds(
            [mapping(pages=10, rss=10 * PAGE, pss=8 * KIB, shared_dirty=10 * PAGE)]
        )

        assert low <= 10 * PAGE // 5 <= high


class TestEarlyRollup:
    def test_is_mended(self) -> None:
        """
        Where the rollup prints Pss as Locked, and Swap of the last mapping
        only, both come from smaps.
        """
        mappings = [
            mapping(era=LINUX_4_18, pss=8 * KIB, locked=8 * KIB, swap=PAGE),
            mapping(
                BASE + PAGE,
                era=LINUX_4_18,
                vm_flags="rd wr lo",
                pss=4 * KIB,
                locked=4 * KIB,
                swap=2 * PAGE,
            ),
        ]
        source = source_of(
            samples.files(mappings, LINUX_4_18, locked=12 * KIB, swap=2 * PAGE)
        )
        usage = procmem.usage(PID, source=source)

        assert (12 * KIB, 4 * KIB, 3 * PAGE) == (usage.pss, usage.locked, usage.swap)
        assert ("smaps_rollup", "smaps", "status") == usage.evidence.files
        assert any("Locked" in note for note in usage.evidence.notes)

    def test_later_ones_are_believed(self) -> None:
        """
        If all is locked today, Locked is Pss, and nothing needs mending.
        """
        mappings = [anonymous(locked=PAGE)]
        source = source_of(
            samples.files(mappings, LINUX_6_18, pss_anon=PAGE, locked=PAGE)
        )
        usage = procmem.usage(PID, source=source)

        assert PAGE == usage.locked
        assert ("smaps_rollup",) == usage.evidence.files


class TestPageSize:
    def test_is_an_argument(self) -> None:
        """
        Pages are those of the machine that the text is from.
        """
        text = b"10 5 2 1 0 4 0\n"

        assert [5 * 4096, 5 * 65536] == [
            procmem.parse_statm(text, page_size=size).resident for size in (4096, 65536)
        ]
