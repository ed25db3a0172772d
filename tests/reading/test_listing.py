from __future__ import annotations

import time

import attrs
import pytest

import procmem
from procmem.reading.listing import read_mappings
from tests.kernel import samples
from tests.kernel.eras import ERAS, WSL1, Era
from tests.kernel.rendering import render_maps, render_smaps
from tests.kernel.samples import (
    BASE,
    DENIED,
    GONE,
    PAGE,
    PID,
    VSYSCALL,
    Files,
    anonymous,
    mapping,
    pinned,
    without,
)

GATE = mapping(VSYSCALL, name="[vsyscall]", permissions="--xp", vm_flags="rd ex")
WHOLE = [anonymous(pages=2), anonymous(BASE + 4 * PAGE, pages=3), GATE]
FILES = samples.files(WHOLE)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


class TestReadMappings:
    def test_whole(self) -> None:
        """
        A listing whose sizes add up to VmSize is whole.
        """
        found = read_mappings(pinned(FILES))

        assert WHOLE == list(found)
        assert ("smaps", "status") == found.evidence.files
        assert "kernel" == found.evidence.method
        assert () == found.evidence.missing == found.evidence.notes
        assert found.evidence.seconds is not None

    def test_only_maps(self) -> None:
        """
        Where there is no smaps, maps gives the mappings without usage.
        """
        found = read_mappings(pinned(without(FILES, "smaps")))

        assert [(m.start, m.name, None) for m in WHOLE] == [
            (m.start, m.name, m.usage) for m in found
        ]
        assert ("maps", "status") == found.evidence.files
        assert ("usage",) == found.evidence.missing

    def test_neither(self) -> None:
        """
        Where there is neither, it is not supported.
        """
        with pytest.raises(procmem.UnsupportedError):
            read_mappings(pinned(without(FILES, "smaps", "maps")))

    @pytest.mark.parametrize("error", [DENIED, GONE], ids=["denied", "gone"])
    def test_errors(self, error: procmem.ProcmemError) -> None:
        """
        What is refused or gone is no reason to look elsewhere.
        """
        with pytest.raises(type(error)):
            read_mappings(pinned({**FILES, "smaps": error}))

    @pytest.mark.parametrize("files", [samples.KERNEL_THREAD, samples.ZOMBIE])
    def test_no_address_space(self, files: Files) -> None:
        """
        A kernel thread or a zombie has no mappings.
        """
        found = read_mappings(pinned(files))

        assert procmem.Mappings([]) == found
        assert ("status",) == found.evidence.files

    def test_bad_text(self) -> None:
        """
        Text that is no listing is an error.
        """
        with pytest.raises(procmem.ParseError):
            read_mappings(pinned({**FILES, "smaps": b"nonsense\n"}))

    @pytest.mark.parametrize("era", ERAS, ids=lambda era: era.name)
    def test_eras(self, era: Era) -> None:
        """
        Every kernel's listing is read.
        """
        expected = [mapping(BASE + i * PAGE, era=era, pss=PAGE) for i in range(3)]
        if "VmFlags" not in era.keys:
            expected = [attrs.evolve(m, vm_flags=None) for m in expected]

        assert expected == list(read_mappings(pinned(samples.files(expected, era))))


class TestCutListing:
    def test_exit(self) -> None:
        """
        A listing cut short by the death of the process is never an answer.
        """
        files: Files = {
            **FILES,
            "smaps": [render_smaps(WHOLE[:1]), b""],
            "status": samples.status(state="Z"),
        }

        assert procmem.Mappings([]) == read_mappings(pinned(files))

    def test_reaped(self) -> None:
        """
        If the process is gone, that is an error.
        """
        files: Files = {**FILES, "smaps": render_smaps(WHOLE[:1]), "status": GONE}

        with pytest.raises(procmem.ProcessGoneError):
            read_mappings(pinned(files))

    def test_exec(self) -> None:
        """
        A listing cut short by an exec is read again.
        """
        # Read, asked whether it is bound, and read once more.
        cut = render_smaps(WHOLE[:1])
        files: Files = {**FILES, "smaps": [cut, b"", FILES["smaps"]]}  # type: ignore[list-item]

        assert WHOLE == list(read_mappings(pinned(files)))

    def test_file_errors(self) -> None:
        """
        A file that cannot be read again is not bound.
        """
        cut = render_smaps(WHOLE[:1])
        files: Files = {**FILES, "smaps": [cut, GONE, FILES["smaps"]]}  # type: ignore[list-item]

        assert WHOLE == list(read_mappings(pinned(files)))

    def test_moved(self) -> None:
        """
        If the file is still bound, nothing was cut off: the process mapped
        or unmapped memory meanwhile, which is said.
        """
        files = {**FILES, "status": samples.status(WHOLE[:1])}
        found = read_mappings(pinned(files))

        assert WHOLE == list(found)
        assert [True] == ["mapped or unmapped" in n for n in found.evidence.notes]

    def test_without_size(self) -> None:
        """
        The sizes are those of the addresses, whatever counters there are.
        """
        expected = [mapping(era=WSL1, vm_flags=None, pss=PAGE)]
        found = read_mappings(pinned(samples.files(expected, WSL1)))

        assert () == found.evidence.notes

    def test_vectors(self) -> None:
        """
        The gate of arm is no mapping that VmSize counts either.
        """
        vectors = mapping(0xFFFF_0000, name="[vectors]", permissions="r-xp")
        expected = [mapping(0x1_0000), vectors]

        assert () == read_mappings(pinned(samples.files(expected))).evidence.notes


class TestOverlap:
    OLD = mapping(BASE + 2 * PAGE, pages=2)
    NEW = mapping(BASE + PAGE, pages=6)
    INNER = mapping(BASE + 3 * PAGE)
    FILE = mapping(BASE + 6 * PAGE, 4, "/lib/x", inode=7)
    LISTED = (OLD, NEW, INNER, FILE)

    def test_read_again(self) -> None:
        """
        Mappings listed twice are read again.
        """
        good = [self.NEW]
        files: Files = {
            **samples.files(good),
            "maps": [render_maps(self.LISTED), *[render_maps(good)] * 3],
        }
        found = read_mappings(pinned(without(files, "smaps")))

        assert [self.NEW.start] == [m.start for m in found]
        assert () == found.evidence.notes

    def test_clipped(self) -> None:
        """
        If they always overlap, the later one is clipped, with its offset if
        it has a file, and that is said.
        """
        files = samples.files(self.LISTED)
        found = read_mappings(pinned(files))

        assert [
            (BASE + 2 * PAGE, BASE + 4 * PAGE, 0),
            (BASE + 4 * PAGE, BASE + 7 * PAGE, 0),
            (BASE + 7 * PAGE, BASE + 10 * PAGE, PAGE),
        ] == [(m.start, m.end, m.offset) for m in found]
        assert any("clipped" in note for note in found.evidence.notes)
        assert all(found.at(m.start) is m for m in found)


class TestFallingSilent:
    def test_exec_for_ever(self) -> None:
        """
        A listing that is cut short each time is an error of its own.
        """
        cut = render_smaps(WHOLE[:1])
        files: Files = {**FILES, "smaps": [cut, b""] * 50}

        with pytest.raises(procmem.ProcessChangedError) as caught:
            read_mappings(pinned(files))
        assert (PID, "smaps") == (caught.value.pid, caught.value.file)
