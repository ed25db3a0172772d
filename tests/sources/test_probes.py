"""
What is found out by trying, where there is little to try it with.
"""

from __future__ import annotations

import os
import resource
import struct
from pathlib import Path

import attrs
import pytest

import procmem
from procmem.shortcuts.abilities import Ability, abilities_of
from procmem.sources import probes
from procmem.sources.base import PinnedProcess
from procmem.sources.live import LiveProcess
from procmem.sources.probes import (
    frame_file,
    has_cachestat,
    is_first_user_namespace,
    map_files,
    mount_options,
    others,
    shows_frames,
    swap_size,
)
from procmem.sources.rights import Facts, find_out
from tests.cli_machine import process, status
from tests.pages.tables import PRESENT, SWAP

PAGE = 4096

_STACK = b"00001000-00005000 rw-p 00000000 00:00 0    [stack]\n"


def pretending(uids: dict[int, int], *closed: int) -> procmem.InMemory:
    """
    Processes of some users, of which some have no files that can be opened.
    """
    return procmem.InMemory(
        processes={
            pid: {
                "status": status(uid=uid) + b"VmRSS:\t       4 kB\n",
                **({} if pid in closed else {"smaps": b"x", "pagemap": b""}),
            }
            for pid, uid in uids.items()
        }
    )


class TestOthers:
    def test_one_suffices(self) -> None:
        """
        One process of a sort that can be opened is enough.
        """
        source = pretending({1: 0, 7: 5, 8: 5, 9: 5}, 7, 8)

        everything = {"smaps": True, "pagemap": True}
        assert (everything, everything) == others(source, 5, 77)

    def test_enough(self) -> None:
        """
        After three of both sorts no more are tried, so that it takes no
        longer where there are thousands.
        """
        uids = {pid: pid % 2 for pid in (1, 2, 3, 4, 5, 6, 8, 9)}
        opened = pretending(uids, *range(1, 7))

        nothing = {"smaps": False, "pagemap": False}
        assert (nothing, nothing) == others(opened, 0, 77)
        # With one of them less, the seventh and eighth are looked at, too.
        # Without one of them, the last is the third of its sort; 8 is one too many.
        everything = {"smaps": True, "pagemap": True}
        assert (nothing, everything) == others(opened, 0, 1)

    def test_nobody(self) -> None:
        """
        Where there is nobody to try it with, it is not known.
        """
        unknown = {"smaps": None, "pagemap": None}

        assert (unknown, unknown) == others(pretending({1: 0}), 0, 1)


class TestFrames:
    def test_of_bytes(self) -> None:
        """
        Frames that somebody has made of bytes are there, or not.
        """
        source = procmem.InMemory(processes={}, frame_files={"kpagecount": {}})

        assert "readable" == frame_file(source, "kpagecount")
        assert "missing" == frame_file(source, "kpageflags")

    def test_of_a_folder(self, tmp_path: Path) -> None:
        """
        A file is masked if nothing is in it or it is a device, and missing if
        it is not there.
        """
        source = procmem.ProcFS(tmp_path)
        (tmp_path / "full").write_bytes(bytes(8))
        (tmp_path / "empty").touch()
        (tmp_path / "device").symlink_to("/dev/zero")

        assert {
            "full": "readable",
            "empty": "masked",
            "device": "masked",
            "none": "missing",
        } == {
            file: frame_file(source, file)
            for file in ("full", "empty", "device", "none")
        }

    @pytest.mark.parametrize(
        ("entries", "expected"),
        [
            ([0, SWAP | 7, PRESENT | 5, PRESENT], True),
            ([0, SWAP | 7, PRESENT, PRESENT | 5], False),
            ([0, SWAP | 7, 0, 0], None),
        ],
        ids=["shown", "hidden", "nothing there"],
    )
    def test_shown(self, entries: list[int], expected: bool | None) -> None:
        """
        It is the first present page that tells whether frames are shown.
        """
        pagemap = bytes(8) + struct.pack("<4Q", *entries)
        source = procmem.InMemory(processes={1: {"pagemap": pagemap}})
        (stack,) = procmem.parse_maps(_STACK)
        with source.pin(1) as own, own.pagemap() as opened:
            assert expected is shows_frames(source, opened, stack)


class TestMapFiles:
    def live(self, process: PinnedProcess) -> LiveProcess:
        """
        It as a live one.
        """
        assert isinstance(process, LiveProcess)
        return process

    def test_nothing_to_open(self) -> None:
        """
        Without a mapping of a file, or a live process, it is not known.
        """
        (stack,) = procmem.parse_maps(_STACK)
        with procmem.pinned() as own:
            assert map_files(own, []) is map_files(own, [stack]) is None
        mapped = [m for m in procmem.mappings() if (m.path or "").startswith("/")]
        with procmem.InMemory(processes={1: {}}).pin() as made:
            assert map_files(made, mapped) is None

    def test_went_away(self) -> None:
        """
        Nor by a file that is not mapped (any more): that is no refusal.
        """
        mapping = next(m for m in procmem.mappings() if m.path)
        elsewhere = attrs.evolve(
            mapping, start=PAGE, end=2 * PAGE, name="/bin/true", inode=7
        )
        with procmem.pinned() as own:
            link = f"map_files/{PAGE:x}-{2 * PAGE:x}"
            with pytest.raises(OSError, match="map_files") as caught:
                os.stat(link, dir_fd=self.live(own).descriptor)
            expected = False if isinstance(caught.value, PermissionError) else None

            assert expected is map_files(own, [elsewhere])


class TestUserNamespace:
    @pytest.mark.parametrize(
        ("mapped", "expected"),
        [
            (b"         0          0 4294967295\n", True),
            (b"         0       1000          1\n", False),
            (b"", False),
            (None, None),
        ],
    )
    def test_by_users(self, mapped: bytes | None, expected: bool | None) -> None:
        """
        Where there is no link that says it, it is the first one if all users
        stand for themselves.
        """
        files = {} if mapped is None else {"self/uid_map": mapped}
        source = procmem.InMemory(processes={}, machine=files)

        assert expected is is_first_user_namespace(source)

    @pytest.mark.parametrize(
        ("link", "expected"),
        [("user:[4026531837]", True), ("user:[4026532000]", False)],
    )
    def test_by_link(self, link: str, expected: bool, tmp_path: Path) -> None:
        """
        The link says it, whatever users stand for.
        """
        (tmp_path / "self" / "ns").mkdir(parents=True)
        (tmp_path / "self" / "ns" / "user").symlink_to(link)
        (tmp_path / "self" / "uid_map").write_bytes(b"0 0 4294967295\n")

        assert expected is is_first_user_namespace(procmem.ProcFS(tmp_path))

    def test_without_link(self, tmp_path: Path) -> None:
        """
        A proc without such a link is asked about the users.
        """
        (tmp_path / "self").mkdir()
        (tmp_path / "self" / "uid_map").write_bytes(b"0 0 4294967295\n")

        assert is_first_user_namespace(procmem.ProcFS(tmp_path))


class TestMountOptions:
    def options(self, tmp_path: Path, *lines: str) -> dict[str, str] | None:
        """
        What they are if these are the mounts.
        """
        (tmp_path / "7").mkdir()
        (tmp_path / "7" / "mountinfo").write_text("".join(f"{x}\n" for x in lines))
        with procmem.ProcFS(tmp_path).pin(7) as own:
            return mount_options(own.source, own)

    def test_found(self, tmp_path: Path) -> None:
        """
        They stand in the line of the same device that is a proc, behind the
        optional fields.
        """
        device = os.stat(tmp_path).st_dev
        number = f"{os.major(device)}:{os.minor(device)}"
        found = self.options(
            tmp_path,
            "20 1 0:999 / /other rw - proc proc rw,hidepid=ptraceable",
            f"21 1 {number} / /x rw - tmpfs tmpfs rw,hidepid=noaccess",
            f"22 1 {number} / /proc rw shared:5 - proc proc rw,hidepid=invisible,gid=7",
        )

        assert {"rw": "", "hidepid": "invisible", "gid": "7"} == found

    def test_not_found(self, tmp_path: Path) -> None:
        """
        Without such a line they are not known.
        """
        other = "20 1 0:999 / /other rw - proc proc rw,hidepid=ptraceable"

        assert self.options(tmp_path, other, "", "nonsense") is None

    def test_nothing_to_read(self, tmp_path: Path) -> None:
        """
        Nor where there are no mounts, or no proc file system at all.
        """
        (tmp_path / "7").mkdir()
        with procmem.ProcFS(tmp_path).pin(7) as own:
            assert mount_options(own.source, own) is None
        with procmem.InMemory(processes={1: {"mountinfo": b""}}).pin() as made:
            assert mount_options(made.source, made) is None


def test_swap_size() -> None:
    """
    Swap is the sum of all areas in bytes, 0 if there are none, and not known
    without the table.
    """
    heading = b"Filename\tType\t\tSize\t\tUsed\t\tPriority\n"
    rows = b"/dev/a b\tx\n/a\tfile\t4\t0\t-2\n/b\\040c\tpartition\t8\t8\t-3\n"

    assert (12 * 1024, 0, None) == (
        swap_size(heading + rows),
        swap_size(heading),
        swap_size(None),
    )


def test_cachestat_without_descriptors() -> None:
    """
    Where there is no room for an open file, it does not answer.
    """
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    here = has_cachestat()
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, limits[1]))
    try:
        assert not has_cachestat()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert here is has_cachestat()


def test_without_pagemap() -> None:
    """
    Without a page table nothing is said about frames; what else there is, is
    told.
    """
    files = {**process(), "maps": _STACK}
    facts = find_out(procmem.InMemory(processes={1: files}))

    assert facts.status is not None
    assert ("readable", "missing") == (facts.own["maps"], facts.own["pagemap"])
    assert facts.procmap_query is False
    assert facts.pagemap_scan is facts.frame_numbers is facts.map_files is None
    files["pagemap"] = bytes(8) + struct.pack("<4Q", 0, 0, 0, PRESENT | 5)
    again = find_out(procmem.InMemory(processes={1: files}))
    assert (False, True) == (again.pagemap_scan, again.frame_numbers)


class TestHidden:
    def ability(self, options: dict[str, str] | None, *rights: str) -> Ability:
        """
        Whether all processes are shown to a user of the groups 10 and 20.
        """
        text = status() + b"Gid:\t10\t10\t10\t10\nGroups:\t20 \n"
        facts = Facts(
            page_size=PAGE,
            status=procmem.parse_status(text),
            options=options,
            own=dict.fromkeys(("maps", "smaps", "smaps_rollup", "pagemap"), "readable"),
            same_user=dict.fromkeys(probes.OTHERS),
            other_users=dict.fromkeys(probes.OTHERS),
            frame_files=dict.fromkeys(
                ("kpagecount", "kpageflags", "kpagecgroup"), "missing"
            ),
        )
        return abilities_of(facts, frozenset(rights))["all_processes"]

    @pytest.mark.parametrize("hidden", ["1", "2", "noaccess", "invisible"])
    def test_exempt(self, hidden: str) -> None:
        """
        A group may be exempt from what hides processes, and so is who has the
        right to trace them.
        """
        assert not self.ability({"hidepid": hidden}).possible
        assert not self.ability({"hidepid": hidden, "gid": "2"}).possible
        assert f"hidepid={hidden}" == self.ability({"hidepid": hidden}).found
        assert self.ability({"hidepid": hidden, "gid": "20"}).possible
        assert self.ability({"hidepid": hidden, "gid": "10"}).possible
        assert self.ability({"hidepid": hidden}, "CAP_SYS_PTRACE").possible

    def test_ptraceable(self) -> None:
        """
        But from showing only what may be traced no group is.
        """
        options = {"hidepid": "ptraceable", "gid": "20"}

        assert not self.ability(options).possible
        assert self.ability({"hidepid": "off"}).possible
        assert self.ability({}).possible
        assert self.ability(None).possible is None
