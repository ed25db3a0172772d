"""
Who may count pages, and how much of the answer is certain with which rights.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from functools import partial

import pytest

import procmem
from tests.live import page_asking
from tests.live.asking import comparable
from tests.live.kernel_text import PAGE, despite_others, steady
from tests.live.page_asking import (
    Seen,
    as_namespace_root,
    everything,
    is_narrow,
    load,
    look,
    unsound_of,
)
from tests.live.processes import (
    NOBODY,
    as_user,
    hide_file,
    in_mount_namespace,
    kernel_thread,
    leaderless,
    owned_by,
    require_root,
    stopped,
    twins,
    undumpable,
    zombie,
)
from tests.live.zoo import Group, Zoo, zoo

pytestmark = pytest.mark.live

SOMEBODY = NOBODY - 1


@pytest.fixture(autouse=True)
def loaded() -> None:
    """
    Users that the tests become can't import what is missing.
    """
    require_root()
    load()


@pytest.fixture(scope="module", name="it", params=Group, ids=lambda g: g.name.lower())
def family(request: pytest.FixtureRequest) -> Iterator[Zoo]:
    """
    A family of an ordinary user with one group of memory.
    """
    require_root()
    with zoo(request.param, NOBODY) as it:
        yield it


def masked(pid: int, *files: str) -> Seen:
    """
    Look as root where ``/dev/null`` is put over some files.
    """

    def there() -> Seen:
        for file in files:
            hide_file(f"/proc/{file}")
        return look(pid)

    return in_mount_namespace(there)


WAYS: dict[str, Callable[[int], Seen]] = {
    "user": lambda pid: as_user(NOBODY, partial(look, pid)),
    "without counts": lambda pid: masked(pid, "kpagecount"),
    "without flags": lambda pid: masked(pid, "kpageflags"),
    "without both": lambda pid: masked(pid, "kpagecount", "kpageflags"),
}


@pytest.mark.parametrize("way", WAYS)
def test_sound(it: Zoo, way: str) -> None:
    """
    What is stated is the kernel's, and what is only bounded is within.
    """
    compare = despite_others(lambda pid: unsound_of(WAYS[way](pid)))

    assert [[], [], []] == [compare(pid) for pid in it.pids]


@pytest.mark.parametrize("way", ["user", "without counts"])
def test_share(it: Zoo, way: str) -> None:
    """
    PSS is bounded, no wider than from USS to RSS less half of what is shared;
    USS is exact where there are no huge pages.
    """
    exact = 0
    for pid in it.pids:
        seen = WAYS[way](pid)
        for printed, usage in seen.pairs():
            exact += is_narrow(printed, usage)

    assert exact or it.group is Group.HUGE


def test_unfair(it: Zoo) -> None:
    """
    Who does not see the frames gets no share of what is swapped out, and no
    true USS, rather than wrong ones.
    """
    pid = it.pids[0]
    answer = as_user(NOBODY, lambda: page_asking.usage(pid, view=it.pids))
    errors = as_user(NOBODY, partial(everything, pid))

    if it.group is Group.SWAPPED:
        assert answer.swap_pss is None
    assert isinstance(errors["true_uss"], procmem.AccessDeniedError)
    assert "CAP_SYS_ADMIN" in errors["true_uss"].needs
    pages = errors["pages"]
    assert isinstance(pages, procmem.PageTable)
    assert pages.counts is None
    assert any("CAP_SYS_ADMIN" in missing for missing in pages.evidence.missing)


class TestNamespace:
    def test_inside(self) -> None:
        """
        Root of a user namespace sees no frames, and knows as much as a user.
        """

        def inside() -> Seen:
            pid = os.fork()
            if pid == 0:
                signal.pause()
            try:
                return look(pid)
            finally:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

        compare = despite_others(lambda: unsound_of(as_namespace_root(NOBODY, inside)))

        assert [] == compare()

    def test_outside(self) -> None:
        """
        Of who is not in it, there is nothing, even of the same user.
        """
        with owned_by(NOBODY) as it:
            answers = as_namespace_root(NOBODY, partial(everything, it.pid))

            assert {procmem.AccessDeniedError} == set(map(type, answers.values()))


class TestRefused:
    def test_another_user(self) -> None:
        """
        About the processes of others there is nothing, and a reason.
        """
        with owned_by(NOBODY) as it:
            answers = as_user(SOMEBODY, partial(everything, it.pid))

            for answer in answers.values():
                assert isinstance(answer, procmem.AccessDeniedError)
                assert isinstance(answer, PermissionError)
                assert it.pid == answer.pid
                assert "CAP_SYS_PTRACE" in answer.needs

    def test_undumpable(self) -> None:
        """
        Nor about one that must not be looked into.
        """
        with owned_by(NOBODY, dumpable=False) as it, undumpable() as other:
            closed = as_user(NOBODY, partial(everything, it.pid))
            foreign = as_user(NOBODY, partial(everything, other.pid))

            for answer in (*closed.values(), *foreign.values()):
                assert isinstance(answer, procmem.AccessDeniedError)

    def test_no_page_table(self) -> None:
        """
        A page table that is masked is an error, and not 0.
        """
        with owned_by(NOBODY) as it:

            def masked() -> dict[str, object]:
                hide_file(f"/proc/{it.pid}/pagemap")
                return everything(it.pid)

            answers = in_mount_namespace(masked)

            assert {procmem.UnsupportedError} == set(map(type, answers.values()))


@pytest.mark.parametrize("uid", [0, NOBODY])
class TestNothing:
    @staticmethod
    def nothing(answers: dict[str, object]) -> bool:
        """
        Whether each call was answered with 0 or what amounts to it.
        """
        pages = answers.pop("pages")
        assert isinstance(pages, procmem.PageTable)
        assert 0 == len(pages)
        expected = {
            "usage": procmem.Usage.zero(),
            "mappings": procmem.Mappings(()),
            "true_uss": 0,
        }
        assert expected == answers
        return True

    def test_kernel_thread(self, uid: int) -> None:
        """
        A part of the kernel has no memory, whoever asks.
        """
        pid = kernel_thread()

        assert self.nothing(as_user(uid, partial(everything, pid)))

    def test_zombie(self, uid: int) -> None:
        """
        What has ended has none any more.
        """
        with zombie() as pid:
            assert self.nothing(as_user(uid, partial(everything, pid)))

    def test_vanished(self, uid: int) -> None:
        """
        What is not there is an error, never 0.
        """
        with zombie() as pid:
            pass
        answers = as_user(uid, partial(everything, pid))

        gone = (procmem.ProcessGoneError, pid)
        assert dict.fromkeys(answers, gone) == comparable(answers)


@pytest.mark.parametrize("uid", [0, NOBODY])
def test_self(uid: int) -> None:
    """
    Every process may look into itself.
    """
    answers = as_user(uid, everything)
    usage, pages = answers["usage"], answers["pages"]

    assert isinstance(usage, procmem.Usage)
    assert usage.get("uss") or usage.evidence.bounds["uss"][1]
    assert isinstance(pages, procmem.PageTable)
    # It looked at itself twice, and gave something back in between.
    given_back = 16 * 1024**2
    assert len(pages) * PAGE + given_back >= usage.rss > 0


def test_leaderless() -> None:
    """
    Who has lost its first thread is counted through another.
    """
    with leaderless() as it:
        answers = everything(it.pid)
        usage, mappings, pages, true = answers.values()

        assert isinstance(usage, procmem.Usage)
        assert isinstance(mappings, procmem.Mappings)
        assert isinstance(pages, procmem.PageTable)
        assert isinstance(true, int)
        assert procmem.usage(it.pid).rss == usage.rss
        found = mappings.at(it.held.start)
        assert found is not None
        assert found.usage is not None
        assert it.held.size == found.usage.uss
        assert it.held.size == procmem.accounting.rss(pages.of(found))
        assert it.held.size <= true
        denied = as_user(NOBODY, partial(everything, it.pid))
        assert {procmem.AccessDeniedError} == set(map(type, denied.values()))


@despite_others
def test_twins() -> None:
    """
    Each of two processes with one memory has the whole of it.
    """
    with twins() as it, stopped([it.pid, it.other]):
        _, (one, other) = steady(
            it.pid,
            ("smaps_rollup",),
            lambda: (everything(it.pid), everything(it.other)),
        )

        assert one == other
