"""
The walk over other kernels, page sizes and byte orders: every mapping of
every process beside its own smaps.
"""

from __future__ import annotations

from collections import Counter, abc

import attrs
import pytest

import procmem
from tests.captures.archive import EVERY, Capture, load
from tests.captures.comparing import (
    FIELDS,
    ROLLUP_FIELDS,
    Comparison,
    Difference,
    is_bounded,
    of_usage,
    with_memory,
)
from tests.captures.process import CaptureProcess
from tests.captures.reference import listing, pages_of
from tests.captures.source import CaptureSource


@pytest.fixture(params=["plain", "telling"])
def telling(request: pytest.FixtureRequest) -> bool:
    """
    Whether the kernel answers other questions than to read its files.
    """
    return bool(request.param == "telling")


@pytest.fixture(params=EVERY)
def capture(request: pytest.FixtureRequest) -> Capture:
    """
    Each capture, and one turned round.
    """
    return load(request.param)


def _expected_to_differ(source: CaptureSource) -> set[str]:
    """
    The counters that pages do not tell there: they must be missing.
    """
    # A dirty bit that no file shows takes pages from LazyFree.
    fields = {"lazy_free"}
    if not source.telling:
        fields.add("swap")
    if source.capture.version == (6, 12):
        # The flag is on every anonymous page.
        fields.add("ksm")
    return fields


@attrs.define
class _Walked:
    """
    What a walk found beside what smaps says.
    """

    mappings: Comparison = attrs.field(factory=Comparison)
    totals: Comparison = attrs.field(factory=Comparison)
    unsound: list[Difference] = attrs.field(factory=list[Difference])

    def add_all(
        self,
        process: CaptureProcess,
        prefix: str,
        view: abc.Sequence[int],
        *,
        flags: bool = True,
    ) -> None:
        """
        Compare each mapping of a process, and their sum.
        """
        found = procmem.mappings(process, method="pages", view=view, flags=flags)
        kernel = listing(process, prefix)

        assert [m.start for m in kernel] == [m.start for m in found]
        for theirs, ours in zip(kernel, found, strict=True):
            assert theirs.usage is not None
            assert ours.usage is not None
            self._add(self.mappings, process, theirs, ours.usage, FIELDS)
        total = procmem.usage(process, method="pages", view=view, flags=flags)
        rollup = attrs.evolve(
            kernel[0],
            name="[rollup]",
            usage=procmem.parse_smaps_rollup(process.read(f"{prefix}smaps_rollup")),
        )
        self._add(self.totals, process, rollup, total, ROLLUP_FIELDS)

        assert 0 == total.evidence.moved
        assert "pages" == total.evidence.method

    def _add(
        self,
        comparison: Comparison,
        process: CaptureProcess,
        theirs: procmem.Mapping,
        ours: procmem.Usage,
        fields: abc.Iterable[str],
    ) -> None:
        assert theirs.usage is not None
        before = len(comparison.differences)
        comparison.add(process, theirs.name, theirs.usage, of_usage(ours, fields))
        self.unsound += [
            found
            for found in comparison.differences[before:]
            if not is_bounded(ours.evidence, found)
        ]


class TestAsRoot:
    def test_every_mapping(self, capture: Capture, telling: bool) -> None:
        """
        The usage by pages of every mapping of every process is what its smaps
        says, and their sum what the rollup says, to the kB; what pages do not
        tell is missing and within its bounds.
        """
        source = CaptureSource(capture=capture, telling=telling)
        walked = _Walked()
        for process, prefix in with_memory(source):
            walked.add_all(process, prefix, source.pids())
        walked.mappings.report(f"{capture.name}, {telling=}, mappings")
        walked.totals.report(f"{capture.name}, {telling=}, totals")

        assert [] == walked.unsound
        for comparison in (walked.mappings, walked.totals):
            fields = {found.field for found in comparison.differences}
            assert fields <= _expected_to_differ(source)
        assert walked.mappings.mappings > 400
        # Where it is not sure, it is sure of most: what is no memory at all
        # is not lazily freed, and what is not shared memory is not swapped.
        assert len(walked.mappings.of("swap")) < walked.mappings.mappings // 2

    def test_without_flags(self, capture: Capture, telling: bool) -> None:
        """
        Nobody needs the flags of frames for anything but KSM and LazyFree.
        """
        source = CaptureSource(capture=capture, telling=telling)
        walked = _Walked()
        for process, prefix in with_memory(source):
            walked.add_all(process, prefix, source.pids(), flags=False)

        assert [] == walked.unsound
        fields = {found.field for found in walked.totals.differences}
        assert fields <= _expected_to_differ(source) | {"ksm"}

    def test_nothing(self, capture: Capture) -> None:
        """
        A zombie and a kernel thread have no pages.
        """
        source = CaptureSource(capture=capture)
        for role in ("Z", "kthread"):
            process = source.pin(capture.role(role))

            assert procmem.Usage.zero() == procmem.usage(process, method="pages")
            assert 0 == len(procmem.pages(process))
            assert () == tuple(procmem.mappings(process, method="pages"))

    def test_true_uss(self, capture: Capture) -> None:
        """
        What one address space maps as often as it is mapped at all is free
        when its processes end.
        """
        source = CaptureSource(capture=capture)
        more = set()
        for process, prefix in with_memory(source):
            mine: Counter[int] = Counter()
            for mapping in listing(process, prefix):
                for page in pages_of(process, mapping, prefix):
                    mine[page.pfn or 0] += bool(page.rss)
            frames = sum(
                count == capture.frames[frame][0]
                for frame, count in mine.items()
                if count
            )
            true = procmem.true_uss(process)

            assert frames * source.page_size == true
            if true > procmem.uss(process):
                more.add(process.pid)
        # It maps a file twice.
        assert capture.role("W") in more


class TestTable:
    def test_sums(self, capture: Capture, telling: bool) -> None:
        """
        The table has every page that is present or swapped out, and its sums
        are those of smaps.
        """
        source = CaptureSource(capture=capture, telling=telling)
        pages = 0
        for process, prefix in with_memory(source):
            table = procmem.pages(process)
            pages += len(table)
            for mapping in listing(process, prefix):
                part = table.of(mapping)
                usage = mapping.usage
                assert usage is not None

                assert usage.rss == part.rss
                assert usage.pss == part.pss // 1024 * 1024
                assert usage.uss == part.uss
                assert usage.shared == part.shared
                hugetlb = (usage.shared_hugetlb or 0) + (usage.private_hugetlb or 0)
                assert hugetlb == part.hugetlb
            assert procmem.status(process).vm_swap == table.swap
        print(f"{capture.name}, {telling=}: {pages} pages")

    def test_objects(self, capture: Capture) -> None:
        """
        The pages of the table are those that were recorded.
        """
        source = CaptureSource(capture=capture)
        process = source.pin(capture.role("A"))
        table = procmem.pages(process, flags=True)
        with process.pagemap() as pagemap:
            for page in table:
                word = pagemap.read(page.address, 1)
                count, flags = capture.frames.get(page.pfn or 0, (0, 0))

                assert page.raw == int.from_bytes(word, capture.byteorder)
                if page.present:
                    assert (count, flags) == (page.sharers, page.flags)


class TestOtherEyes:
    def test_hidden_frames(self, capture: Capture, telling: bool) -> None:
        """
        Where frames are hidden, each figure is right, or missing and within
        its bounds, even if the counts of frames can be read.
        """
        for view in ("unpriv", "nosysadmin"):
            source = CaptureSource(
                capture=capture,
                view="unpriv" if view == "unpriv" else "nosysadmin",
                telling=telling,
            )
            roles = ["U"] if view == "unpriv" else ["U", "W"]
            walked = _Walked()
            for role in roles:
                process = source.pin(capture.role(role))
                walked.add_all(process, "", [process.pid])
            walked.totals.report(f"{capture.name}, {telling=}, {view}")

            assert [] == walked.unsound
            # Where the kernel tells the zero page, the RSS is exact.
            if telling:
                assert [] == walked.totals.of("rss")

    def test_denied(self, capture: Capture) -> None:
        """
        What another user may not read is denied, never counted as nothing.
        """
        source = CaptureSource(capture=capture, view="unpriv")
        for role in ("W", "A", "B", "N", "L", "V", "VC", "init"):
            pid = capture.role(role)
            for call in (procmem.pages, procmem.true_uss):
                with pytest.raises(procmem.AccessDeniedError) as caught:
                    call(pid, source=source)

                assert pid == caught.value.pid

    def test_true_uss(self, capture: Capture) -> None:
        """
        Without frames nobody can say what is mapped by one process only.
        """
        source = CaptureSource(capture=capture, view="nosysadmin")

        with pytest.raises(procmem.AccessDeniedError):
            procmem.true_uss(capture.role("W"), source=source)
