"""
Every process is read once, and what is not known is never a 0.
"""

from __future__ import annotations

import os
import re
import threading
from collections import abc, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem.cli import scan as module
from procmem.cli.findings import SIZES, Identity, Scan, Seen
from procmem.cli.scan import look, scan, sizes_of, sizes_of_rollup
from procmem.errors import (
    ProcessGoneError,
)
from procmem.reading.status import read_status
from procmem.reading.totals import read_usage
from tests.cli_machine import (
    MIB,
    counters,
    denied,
    kernel_thread,
    machine,
    process,
    rollup,
    status,
    zombie,
)


class TestSizesOfRollup:
    """
    The fast way to read a rollup gives what the other gives, or nothing.
    """

    @given(
        st.integers(0, 2**40).map(lambda n: n * 4096),
        st.integers(0, 2**40).map(lambda n: n * 8192),
        st.integers(0, 2**40).map(lambda n: n * 4096),
    )
    def test_agrees(self, anonymous: int, file: int, swap: int) -> None:
        """
        Whatever the numbers, both are the same.
        """
        data = rollup(anonymous=anonymous, file=file, swap=swap)

        assert sizes_of(procmem.parse_smaps_rollup(data)) == sizes_of_rollup(data)

    @given(st.data())
    def test_agrees_on_odd_text(self, data: st.DataObject) -> None:
        """
        Where lines are missing, doubled, changed or in another order, both
        are the same, or the fast way has no answer.
        """
        lines = rollup(anonymous=4 * MIB, file=MIB).split(b"\n")
        odd = st.sampled_from(
            [
                *lines,
                b"New: 4 kB",
                b"Odd: text",
                b"Rss: 1",
                b"Rss: kB",
                b"Rss: %d kB" % 10**20,
                b"\xff",
                b"1-2 [rollup]",
            ]
        )
        chosen = data.draw(
            st.permutations(lines[1:-1]).map(lambda kept: [lines[0], *kept])
            | st.lists(odd, max_size=20)
        )
        text = b"".join(line + b"\n" for line in chosen)
        fast = sizes_of_rollup(text)
        if fast is not None:
            assert sizes_of(procmem.parse_smaps_rollup(text)) == fast

    @pytest.mark.parametrize("text", [b"", b"\n", counters(anonymous=0, file=0)])
    def test_not_a_rollup(self, text: bytes) -> None:
        """
        Without its header it is no rollup.
        """
        assert sizes_of_rollup(text) is None

    def test_live(self) -> None:
        """
        What this kernel prints is read the fast way.
        """
        with procmem.pinned() as this:
            text = this.read("smaps_rollup")
        if b"Pss_Anon" not in text:
            pytest.skip("this kernel prints no Pss_Anon")

        assert sizes_of(procmem.parse_smaps_rollup(text)) == sizes_of_rollup(text)


def test_fast_and_careful_look_agree() -> None:
    """
    A process of its own is seen alike by both.
    """
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    os.close(read)
    try:
        source = procmem.ProcFS()
        outcome = look(source, child)
        with source.pin(child) as pinned:
            careful = module._look_closely(pinned, Identity(child))
            usage, found = read_usage(pinned), read_status(pinned)
    finally:
        os.close(write)
        os.waitpid(child, 0)

    assert isinstance(outcome, Seen)
    assert isinstance(careful, Seen)
    assert careful.who == outcome.who == module.identity_of(child, found)
    assert sizes_of(usage).keys() == careful.sizes.keys() == outcome.sizes.keys()


class TestScan:
    def test_sorts_them_apart(self) -> None:
        """
        There are those with sizes, those unread, and those without memory.
        """
        found = scan(
            machine(
                {
                    9: denied(9),
                    5: process(),
                    1: process(name=b"init"),
                    2: kernel_thread(),
                    3: zombie(),
                    8: {"status": ProcessGoneError(8)},
                }
            )
        )

        assert [1, 5] == [seen.who.pid for seen in found.seen]
        assert [9] == [unread.who.pid for unread in found.unreadable]
        assert [(2, False), (3, True)] == [
            (empty.who.pid, empty.is_zombie) for empty in found.empty
        ]
        assert not found.complete

    @pytest.mark.parametrize(
        ("expected", "hides", "processes"),
        [
            (True, False, {1: process(), 2: kernel_thread()}),
            (False, False, {1: process(), 3: denied(3)}),
            (False, True, {3: process()}),
        ],
        ids=["all", "denied", "hidden"],
    )
    def test_complete(
        self, expected: bool, hides: bool, processes: dict[int, object]
    ) -> None:
        """
        It knows whether any was not read, or is not even listed.
        """
        found = scan(machine(processes))

        assert (expected, hides) == (found.complete, found.hides_some)

    def test_totals(self) -> None:
        """
        What is divided adds up; where one lacks it, the sum does too.
        """
        full = Seen(Identity(1), dict.fromkeys(SIZES, 3))
        lacking = Seen(Identity(2), dict.fromkeys(SIZES, 4) | {"footprint": None})

        assert {"footprint": 6, "pss": 6, "swap_pss": 6} == _scan(full, full).totals
        assert {"footprint": None, "pss": 7, "swap_pss": 7} == (
            _scan(full, lacking).totals
        )
        assert {"footprint": 0, "pss": 0, "swap_pss": 0} == _scan().totals

    @pytest.mark.parametrize("processors", [1, 2, 64])
    @pytest.mark.parametrize("large", [(), range(100, 200), range(1, 500)])
    def test_many(
        self,
        processors: int,
        large: abc.Container[int],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """
        However many threads read, each process is there once.
        """
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
        before = threading.active_count()
        processes: dict[int, object] = {
            pid: process(anonymous=64 * MIB if pid in large else 0, file=0)
            for pid in range(1, 500)
        }
        found = scan(machine(processes))

        assert list(range(1, 500)) == [seen.who.pid for seen in found.seen]
        assert before == threading.active_count()

    @pytest.mark.parametrize(("expected", "mib"), [(set[int](), 1), ({3}, 64)])
    def test_help(
        self, expected: set[int], mib: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        As many help as there are processors, up to four, and only while
        processes are large.
        """
        started: list[int] = []
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
        monkeypatch.setattr(
            module._Crew, "_help", lambda self: started.append(len(self._helpers))
        )
        processes: dict[int, object] = {
            pid: process(anonymous=mib * MIB, file=0) for pid in range(1, 50)
        }
        scan(machine(processes))

        assert expected == set(started)

    @pytest.mark.parametrize("processors", [1, 4])
    def test_unexpected(self, processors: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        What nobody thought of comes out, from whichever thread.
        """
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
        processes: dict[int, object] = {pid: process() for pid in range(1, 400)}
        processes[200] = {"status": ZeroDivisionError()}

        with pytest.raises(ZeroDivisionError):
            scan(machine(processes))

    def test_unexpected_in_a_helper(self) -> None:
        """
        What a helper met ends the others' work and is raised.
        """
        crew = module._Crew(machine({7: {"status": ZeroDivisionError()}}), [7, 8])
        crew._help()

        with pytest.raises(ZeroDivisionError):
            crew.read_all()

    def test_others_take_the_last(self) -> None:
        """
        A thread that finds nothing left to do just ends.
        """

        class _Taken(deque[int]):
            def popleft(self) -> int:
                raise IndexError

        crew = module._Crew(machine({}), [])
        crew._waiting = _Taken([1])

        assert [] == crew.read_all()

    def test_interrupted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        After an interrupt nothing is left for helpers.
        """

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(module, "look", interrupted)
        crew = module._Crew(machine({}), [1, 2])

        with pytest.raises(KeyboardInterrupt):
            crew.read_all()
        assert deque() == crew._waiting


def _scan(*seen: Seen) -> Scan:
    return Scan(list(seen), [], [], hides_some=False)


def test_the_pattern_needs_the_name_first() -> None:
    """
    A name can't pretend to be another field.
    """
    text = status(name=b"x Uid:\t1\t2\t3", uid=9)
    found = module._STATUS.match(text)

    assert found is not None
    assert (b"x Uid:\t1\t2\t3", b"9") == (found[1], found[2])
    assert re.match(rb"Name:\t", text)
