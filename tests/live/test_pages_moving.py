"""
Counting pages while they move, and while the process changes or ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import procmem
from tests.live import page_asking
from tests.live.control import NotHereError, wait_until
from tests.live.interrupting import kill
from tests.live.kernel_text import amount, rollup, text_of
from tests.live.page_asking import CALLS
from tests.live.processes import execer, require_root, restless, stopped
from tests.live.processes.children import Area, child

pytestmark = pytest.mark.live

_MIB = 1 << 20
_COMPACT = Path("/proc/sys/vm/compact_memory")

# More than there are pages of any mapping before the one that is held.
_MAPPINGS = 20


@pytest.fixture(autouse=True)
def root() -> None:
    """
    Frames are shown to root only.
    """
    require_root()


class Changing(NamedTuple):
    """
    A process that can be made another program.

    Attributes:
        pid: Its number.
        held: Bytes that it holds; twice as much once it has changed.
    """

    pid: int
    held: int

    def changes(self) -> int:
        """
        How often it has become another program.
        """
        words = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
        return int(words[-2]) if len(words) == 8 and words[-2].isdigit() else 0

    def change(self) -> None:
        """
        Make it another program, and wait until that is ready.
        """
        before = self.changes()
        os.kill(self.pid, signal.SIGUSR1)
        wait_until(lambda: self.changes() > before, seconds=20, what="an exec")
        wait_until(self.is_ready, seconds=20, what="a program that is ready")

    def is_ready(self) -> bool:
        """
        Whether it has all that it is to hold, and waits.
        """
        status = procmem.status(self.pid)
        held = 2 * self.held if self.changes() else self.held
        return (status.rss_anon or 0) > held and status.state == "S"


@contextlib.contextmanager
def changing(held: int = 4 * _MIB) -> Iterator[Changing]:
    """
    A process that holds *held* bytes and can be made another program.
    """
    with child("changing", held, _MAPPINGS) as facts:
        it = Changing(facts.pid, held)
        wait_until(it.is_ready, seconds=20, what="a program that is ready")
        yield it


class After:
    """
    Something that happens at a call of the progress, or at each from then on.
    """

    def __init__(
        self, calls: int, action: Callable[[], object], *, again: int = 1
    ) -> None:
        self._left = calls
        self._action = action
        self._again = again
        self.pages = 0

    def __call__(self, pages: int) -> None:
        """
        So many pages more.
        """
        self.pages += pages
        self._left -= 1
        if self._left <= 0 and self._again:
            self._again -= 1
            self._action()


def figure(answer: object) -> int:
    """
    RSS as a call answers it, or true USS.
    """
    match answer:
        case procmem.Usage():
            return answer.rss
        case procmem.Mappings():
            return procmem.accounting.rss(answer)
        case procmem.PageTable():
            return sum(page.rss or 0 for page in answer)
        case int():
            return answer
        case _:
            raise TypeError(answer)


@pytest.mark.parametrize("name", CALLS)
class TestChanged:
    @pytest.mark.parametrize("calls", [1, _MAPPINGS])
    def test_once(self, name: str, calls: int) -> None:
        """
        A process that becomes another program in mid-walk is counted again,
        and the answer is of one program.
        """
        with changing() as it:
            answer = CALLS[name](it.pid, progress=After(calls, it.change))

            assert 1 == it.changes()
            assert figure(CALLS[name](it.pid)) == figure(answer)
            assert figure(answer) > 2 * it.held

    def test_always(self, name: str) -> None:
        """
        That it does so each time is an error.
        """
        with execer() as it:

            def wait() -> None:
                before = it.execs()
                # The next may have been on its way.
                wait_until(lambda: it.execs() > before + 1, seconds=10, what="execs")

            with pytest.raises(procmem.ProcessChangedError) as caught:
                CALLS[name](it.pid, progress=After(1, wait, again=1000))

            assert (it.pid, "pagemap") == (caught.value.pid, caught.value.file)

    @pytest.mark.parametrize("calls", [1, 5, _MAPPINGS])
    def test_ended(self, name: str, calls: int) -> None:
        """
        Of one that ends in mid-walk there is nothing, while it is a zombie.
        """
        with changing() as it:
            answer = CALLS[name](it.pid, progress=After(calls, lambda: kill(it.pid)))

            assert 0 == figure(answer)
            if not isinstance(answer, int):
                assert isinstance(
                    answer, (procmem.Usage, procmem.Mappings, procmem.PageTable)
                )
                assert answer.evidence.notes

    @pytest.mark.parametrize("calls", [1, 5])
    def test_gone(self, name: str, calls: int) -> None:
        """
        And an error when it is gone.
        """
        pid = os.fork()
        if pid == 0:
            signal.pause()
            os._exit(0)

        def reap() -> None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

        with pytest.raises(procmem.ProcessGoneError) as caught:
            CALLS[name](pid, progress=After(calls, reap))

        assert pid == caught.value.pid


def is_sound(usage: procmem.Usage, name: str, truth: int) -> bool:
    """
    Whether a figure is right, or bounds contain what is.
    """
    value = usage.get(name)
    assert isinstance(value, (int, type(None)))
    if name in usage.evidence.bounds:
        low, high = usage.evidence.bounds[name]
        assert value is None or low <= value <= high
        return low <= truth <= high
    return value == truth


@contextlib.contextmanager
def compacting() -> Iterator[None]:
    """
    The kernel moves what it can, all the time.
    """
    if not _COMPACT.exists():
        msg = f"the kernel has no {_COMPACT}"
        raise NotHereError(msg)
    over = threading.Event()

    def compact() -> None:
        while not over.is_set():
            _COMPACT.write_text("1")

    thread = threading.Thread(target=compact)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_compaction() -> None:
    """
    Pages that the kernel moves meanwhile are noticed, and the totals are right.
    """
    size = 256 * _MIB
    tries = moved = certain = 0
    with (
        child("guarded", size, 1) as facts,
        stopped([facts.pid]),
        child("riddled", 64 * _MIB),
        compacting(),
    ):
        truth = amount(rollup(text_of(facts.pid, "smaps_rollup")), "Rss")
        held = Area(facts.told["held"], size)
        for tries in range(1, 301):
            usage = page_asking.usage(facts.pid)
            found = page_asking.mappings(facts.pid).at(held.start)
            assert usage.evidence.moved is not None
            moved += usage.evidence.moved > 0
            certain += "rss" not in usage.evidence.bounds

            assert is_sound(usage, "rss", truth)
            assert found is not None
            assert found.usage is not None
            for name in ("rss", "uss", "pss", "anonymous"):
                assert is_sound(found.usage, name, size), (name, found.usage.evidence)
            if moved > 2 and tries >= 20:
                break
    print(f"\nof {tries} walks {moved} saw pages move, {certain} were certain")

    assert moved > 0


def test_restless() -> None:
    """
    Of a process that maps and unmaps, what it holds all the time is right, and
    the bounds of the rest hold.
    """
    moved = 0
    with restless(64 * _MIB) as it:
        for _ in range(100):
            listed = page_asking.mappings(it.pid)
            usage = page_asking.usage(it.pid)
            found = listed.at(it.held.start)
            assert found is not None
            assert found.usage is not None
            assert it.held.size == found.usage.rss == found.usage.uss
            assert listed.evidence.moved is not None
            assert usage.evidence.moved is not None
            moved += listed.evidence.moved + usage.evidence.moved
            for name, (low, high) in usage.evidence.bounds.items():
                value = usage.get(name)
                assert 0 <= low <= high
                assert value is None or (
                    isinstance(value, int) and low <= value <= high
                )
            assert usage.evidence.bounds.get("rss", (0, usage.rss))[1] >= it.held.size
    print(f"\n{moved} pages moved")

    assert moved > 0
