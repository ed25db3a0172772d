"""
The same questions where ``/proc`` is elsewhere, is another one, or has holes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

import procmem
from tests.live.asking import (
    CALLS,
    TOTALS,
    answered,
    beside,
    comparable,
    everything,
    held,
    load,
    nothing,
)
from tests.live.control import NotHereError, temporary_folder
from tests.live.kernel_text import despite_others
from tests.live.processes import (
    Known,
    hide_file,
    in_mount_namespace,
    kernel_thread,
    known,
    leaderless,
    mounted_proc,
    require_root,
    stopped,
    zombie,
)

pytestmark = pytest.mark.live

T = TypeVar("T")


@pytest.fixture(autouse=True)
def loaded() -> None:
    """
    All of this takes root; and that modules are loaded, once files are hidden.
    """
    require_root()
    load()


@pytest.fixture(name="still")
def known_at_rest() -> Iterator[Known]:
    """
    A process with known memory, stopped with its child.
    """
    with known() as it, stopped([it.pid, it.child]):
        yield it


def at_another_root(function: Callable[[procmem.ProcFS], T], options: str = "") -> T:
    """
    Call a function with a procfs that is mounted elsewhere.
    """

    def there() -> T:
        with temporary_folder() as folder, mounted_proc(folder, options):
            return function(procmem.ProcFS(folder))

    return in_mount_namespace(there)


def hide(*paths: str) -> None:
    """
    Put ``/dev/null`` over files of ``/proc``.

    Raises:
        NotHereError: On kernels that don't allow to mount there.
    """
    for path in paths:
        try:
            hide_file(f"/proc/{path}")
        except OSError as exc:
            msg = f"can't hide {path}: {exc}"
            raise NotHereError(msg) from exc


class TestHidden:
    @staticmethod
    def ask(pid: int, *files: str) -> tuple[dict[str, object], dict[str, object]]:
        """
        Ask where nothing is hidden, and where some files are.
        """

        def there(root: procmem.ProcFS) -> tuple[dict[str, object], dict[str, object]]:
            hide(*files)
            return beside(pid, root, procmem.ProcFS())

        return at_another_root(there)

    @despite_others
    def test_pages(self, still: Known) -> None:
        """
        The files about frames are not needed.
        """
        files = ("kpagecount", "kpageflags", "kpagecgroup")
        usual, answers = self.ask(still.pid, *files)

        assert answered(usual)
        assert usual == answers

    @despite_others
    def test_rollup(self, still: Known) -> None:
        """
        Without a rollup, totals are sums over smaps, and the evidence says so.
        """
        usual, answers = self.ask(still.pid, f"{still.pid}/smaps_rollup")
        exact, usage, mappings = usual["usage"], answers["usage"], usual["mappings"]

        assert isinstance(exact, procmem.Usage)
        assert isinstance(usage, procmem.Usage)
        assert isinstance(mappings, procmem.Mappings)
        assert ("smaps", "status") == usage.evidence.files
        for name in ("rss", "uss", "shared", "swap", "peak_rss", "mappings", "status"):
            assert usual[name] == answers[name]
        assert answers["pss"] == usage.pss == procmem.accounting.pss(mappings)
        assert 0 <= exact.pss - usage.pss < 1024 * len(mappings)
        # Bounds may be all there is to a footprint.
        footprint = answers["footprint"]
        low, high = procmem.accounting.footprint_bounds(mappings)
        if isinstance(footprint, tuple):
            assert procmem.UnsupportedError is footprint[0]
        else:
            assert low == footprint
        assert low <= exact.footprint + 3 * 1024
        assert exact.footprint <= high

    @despite_others
    def test_smaps(self, still: Known) -> None:
        """
        Without smaps, there are mappings without usage and all totals.
        """
        usual, answers = self.ask(still.pid, f"{still.pid}/smaps")
        mappings, known = answers.pop("mappings"), usual.pop("mappings")

        assert usual == answers
        assert isinstance(known, procmem.Mappings)
        assert isinstance(mappings, procmem.Mappings)
        assert ("maps", "status") == mappings.evidence.files
        assert ("usage",) == mappings.evidence.missing
        assert {None} == {mapping.usage for mapping in mappings}
        fields = ("start", "end", "permissions", "offset", "device", "inode", "name")
        for field in fields:
            assert [getattr(mapping, field) for mapping in known] == [
                getattr(mapping, field) for mapping in mappings
            ]

    @despite_others
    def test_all(self, still: Known) -> None:
        """
        What nothing is left to tell of is an error and not 0.
        """
        files = ("smaps_rollup", "smaps", "maps")
        usual, answers = self.ask(still.pid, *(f"{still.pid}/{file}" for file in files))

        for name in ("status", "peak_rss"):
            assert usual.pop(name) == answers.pop(name)
        for name, answer in answers.items():
            file = "maps" if name == "mappings" else "smaps"
            assert isinstance(answer, tuple)
            assert (procmem.UnsupportedError, file) == answer[:2]
            assert "mounted over" in answer[2]

    @despite_others
    def test_status(self, still: Known) -> None:
        """
        Without a status, totals are what they were; what it is needed for is an
        error.
        """
        usual, answers = self.ask(still.pid, f"{still.pid}/status")

        for name in ("status", "peak_rss", "mappings"):
            answer = answers[name]
            assert isinstance(answer, tuple)
            assert (procmem.UnsupportedError, "status") == answer[:2]
        for name in (*TOTALS.keys() - {"peak_rss"}, "usage"):
            assert usual[name] == answers[name]


class TestRoot:
    @despite_others
    @pytest.mark.parametrize("options", ["", "subset=pid", "hidepid=2"])
    def test_same_answers(self, still: Known, options: str) -> None:
        """
        Another mount of the same processes gives the same answers.
        """
        usual, answers = at_another_root(
            lambda root: beside(still.pid, procmem.ProcFS(), root), options
        )

        assert answered(usual)
        assert usual == answers

    def test_self(self) -> None:
        """
        Without a pid it is the calling process there, too.
        """

        def ask(root: procmem.ProcFS) -> tuple[int, dict[str, object]]:
            return os.getpid(), everything(None, root)

        pid, answers = at_another_root(ask)

        assert answered(answers)
        assert isinstance(answers["status"], procmem.Status)
        assert pid == answers["status"].pid

    def test_odd(self) -> None:
        """
        Processes without memory, without leader, and that are gone.
        """
        with zombie() as ended, leaderless() as other:
            pids = (kernel_thread(), ended, other.pid)
            empty, dead, alive = at_another_root(
                lambda root: [everything(pid, root) for pid in pids]
            )

            assert nothing(empty)
            assert nothing(dead)
            assert held(alive, other.held)
        answers = at_another_root(lambda root: everything(ended, root))
        gone = (procmem.ProcessGoneError, ended)
        assert dict.fromkeys(CALLS, gone) == comparable(answers)

    def test_pinned(self, still: Known) -> None:
        """
        A pinned process belongs to where it was pinned.
        """

        def ask(root: procmem.ProcFS) -> dict[str, object]:
            with procmem.pinned(still.pid, root) as process:
                with pytest.raises(ValueError, match="pinned in"):
                    procmem.rss(process, source=procmem.ProcFS())
                return everything(process)

        assert held(at_another_root(ask), still.private)

    def test_no_proc(self, still: Known) -> None:
        """
        Where nothing is mounted, that is what the error says.
        """
        with temporary_folder() as folder:
            source = procmem.ProcFS(folder / "absent")
            for answers in (everything(still.pid, source), everything(None, source)):
                assert {procmem.UnsupportedError} == set(map(type, answers.values()))
