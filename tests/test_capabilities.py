from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

import procmem
from procmem.shortcuts.abilities import Ability, capability_names
from procmem.shortcuts.capabilities import Capabilities, capabilities
from procmem.sources.procfs import ProcFS
from tests.children import descriptors
from tests.live.capabilities import CAP_SYS_PTRACE, as_user_with
from tests.live.children import libc
from tests.live.control import NotHereError
from tests.live.processes import (
    NOBODY,
    as_user,
    hide_file,
    in_child,
    in_mount_namespace,
    mount_proc,
    owned_by,
)

CAP_SYS_ADMIN = 21


def reduced(found: Capabilities) -> tuple[str, str, str]:
    """
    How memory can be found out: of this process, of this user's, of others'.
    """
    return (found.own, found.same_user, found.other_users)


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """
    All is imported before anybody drops the right to read modules.
    """
    capabilities()


class TestHere:
    def test_own(self) -> None:
        """
        This process can be looked at, at least by the kernel's counters.
        """
        found = capabilities()

        assert found.maps
        assert found.smaps
        assert os.geteuid() == found.uid
        assert found.page_size == os.sysconf("SC_PAGE_SIZE")
        assert found.kernel == os.uname().release

    def test_every_ability(self) -> None:
        """
        Each ability is there, or says what it would need.
        """
        found = capabilities()

        assert 19 == len(found.abilities)
        assert set(found.missing) <= set(found.abilities)
        for one in found.abilities.values():
            assert bool(one) == (one.possible is True)
            assert bool(one) == (one.needs is None)
            assert one.found

    def test_holds_nothing(self) -> None:
        """
        Nothing that was opened stays open.
        """
        before = descriptors()
        capabilities()

        assert before == descriptors()

    def test_frozen_value(self) -> None:
        """
        It is a value that compares and does not change.
        """
        found = capabilities()

        assert found == attrs.evolve(found)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            found.uid = 1  # type: ignore[misc]

    def test_root(self) -> None:
        """
        Root of the first user namespace may read everything, on a kernel that
        has it.
        """
        found = capabilities()
        if "CAP_SYS_ADMIN" not in found.effective or not found.first_user_namespace:
            pytest.skip("needs root's rights")

        assert found.frame_numbers
        assert ("pages exact",) * 3 == reduced(found)
        assert found.all_processes


def as_nobody() -> Capabilities:
    """
    What an ordinary user finds, beside a process of his own and one of root's.
    """
    with owned_by():
        return as_user(NOBODY, capabilities)


class TestRights:
    def test_ordinary_user(self) -> None:
        """
        An ordinary user sees pages without their numbers, and nothing of
        others.
        """
        found = as_nobody()

        assert NOBODY == found.uid
        assert frozenset() == found.effective
        assert ("pages with bounds", "pages with bounds", "none") == reduced(found)
        assert "hidden" == found.frame_numbers.found
        assert "CAP_SYS_ADMIN" in (found.frame_numbers.needs or "")
        assert "denied" == found.kpagecount.found
        assert "CAP_DAC_READ_SEARCH" in (found.kpagecount.needs or "")
        assert found.other_users_smaps.possible is False
        assert "CAP_SYS_PTRACE" in (found.other_users_smaps.needs or "")

    def test_undumpable(self) -> None:
        """
        Who may not be dumped has no pages even of its own.
        """
        found = as_user(NOBODY, capabilities, dumpable=False)

        assert "kernel" == found.own
        assert "denied" == found.pagemap.found
        assert "dumped" in (found.pagemap.needs or "")
        assert found.frame_numbers.possible is None

    def test_may_trace(self) -> None:
        """
        CAP_SYS_PTRACE opens the counters of others, but not their pages.
        """
        found = as_user_with(CAP_SYS_PTRACE, NOBODY, capabilities)

        assert frozenset({"CAP_SYS_PTRACE"}) == found.effective
        assert "kernel" == found.other_users
        assert found.other_users_pagemap.possible is False

    def test_may_administer(self) -> None:
        """
        CAP_SYS_ADMIN alone shows frame numbers, and the counts stay closed.
        """
        found = as_user_with(CAP_SYS_ADMIN, NOBODY, capabilities)

        assert found.frame_numbers
        assert not found.kpagecount
        assert "pages with bounds" == found.own

    def test_user_namespace(self) -> None:
        """
        Root of another user namespace has all capabilities, and sees no
        frame numbers.
        """

        def unshared() -> Capabilities:
            pid = os.getpid()
            reader, writer = os.pipe()
            if os.fork() == 0:
                # Only somebody outside may say that all users stay the same.
                os.close(writer)
                os.read(reader, 1)
                for file in ("uid_map", "gid_map"):
                    Path(f"/proc/{pid}/{file}").write_text("0 0 4294967295")
                os._exit(0)
            os.close(reader)
            if libc._libc.unshare(0x1000_0000) != 0:
                msg = "no user namespaces"
                raise NotHereError(msg)
            os.close(writer)
            os.wait()
            return capabilities()

        if os.geteuid() != 0:
            pytest.skip("needs root")
        found = in_child(unshared)

        assert "CAP_SYS_ADMIN" in found.effective
        assert found.first_user_namespace is False
        assert "hidden" == found.frame_numbers.found
        assert "first user namespace" in (found.frame_numbers.needs or "")
        assert ("pages with bounds", "none") == (found.own, found.other_users)


def mounted(options: str) -> Callable[[], Capabilities]:
    """
    What an ordinary user finds in a /proc with other options.
    """

    def function() -> Capabilities:
        mount_proc(options=options)
        return as_user(NOBODY, capabilities)

    return function


class TestPlaces:
    def test_masked(self) -> None:
        """
        A file that a container hides is told from one that is not there.
        """

        def masked() -> Capabilities:
            hide_file("/proc/kpagecount")
            return capabilities()

        if not Path("/proc/kpagecount").exists():
            pytest.skip("no kpagecount")
        found = in_mount_namespace(masked)

        assert "masked" == found.kpagecount.found
        assert "mask" in (found.kpagecount.needs or "")
        assert "pages with bounds" == found.own

    @pytest.mark.parametrize("hidepid", ["1", "2", "4"])
    def test_hidepid(self, hidepid: str) -> None:
        """
        A mount that hides the processes of others is noticed.
        """
        found = in_mount_namespace(mounted(f"hidepid={hidepid}"))

        assert found.all_processes.possible is False
        assert found.all_processes.found.startswith("hidepid=")
        assert "pages with bounds" == found.own

    def test_exempt_from_hidepid(self) -> None:
        """
        A group may be exempt from that.
        """
        found = in_mount_namespace(mounted(f"hidepid=2,gid={NOBODY}"))

        assert found.all_processes

    def test_only_processes(self) -> None:
        """
        A mount may show processes and nothing of the machine.
        """

        def function() -> Capabilities:
            mount_proc(options="subset=pid")
            return capabilities()

        found = in_mount_namespace(function)

        assert "missing" == found.kpageflags.found
        assert found.swap is None
        assert found.kernel is None

    def test_elsewhere(self, tmp_path: Path) -> None:
        """
        Where there is no proc file system, nothing is possible and nothing
        fails.
        """
        found = capabilities(ProcFS(tmp_path / "absent"))

        assert ("none",) * 3 == reduced(found)
        assert found.uid is None


class TestBytes:
    STATUS = (
        b"Name:\tx\nState:\tR (running)\nUid:\t%d\t%d\t%d\t%d\nVmRSS:\t4 kB\n"
        b"CapEff:\t%s\n"
    )

    def found(self, **files: bytes | Exception) -> Capabilities:
        """
        What is found in a process with these files.
        """
        source = procmem.InMemory(
            processes={1: files},
            machine={"swaps": b"Filename\n/dev/sda2 partition 2048 0 -2\n"},
            merged=True,
        )
        return capabilities(source)

    def test_nothing(self) -> None:
        """
        Of a process without files nothing is known.
        """
        found = self.found()

        assert ("none",) * 3 == reduced(found)
        assert (2048 * 1024, True) == (found.swap, found.merging)

    def test_not_even_a_process(self) -> None:
        """
        Nor where there is no process at all.
        """
        found = capabilities(procmem.InMemory(processes={}))

        assert found.effective == frozenset()
        assert found.maps.possible is False

    def test_nonsense(self) -> None:
        """
        What cannot be parsed is as good as missing.
        """
        found = self.found(status=b"?", maps=b"?", smaps_rollup=b"?", pagemap=b"?")

        assert found.pss_anon.possible is None
        assert found.frame_numbers.possible is None

    def test_odd_capabilities(self) -> None:
        """
        Capabilities that are no number are none.
        """
        status = self.STATUS % (0, 0, 0, 0, b"many")

        assert frozenset() == self.found(status=status).effective

    def test_alone(self) -> None:
        """
        Where there is no process to try it with, the rules tell.
        """
        ptrace = self.found(status=self.STATUS % (0, 0, 0, 0, b"0000000000080004"))
        admin = self.found(status=self.STATUS % (0, 0, 0, 0, b"0000000000200000"))
        nothing = self.found(status=self.STATUS % (0, 0, 0, 0, b"0"))

        assert ptrace.other_users_smaps
        assert ptrace.other_users_pagemap
        assert admin.other_users_smaps.possible is None
        assert nothing.other_users_smaps.possible is False

    def test_old_rollup(self) -> None:
        """
        A rollup may be there and not tell what a footprint takes.
        """
        rollup = b"0-1000 ---p 00000000 00:00 0    [rollup]\nRss: 4 kB\nPss: 4 kB\n"
        found = self.found(smaps_rollup=rollup)

        assert found.smaps_rollup
        assert found.pss_anon.possible is False
        assert "Linux 5.4" in (found.pss_anon.needs or "")

    def test_pages(self) -> None:
        """
        Frames are visible if a page that is present has one.
        """
        maps = b"1000-3000 rw-p 00000000 00:00 0 [stack]\n"

        def frames(*entries: int) -> Ability:
            data = b"".join(entry.to_bytes(8, "little") for entry in (0, *entries))
            return self.found(maps=maps, pagemap=data).frame_numbers

        assert frames(0, 1 << 63 | 5)
        assert "hidden" == frames(0, 1 << 63).found
        assert frames(5, 6).possible is None


def test_capability_names() -> None:
    """
    Bits have the kernel's names, and a bit without one its number.
    """
    assert frozenset() == capability_names(0)
    assert {"CAP_CHOWN", "CAP_SYS_ADMIN"} == capability_names(1 | 1 << 21)
    assert {"CAP_CHECKPOINT_RESTORE", "CAP_63"} == capability_names(1 << 40 | 1 << 63)
