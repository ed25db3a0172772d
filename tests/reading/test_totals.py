from __future__ import annotations

import time

import pytest

import procmem
from procmem.reading.totals import read_usage
from tests.kernel import samples
from tests.kernel.eras import ERAS, LINUX_4_18, WSL1, Era
from tests.kernel.rendering import render_smaps
from tests.kernel.samples import (
    BASE,
    DENIED,
    KIB,
    PAGE,
    VSYSCALL,
    Files,
    anonymous,
    mapping,
    pinned,
    status,
    without,
)

GATE = mapping(VSYSCALL, name="[vsyscall]", permissions="--xp", vm_flags="rd ex")
MAPPINGS = [anonymous(pages=2), mapping(BASE + 4 * PAGE, rss=PAGE, pss=KIB), GATE]
FILES = samples.files(MAPPINGS, pss=10 * KIB, pss_anon=2 * PAGE)
WITHOUT_ROLLUP = without(FILES, "smaps_rollup")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


class TestReadUsage:
    def test_rollup(self) -> None:
        """
        The rollup is the shallowest file that has totals.
        """
        usage = read_usage(pinned(FILES))

        assert (10 * KIB, 2 * PAGE) == (usage.pss, usage.pss_anon)
        assert ("kernel", ("smaps_rollup",)) == (
            usage.evidence.method,
            usage.evidence.files,
        )
        assert usage.evidence.seconds is not None
        assert usage.evidence.seconds >= 0

    @pytest.mark.parametrize("era", ERAS, ids=lambda era: era.name)
    def test_eras(self, era: Era) -> None:
        """
        Every kernel's totals are read, with or without rollup.
        """
        found = [mapping(BASE + i * PAGE, era=era, pss=PAGE) for i in range(3)]

        assert 3 * PAGE == read_usage(pinned(samples.files(found, era))).pss

    def test_refused(self) -> None:
        """
        A rollup that may not be read is no reason to look elsewhere.
        """
        with pytest.raises(procmem.AccessDeniedError):
            read_usage(pinned({**FILES, "smaps_rollup": DENIED}))

    def test_neither(self) -> None:
        """
        Where there is neither file, it is not supported.
        """
        with pytest.raises(procmem.UnsupportedError):
            read_usage(pinned(without(FILES, "smaps_rollup", "smaps")))


class TestSumOfSmaps:
    def test_fallback(self) -> None:
        """
        Without a rollup the mappings are added up, and that is said.
        """
        usage = read_usage(pinned(WITHOUT_ROLLUP))

        assert 9 * KIB == usage.pss
        assert ("smaps", "status") == usage.evidence.files
        assert 1 == len(usage.evidence.notes)
        assert usage.evidence.seconds is not None

    def test_missing_names_smaps(self) -> None:
        """
        What the sum lacks, smaps lacks.
        """
        usage = read_usage(pinned(WITHOUT_ROLLUP))

        with pytest.raises(procmem.UnsupportedError, match="smaps: footprint"):
            _ = usage.footprint

    def test_moved(self) -> None:
        """
        If sizes and VmSize differ and the file is bound, that is said.
        """
        usage = read_usage(pinned({**WITHOUT_ROLLUP, "status": status(MAPPINGS[:1])}))

        assert 9 * KIB == usage.pss
        assert any("mapped or unmapped" in note for note in usage.evidence.notes)

    def test_cut(self) -> None:
        """
        A listing that was cut short is never added up.
        """
        cut = render_smaps(MAPPINGS[:1])
        files: Files = {**WITHOUT_ROLLUP, "smaps": [cut, b"", FILES["smaps"]]}  # type: ignore[list-item]

        assert 9 * KIB == read_usage(pinned(files)).pss

    def test_cut_by_exit(self) -> None:
        """
        If the process has ended, nothing of it is left.
        """
        files: Files = {
            **WITHOUT_ROLLUP,
            "smaps": [render_smaps(MAPPINGS[:1]), b""],
            "status": status(state="Z"),
        }

        assert procmem.Usage.zero() == read_usage(pinned(files))

    @pytest.mark.parametrize("files", [samples.KERNEL_THREAD, samples.ZOMBIE])
    def test_no_address_space(self, files: Files) -> None:
        """
        A kernel thread or a zombie has no mappings to add up.
        """
        assert 0 == read_usage(pinned(without(files, "smaps_rollup"))).rss

    @pytest.mark.parametrize(
        ("name", "expected"),
        [("[vsyscall]", True), ("[vectors]", True), ("[vdso]", False)],
    )
    def test_gates(self, name: str, expected: bool) -> None:
        """
        Gates are listed and not part of VmSize; nothing else is that.
        """
        gate = mapping(VSYSCALL, name=name, permissions="--xp")
        listed = [*MAPPINGS[:2], gate]
        files = without(samples.files(listed), "smaps_rollup")
        usage = read_usage(pinned({**files, "status": status(MAPPINGS[:2])}))

        assert expected == (1 == len(usage.evidence.notes))

    def test_file_called_like_a_gate(self) -> None:
        """
        The path of a file may end like the name of a gate.
        """
        odd = mapping(BASE + 8 * PAGE, name="/tmp/ [vsyscall]", inode=7)
        files = samples.files([*MAPPINGS[:2], odd])
        usage = read_usage(pinned(without(files, "smaps_rollup")))

        assert 1 == len(usage.evidence.notes)

    def test_without_sizes(self) -> None:
        """
        Where sizes are not printed, a file that is bound is whole.
        """
        found = [mapping(era=WSL1, vm_flags=None, pss=PAGE)]
        usage = read_usage(pinned(samples.files(found, WSL1)))

        assert (PAGE, None) == (usage.pss, usage.get("rss"))
        assert 1 == len(usage.evidence.notes)


class TestMended:
    @pytest.mark.parametrize("locked", [0, 4 * KIB])
    def test_right_ones_are_kept(self, locked: int) -> None:
        """
        A rollup of that time whose Locked is not Pss is believed.
        """
        found = [mapping(era=LINUX_4_18, pss=8 * KIB, locked=locked)]
        usage = read_usage(pinned(samples.files(found, LINUX_4_18)))

        assert ("smaps_rollup",) == usage.evidence.files
        assert locked == usage.locked

    def test_nothing_resident(self) -> None:
        """
        Nor is anything wrong if both are 0.
        """
        found = [mapping(era=LINUX_4_18)]
        usage = read_usage(pinned(samples.files(found, LINUX_4_18)))

        assert ("smaps_rollup",) == usage.evidence.files

    def test_without_flags(self) -> None:
        """
        Mappings without flags are not locked as far as anyone knows.
        """
        found = [mapping(era=LINUX_4_18, vm_flags=None, pss=KIB, swap=PAGE)]
        usage = read_usage(pinned(samples.files(found, LINUX_4_18, locked=KIB)))

        assert (0, PAGE, KIB) == (usage.locked, usage.swap, usage.pss)
        assert usage.evidence.seconds is not None
