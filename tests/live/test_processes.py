"""
Odd processes are as odd as they say, by the kernel's own files.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

import pytest

from tests.live.control import leftover_folders, read_stat, tasks
from tests.live.processes import (
    NOBODY,
    Area,
    NotHereError,
    as_user,
    children_of,
    execer,
    forker,
    hide_file,
    in_child,
    in_mount_namespace,
    kernel_thread,
    known,
    leaderless,
    mosaic,
    mount_proc,
    mounted_proc,
    owned_by,
    restless,
    stopped,
    twins,
    undumpable,
    zombie,
)

pytestmark = pytest.mark.live


def smaps(pid: int) -> dict[int, dict[str, int]]:
    """
    The counters of each mapping, in bytes, by its start.
    """
    text = Path(f"/proc/{pid}/smaps").read_text()
    blocks = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", text, flags=re.MULTILINE)
    return {
        int(block.partition("-")[0], 16): {
            key: 1024 * int(number)
            for key, number in re.findall(r"^(\w+): +(\d+) kB$", block, re.MULTILINE)
        }
        for block in blocks[1:]
    }


def rss_from(pid: int, area: Area) -> int:
    """
    What is resident of the mappings that begin inside of *area*.
    """
    return sum(
        counters["Rss"]
        for start, counters in smaps(pid).items()
        if area.start <= start < area.end
    )


class TestOdd:
    def test_kernel_thread(self) -> None:
        """
        A kernel thread has no memory.
        """
        assert "" == Path(f"/proc/{kernel_thread()}/maps").read_text()

    def test_zombie(self) -> None:
        """
        A zombie stays one until the end.
        """
        with zombie() as pid:
            stat = read_stat(pid)

            assert stat is not None
            assert "Z" == stat.state
        assert read_stat(pid) is None

    def test_leaderless(self) -> None:
        """
        It looks like a zombie, but its other thread has the memory.
        """
        with leaderless() as it:
            stat = read_stat(it.pid)

            assert stat is not None
            assert "Z" == stat.state
            assert {it.pid, it.task} == set(tasks(it.pid))
            assert "" == Path(f"/proc/{it.pid}/maps").read_text()
            assert it.held.size == rss_from(it.task, it.held)

    def test_twins(self) -> None:
        """
        The two are different processes with the same mappings.
        """
        with twins() as it, stopped([it.pid, it.other]):
            first, second = (
                Path(f"/proc/{pid}/maps").read_text() for pid in (it.pid, it.other)
            )

            assert first == second
            assert [it.other] == tasks(it.other)
            assert it.held.size == rss_from(it.other, it.held)

    @pytest.mark.parametrize("uid", [0, NOBODY])
    def test_undumpable(self, uid: int) -> None:
        """
        What is not dumpable is for the privileged only.
        """
        path_of = "/proc/{}/maps".format
        if uid == 0:
            with undumpable() as it:
                assert as_user(0, Path(path_of(it.pid)).read_text)
        else:
            with (
                owned_by(uid, dumpable=False) as it,
                pytest.raises(PermissionError),
            ):
                as_user(uid, Path(path_of(it.pid)).read_text)

    def test_owned_by(self) -> None:
        """
        Its owner may read it, others may not.
        """
        with owned_by() as it:
            path = Path(f"/proc/{it.pid}/smaps")

            assert as_user(NOBODY, path.read_text)
            with pytest.raises(PermissionError):
                as_user(NOBODY - 1, path.read_text)
            assert it.held.size == rss_from(it.pid, it.held)


class TestHoldings:
    def test_known(self) -> None:
        """
        Everything is resident to the byte, and shared as told.
        """
        with known() as it, stopped([it.pid, it.child]):
            parent, child = smaps(it.pid), smaps(it.child)
            private, copied = parent[it.private.start], child[it.private.start]
            both = it.private.size - it.rewritten.size

            for area in (it.private, it.shared, it.file, *it.memfd):
                assert area.size == parent[area.start]["Size"]
                assert area.size == parent[area.start]["Rss"]
            for own in (private, copied):
                assert it.rewritten.size == own["Private_Dirty"]
                assert both == own["Shared_Dirty"]
                assert it.rewritten.size + both // 2 == own["Pss"]
            # Each of the two mappings of a page counts for half.
            for area in it.memfd:
                assert area.size // 2 == parent[area.start]["Pss"]
                assert 0 == child[area.start]["Rss"]

    def test_mosaic(self) -> None:
        """
        The mappings are those that were asked for, with what was touched.
        """
        with mosaic() as it:
            mappings = smaps(it.pid)

            assert 3000 == len(it.pieces)
            assert [(piece.size, piece.touched) for piece in it.pieces] == [
                (mappings[piece.start]["Size"], mappings[piece.start]["Rss"])
                for piece in it.pieces
            ]


class TestBusy:
    def test_restless(self) -> None:
        """
        Its mappings change all the time, but what it holds stays.
        """
        with restless() as it:
            seen = set()
            for _ in range(50):
                time.sleep(0.005)
                with stopped([it.pid]):
                    seen.add(Path(f"/proc/{it.pid}/maps").read_text())

                    assert it.held.size == rss_from(it.pid, it.held)
            assert len(seen) > 25

    def test_forker(self) -> None:
        """
        It has other children after a moment.
        """
        with forker() as it:
            seen: set[int] = set()
            for _ in range(100):
                seen.update(children_of(it.pid))
                time.sleep(0.005)

            assert len(seen) > 20

    def test_execer(self) -> None:
        """
        It goes on exec'ing with the same pid, and always has what it holds.
        """
        with execer() as it:
            start = it.execs()
            for _ in range(50):
                status = Path(f"/proc/{it.pid}/status").read_text()
                found = re.search(r"RssAnon:\s+(\d+) kB", status)

                assert found is not None
                assert int(found[1]) * 1024 >= it.held
                time.sleep(0.005)
            assert it.execs() > start + 50


class TestRights:
    def test_result(self) -> None:
        """
        The result comes back from another process, as another user.
        """
        pid, uid, groups = as_user(
            NOBODY, lambda: (os.getpid(), os.getuid(), os.getgroups())
        )

        assert os.getpid() != pid
        assert (NOBODY, []) == (uid, groups)

    def test_exception(self) -> None:
        """
        So does an exception, with the traceback from there.
        """

        def fail() -> None:
            msg = "no good"
            raise KeyError(msg)

        with pytest.raises(KeyError, match="no good") as info:
            in_child(fail)

        assert "in fail" in info.value.__notes__[0]

    def test_no_answer(self) -> None:
        """
        A child that just ends is an error.
        """
        with pytest.raises(RuntimeError, match="ended with 3"):
            in_child(lambda: os._exit(3))

    def test_skip(self) -> None:
        """
        What is not here is told by the same exception.
        """

        def absent() -> None:
            msg = "no such thing"
            raise NotHereError(msg)

        with pytest.raises(NotHereError, match="no such thing"):
            in_child(absent)

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ("hidepid=0", None),
            ("hidepid=1", PermissionError),
            ("hidepid=2", FileNotFoundError),
            ("hidepid=4", FileNotFoundError),
        ],
    )
    def test_hidepid(self, options: str, expected: type[OSError] | None) -> None:
        """
        A procfs with hidepid hides init from others, and only in there.
        """
        path = Path("/proc/1/status")

        def look() -> bool:
            mount_proc(options=options)
            as_user(NOBODY, path.read_text)
            return True

        with pytest.raises(expected) if expected else contextlib.nullcontext():
            assert in_mount_namespace(look)
        assert as_user(NOBODY, path.read_text)

    def test_other_root(self, tmp_path: Path) -> None:
        """
        A procfs can be mounted elsewhere, and is not seen outside.
        """
        before = Path("/proc/self/mountinfo").read_text()

        def look() -> list[bool]:
            with mounted_proc(tmp_path) as root:
                inside = (root / "self" / "maps").exists()
            return [inside, (tmp_path / "self").exists()]

        assert [True, False] == in_mount_namespace(look)
        assert before == Path("/proc/self/mountinfo").read_text()

    def test_hidden_file(self) -> None:
        """
        A file under /dev/null is empty, in there.
        """

        def look() -> bytes:
            hide_file("/proc/stat")
            return Path("/proc/stat").read_bytes()

        assert b"" == in_mount_namespace(look)
        assert Path("/proc/stat").read_bytes()


def test_leaves_nothing_behind() -> None:
    """
    After all that there is no folder left.
    """
    assert [] == leftover_folders(os.getpid())
