"""
Who belongs to a group, on machines made of bytes.
"""

from __future__ import annotations

import re
from typing import cast

import pytest

import procmem
from procmem.errors import AccessDeniedError, ParseError
from procmem.groups.rules import HIDDEN, SAMPLER
from tests.groups.machine import KTHREAD, Files, machine, process, stat

INIT = process(1, parent=0, name=b"init")


def others(**more: Files) -> dict[int, Files]:
    """
    Process 1, and others by ``p7`` and the like.
    """
    return {1: INIT, **{int(name[1:]): files for name, files in more.items()}}


class TestUser:
    source = machine(others(p7=process(7, uid=1000), p8=process(8)))

    def test_by_number(self) -> None:
        """
        Processes belong to their effective user.
        """
        assert (7,) == procmem.Group.by_user(1000, source=self.source).pids
        assert (1, 8) == procmem.Group.by_user(0, source=self.source).pids
        assert () == procmem.Group.by_user(5, source=self.source).pids

    def test_by_name(self) -> None:
        """
        A user may be named.
        """
        assert (1, 8) == procmem.Group.by_user("root", source=self.source).pids

    @pytest.mark.parametrize("user", ["no such user", -1])
    def test_nobody(self, user: int | str) -> None:
        """
        A user that there is not is an error, not an empty group.
        """
        with pytest.raises(ValueError, match="user"):
            procmem.Group.by_user(user, source=self.source)


def test_session() -> None:
    """
    Processes belong to their session.
    """
    source = machine(others(p7=process(7, session=7), p8=process(8, session=7)))

    assert (7, 8) == procmem.Group.by_session(7, source=source).pids


class TestCommand:
    source = machine(
        others(
            p7=process(7, name=b"python3", command=b"python3\0-m\0gunicorn\0app\0"),
            p8=process(8, name=b"nginx"),
            p9=process(9, name=b"a\xffb", command=b"a\xffb\0"),
        )
    )

    @pytest.mark.parametrize(
        ("pattern", "pids"),
        [
            ("python", (7,)),
            ("-m gunicorn app$", (7,)),
            ("^nginx$", (8,)),
            (re.compile("NGINX", re.IGNORECASE), (8,)),
            ("a\udcffb", (9,)),
            ("gunicorn2", ()),
        ],
    )
    def test_matches(
        self, pattern: str | re.Pattern[str], pids: tuple[int, ...]
    ) -> None:
        """
        The pattern is looked for in the name and in the command line.
        """
        assert pids == procmem.Group.by_command(pattern, source=self.source).pids

    def test_no_pattern(self) -> None:
        """
        What is no regular expression is an error.
        """
        with pytest.raises(re.error):
            procmem.Group.by_command("(", source=self.source)


class TestCgroup:
    source = machine(
        others(
            p7=process(7, cgroup=b"0::/system.slice/a.service\n"),
            p8=process(8, cgroup=b"0::/system.slice/a.service/worker\n"),
            p9=process(9, cgroup=b"0::/system.slice/a.service2\n"),
            p10=process(10, cgroup=b"4:memory:/box\n3:cpu,cpuacct:/\n0::/\n"),
            p11=process(11, cgroup=b"1:name=systemd:/box\n0::/gone (deleted)\n"),
        )
    )

    @pytest.mark.parametrize(
        ("path", "pids"),
        [
            ("/system.slice/a.service", (7, 8)),
            ("/system.slice/a.service/", (7, 8)),
            ("/system.slice", (7, 8, 9)),
            ("/sys/fs/cgroup/system.slice/a.service", (7, 8)),
            ("/sys/fs/cgroup/unified/system.slice/a.service", (7, 8)),
            ("/box", (10, 11)),
            ("/sys/fs/cgroup/memory/box", (10,)),
            ("/sys/fs/cgroup/systemd/box", (11,)),
            ("/gone", (11,)),
            ("/sys/fs/cgroup/cpuacct", (10,)),
            ("/", (1, 7, 8, 9, 10, 11)),
            ("/a", ()),
        ],
    )
    def test_path(self, path: str, pids: tuple[int, ...]) -> None:
        """
        Those in a cgroup and below belong to it, of whatever version it is.
        """
        assert pids == procmem.Group.by_cgroup(path, source=self.source).pids

    def test_relative(self) -> None:
        """
        A path that begins elsewhere is an error.
        """
        with pytest.raises(ValueError, match="begins with a slash"):
            procmem.Group.by_cgroup("system.slice", source=self.source)


class TestWhere:
    def test_predicate(self) -> None:
        """
        Any question about the status will do.
        """
        source = machine(others(p7=process(7, name=b"x"), p8=process(8)))
        group = procmem.Group.where(lambda status: status.name == "x", source=source)

        assert (7,) == group.pids

    def test_kernel_threads_and_helpers(self) -> None:
        """
        Parts of the kernel are not asked, nor are helpers of procmem.
        """
        thread = process(7)
        thread["stat"] = stat(7, flags=KTHREAD)
        helper = process(8, name=SAMPLER.encode())
        source = machine(others(p7=thread, p8=helper))

        assert (1,) == procmem.Group.where(lambda _: True, source=source).pids
        assert (7, 8) == procmem.group([7, 8], source=source).pids

    def test_newcomers(self) -> None:
        """
        Members stay members; whoever comes to pass the test becomes one.
        """
        seven = process(7)
        other, wanted = (
            cast("bytes", process(7, name=name)["status"])
            for name in (b"other", b"wanted")
        )
        seven["status"] = [other, wanted]
        files: dict[int, Files] = {1: INIT, 7: seven}
        source = machine(files)
        with procmem.Members.by_command("wanted", source=source) as members:
            assert () == members.pids
            files[8] = process(8, name=b"wanted")
            assert (8,) == members.read().pids
            files[8] = process(8, name=b"changed")
            assert (8,) == members.read().pids
            del files[8]
            group = members.read()
            assert ((), (8,)) == (group.pids, group.gone)

    def test_an_error_of_the_predicate(self) -> None:
        """
        What goes wrong in a predicate is for its author to see.
        """
        with pytest.raises(ZeroDivisionError):
            procmem.Group.where(lambda _: bool(1 // 0), source=machine(others()))

    def test_nonsense(self) -> None:
        """
        So is a file that is not the kernel's.
        """
        seven = process(7)
        seven["status"] = b"nonsense"

        with pytest.raises(ParseError):
            procmem.Group.where(lambda _: True, source=machine(others(p7=seven)))


class TestHidden:
    def test_no_first_process(self) -> None:
        """
        Where process 1 is not listed, neither are those of other users, and
        what is found is not all there is.
        """
        group = procmem.Group.by_user(0, source=machine({7: process(7)}))

        assert (7,) == group.pids
        assert ((HIDDEN,), False) == (group.missing, group.complete)

    def test_closed_directories(self) -> None:
        """
        As under hidepid=1: they are listed, but nobody can tell who they are.
        """
        closed: Files = {"stat": AccessDeniedError(8, "stat", "a /proc")}
        group = procmem.Group.by_user(0, source=machine(others(p8=closed)))

        assert (1,) == group.pids
        assert ((HIDDEN,), False) == (group.missing, group.complete)

    def test_named(self) -> None:
        """
        Who was named and can't even be told who it is, is unreadable.
        """
        error = AccessDeniedError(8, "stat", "a /proc")
        source = machine(others(p8={"stat": error}))
        with procmem.Members.of([1, 8], source=source) as members:
            for _ in range(2):
                group = members.read()
                assert ((1,), {8: error}) == (group.pids, group.unreadable)
