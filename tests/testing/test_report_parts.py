"""
What reports say in rare cases, and what measurements do not know.
"""

from __future__ import annotations

import attrs
import pytest

import procmem
from procmem.errors import UnsupportedError
from procmem.testing import Measurement, budget
from procmem.testing.judging import Missed, missed
from procmem.testing.limits import Limits
from procmem.testing.message import failure
from procmem.testing.parts import Parts, Peak, process_figures
from procmem.testing.provenance import provenance
from procmem.testing.reading import Reading
from procmem.testing.texts import Text
from tests import cli_machine
from tests.groups.machine import MIB, machine, process, stat

from .memory import forked, touched


def reading(*sizes: int, swap: int = 0, split: bool = True) -> Reading:
    """
    What was read of processes of these sizes, from pid 10 on.
    """
    texts = [
        Text(
            pid=10 + number,
            stat=stat(10 + number),
            status=cli_machine.status(),
            totals=cli_machine.rollup(anonymous=size, file=0, swap=swap, split=split),
            file="smaps_rollup",
            smaps=None,
        )
        for number, size in enumerate(sizes)
    ]
    return Reading(texts=tuple(texts), unreadable={}, copies={}, taken=0.0, seconds=0.0)


def measurement(
    before: Reading, after: Reading | None = None, peak: Peak | None = None
) -> Measurement:
    """
    One with these ends.
    """
    limits = Limits(limit=MIB)
    parts = Parts(
        limits=limits, root=10, info="", entry=before, exit=after or before, peak=peak
    )
    return Measurement(parts)


def seen(upper: int | None, unobserved: int | None, samples: int = 3) -> Peak:
    """
    A peak of 20 MiB.
    """
    return Peak(
        best=20 * MIB,
        lower=16 * MIB,
        upper=upper,
        samples=samples,
        by_pid={10: 20 * MIB},
        unobserved=unobserved,
    )


class TestMeasurement:
    def test_before_the_end(self) -> None:
        """
        In its block a measurement shows as text that it goes on, and knows
        its limits.
        """
        with budget("1 TiB", tree=False) as measured:
            assert "still going on" in measured.report()
            assert 1 << 40 == measured.limits.limit

        assert "still going on" not in measured.report()

    @pytest.mark.parametrize("detail", [False, True])
    def test_evidence(self, detail: bool) -> None:
        """
        The evidence names smaps only if mappings were read.
        """
        with budget(
            target=machine({1: process(1)}).pin(), tree=False, detail=detail
        ) as measured:
            pass

        assert detail == ("smaps" in measured.evidence.files)
        assert "smaps_rollup" in measured.evidence.files

    def test_growth_of_what_was_shared(self) -> None:
        """
        Where memory is shared with a process outside, growth may be all that
        is there in full now.
        """
        block = touched(32 * MIB)
        with forked(), budget(tree=False) as measured:
            pass

        assert abs(measured.growth) < 8 * MIB
        assert measured.growth_upper >= 16 * MIB
        assert measured.growth_upper == measured.upper - measured.before
        block.close()

    def test_text_of_a_reading(self) -> None:
        """
        What was read shows as what it is of, not as pages of text.
        """
        both = reading(MIB, MIB)

        assert "<what was read of 2 processes>" == repr(both)
        assert "<what was read of process 11>" == repr(both.texts[1])

    def test_a_process_that_was_never_there(self) -> None:
        """
        There are no figures of a process that was read at neither end.
        """
        with pytest.raises(ValueError, match="never there"):
            process_figures(None, None, "footprint", {})


class TestJudging:
    @pytest.mark.parametrize(("upper", "unobserved"), [(None, 0), (24 * MIB, None)])
    def test_a_peak_without_bound(
        self, upper: int | None, unobserved: int | None
    ) -> None:
        """
        Without an upper bound a strict limit is unknown unless it is missed
        anyway, and any other limit is for the estimate.
        """
        measured = measurement(reading(MIB), peak=seen(upper, unobserved))

        with pytest.raises(UnsupportedError):
            missed(measured, Limits(peak=20 * MIB, strict=True))
        assert () == missed(measured, Limits(peak=20 * MIB))
        [found] = missed(measured, Limits(peak=20 * MIB - 1, strict=True))
        assert not found.at_most


class TestMessage:
    def test_rows_by_what_was_missed(self) -> None:
        """
        Swap that is too much is explained by rows of swap and not of the
        footprint, with a total that agrees.
        """
        files = process(1, anonymous=16 * MIB, swap=3 * MIB)
        target = machine({1: files}).pin()
        with budget(target=target, tree=False) as measured:
            pass

        text = failure(measured, [Missed(what="swap", value=3 * MIB, limit=MIB)])
        rows = {line.split()[0]: line.split()[1:] for line in text.splitlines()[1:]}
        assert ["3.0", "MiB", "3.0", "MiB", "0.0", "MiB"] == rows["total"]
        assert "16.0 MiB" not in text

    def test_all_that_grew_has_rows(self) -> None:
        """
        If nothing is left beside what grew, there is no row for others.
        """
        text = failure(
            measurement(reading(MIB), reading(3 * MIB)),
            [Missed(what="growth", value=2 * MIB, limit=MIB)],
        )

        table = text.partition("what grew")[2].splitlines()
        assert ["1.0", "MiB", "3.0", "MiB", "+2.0", "MiB"] == table[1].split()[-6:]
        assert table[2].lstrip().startswith("total")

    def test_more_processes_than_rows(self) -> None:
        """
        Of many processes those that changed most have rows, and the others
        one together that makes the sum right.
        """
        before = reading(*[MIB] * 11)
        after = reading(*[(2 + each) * MIB for each in range(11)])

        text = failure(
            measurement(before, after), [Missed(what="limit", value=2, limit=1)]
        )
        lines = text.partition("process ")[2].splitlines()
        assert "20 worker" in lines[1]
        assert 10 == len(lines[1:11])
        assert "3 other processes" in lines[9]
        assert ["3.0", "MiB", "9.0", "MiB"] == lines[9].split()[3:7]
        assert ["11.0", "MiB", "77.0", "MiB"] == lines[10].split()[1:5]

    def test_peaks_of_processes(self) -> None:
        """
        The peak that was seen of a process stands in its row.
        """
        measured = measurement(
            reading(MIB, MIB), reading(MIB, 2 * MIB), seen(24 * MIB, 0)
        )
        text = failure(measured, [Missed(what="peak", value=2, limit=1)])

        [row] = [line for line in text.splitlines() if " 10 worker" in line]
        assert row.endswith("peak 20.0 MiB")
        assert 1 == text.count("peak 20.0 MiB\n")


class TestProvenance:
    @pytest.mark.parametrize(
        ("peak", "expected"),
        [
            (seen(20 * MIB, 0), "peak 20.0 MiB (sampled 3 times)"),
            (seen(20 * MIB, 0, 0), "peak 20.0 MiB (by VmHWM)"),
            (
                seen(24 * MIB, None, 0),
                "peak 20.0 MiB (by VmHWM; at most 24.0 MiB by VmHWM; {} are not in it)",
            ),
            (
                seen(None, 2 * MIB),
                "peak 20.0 MiB (sampled 3 times; {} had at most 2.0 MiB on top)",
            ),
        ],
    )
    def test_peak(self, peak: Peak, expected: str) -> None:
        """
        How the peak was found is said, and what is not known of it.
        """
        [line] = provenance(measurement(reading(MIB), peak=peak))
        expected = expected.format("children that nobody saw")

        assert line == (
            "measured: 1 process at the end of the block, exact to what the kernel "
            f"prints; {expected}"
        )

    def test_what_is_missing(self) -> None:
        """
        Who could not be read is named, and nothing is called exact.
        """
        error = procmem.AccessDeniedError(11, "smaps", "rights")
        some = attrs.evolve(reading(MIB), unreadable={11: error})

        first, second = provenance(measurement(some))

        assert "measured: 1 process at the end of the block" == first
        assert f"missing: process 11: {error}" == second
