from __future__ import annotations

from collections.abc import Callable

import pytest

import procmem
from procmem.sizes import Size
from tests.kernel import samples
from tests.kernel.eras import LINUX_4_18
from tests.kernel.samples import (
    BASE,
    DENIED,
    KIB,
    PAGE,
    PID,
    anonymous,
    mapping,
    without,
)

MAPPINGS = [
    anonymous(pages=4),
    mapping(
        BASE + 8 * PAGE,
        8,
        "/lib/x",
        rss=8 * PAGE,
        pss=9 * KIB,
        shared_clean=7 * PAGE,
        private_clean=PAGE,
        swap=2 * PAGE,
        swap_pss=PAGE,
    ),
]
FILES = samples.files(
    MAPPINGS, pss=26 * KIB, pss_anon=4 * PAGE, pss_file=10 * KIB, pss_shmem=0
)
SOURCE = procmem.InMemory(
    processes={
        PID: FILES,
        7: samples.KERNEL_THREAD,
        8: {**FILES, "smaps_rollup": DENIED, "smaps": DENIED},
    },
    calling=PID,
)

EXPECTED = {
    "rss": 12 * PAGE,
    "pss": 26 * KIB,
    "uss": 5 * PAGE,
    "shared": 7 * PAGE,
    "swap": 2 * PAGE,
    "footprint": 5 * PAGE,
    "peak_rss": 12 * PAGE,
}
FUNCTIONS: dict[str, Callable[..., int]] = {
    name: getattr(procmem, name) for name in EXPECTED
}
ALL: dict[str, Callable[..., object]] = {
    **FUNCTIONS,
    "usage": procmem.usage,
    "mappings": procmem.mappings,
    "status": procmem.status,
    "snapshot": procmem.snapshot,
}

each_size = pytest.mark.parametrize("name", FUNCTIONS)
each_function = pytest.mark.parametrize("name", ALL)


class TestSizes:
    @each_size
    def test_by_pid(self, name: str) -> None:
        """
        A pid and a source answer.
        """
        answer = FUNCTIONS[name](PID, source=SOURCE)

        assert (EXPECTED[name], Size) == (answer, type(answer))

    @each_size
    def test_calling(self, name: str) -> None:
        """
        Without a pid, the calling process of the source answers.
        """
        assert EXPECTED[name] == FUNCTIONS[name](source=SOURCE)
        assert EXPECTED[name] == FUNCTIONS[name](None, source=SOURCE)

    @each_size
    def test_pinned(self, name: str) -> None:
        """
        So does a process that was pinned, and stays pinned.
        """
        with procmem.pinned(PID, SOURCE) as process:
            for keywords in ({}, {"source": None}, {"source": SOURCE}):
                assert EXPECTED[name] == FUNCTIONS[name](process, **keywords)

    @each_size
    def test_nothing(self, name: str) -> None:
        """
        What has no address space has 0 of everything.
        """
        answer = FUNCTIONS[name](7, source=SOURCE)

        assert (0, Size) == (answer, type(answer))

    @each_size
    def test_this_process(self, name: str) -> None:
        """
        By default it is the live process that calls.
        """
        assert FUNCTIONS[name]() > 0 or name == "swap"


@each_function
class TestWhatTheyShare:
    def test_gone(self, name: str) -> None:
        """
        A pid that nobody has is an error.
        """
        with pytest.raises(procmem.ProcessGoneError):
            ALL[name](99, source=SOURCE)

    def test_denied(self, name: str) -> None:
        """
        What may not be read is an error that names the right; status may
        always be.
        """
        if name in {"status", "peak_rss"}:
            ALL[name](8, source=SOURCE)
            return
        with pytest.raises(procmem.AccessDeniedError, match="the same user"):
            ALL[name](8, source=SOURCE)

    def test_other_source(self, name: str) -> None:
        """
        A process that is pinned in one source is not in another.
        """
        with (
            procmem.pinned(PID, SOURCE) as process,
            pytest.raises(ValueError, match="is pinned in"),
        ):
            ALL[name](process, source=procmem.ProcFS())

    def test_let_go(self, name: str) -> None:
        """
        A process that was let go is no process.
        """
        process = procmem.pinned()
        process.close()

        with pytest.raises(ValueError, match="has been let go"):
            ALL[name](process)

    def test_source_by_keyword(self, name: str) -> None:
        """
        A source is never mistaken for something else.
        """
        with pytest.raises(TypeError):
            ALL[name](PID, SOURCE)


class TestUsage:
    @pytest.mark.parametrize("method", ["auto", "kernel"])
    def test_methods(self, method: str) -> None:
        """
        Both methods ask the kernel.
        """
        usage = procmem.usage(PID, method=method, source=SOURCE)  # type: ignore[arg-type]

        assert (26 * KIB, "kernel") == (usage.pss, usage.evidence.method)

    @pytest.mark.parametrize("method", ["", "Kernel", "smaps", None])
    def test_no_such_method(self, method: str) -> None:
        """
        Another method is refused with those that there are.
        """
        with pytest.raises(ValueError, match=r"no such method.*auto.*kernel"):
            procmem.usage(PID, method=method, source=SOURCE)  # type: ignore[arg-type]


class TestFootprint:
    def footprint(self, files: samples.Files) -> int:
        """
        The footprint of a process with these files.
        """
        return procmem.footprint(source=procmem.InMemory(processes={1: files}))

    def test_without_rollup(self) -> None:
        """
        Without a rollup it is added up over mappings, where that is exact.
        """
        assert 5 * PAGE == self.footprint(without(FILES, "smaps_rollup"))

    def test_rollup_without_split(self) -> None:
        """
        So it is where the rollup does not split PSS.
        """
        found = [mapping(era=LINUX_4_18, rss=PAGE, pss=KIB, anonymous=PAGE)]

        assert KIB == self.footprint(samples.files(found, LINUX_4_18))

    def test_bounded(self) -> None:
        """
        Where only bounds are known, it says so.
        """
        found = [
            mapping(
                name="/lib/x",
                pages=4,
                rss=4 * PAGE,
                pss=PAGE,
                shared_clean=4 * PAGE,
                anonymous=2 * PAGE,
            )
        ]

        with pytest.raises(procmem.UnsupportedError, match="between 0 and 4096"):
            self.footprint(without(samples.files(found), "smaps_rollup"))

    def test_only_maps(self) -> None:
        """
        Without counters nothing is known.
        """
        with pytest.raises(procmem.UnsupportedError):
            self.footprint(without(FILES, "smaps_rollup", "smaps"))


class TestSnapshot:
    def test_parts(self) -> None:
        """
        A snapshot has all parts, each as its own call would give it.
        """
        snapshot = procmem.snapshot(PID, source=SOURCE)

        assert PID == snapshot.pid
        assert procmem.usage(PID, source=SOURCE) == snapshot.usage
        assert procmem.mappings(PID, source=SOURCE) == snapshot.mappings
        assert procmem.status(PID, source=SOURCE) == snapshot.status
        assert snapshot.taken > 1.7e9
        assert repr(snapshot).startswith(f"Snapshot(pid={PID}, usage=Usage(rss=")

    def test_without_usage(self) -> None:
        """
        Where there is no usage at all, there is no snapshot.
        """
        source = procmem.InMemory(
            processes={PID: without(FILES, "smaps_rollup", "smaps")}
        )

        with pytest.raises(procmem.UnsupportedError):
            procmem.snapshot(PID, source=source)
