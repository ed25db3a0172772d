"""
The report of ``procmem run``, on outcomes that are made up.
"""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from procmem.cli.outcome import Left, Outcome, document_of
from procmem.render.run import outcome_text
from procmem.testing.sampling.sampled import MemberPeak, Sampled

_MIB = 1 << 20


def _member(pid: int, size: int, **more: Any) -> MemberPeak:
    member = MemberPeak(
        pid=pid,
        start_time=1,
        name="python3",
        parent=1,
        lower=size,
        estimate=size,
        upper=size,
        hwm=None,
        hwm_rose=False,
        file_rss=0,
        swap=0,
        first_seen=0.0,
        last_seen=1.5,
        ended=True,
    )
    return attrs.evolve(member, **more)


def _outcome(
    *members: MemberPeak, sampled: dict[str, Any] | None = None, **more: Any
) -> Outcome:
    total = sum(member.estimate for member in members)
    seen = Sampled(
        metric="footprint",
        lower=total,
        estimate=total,
        upper=total + _MIB,
        last=_MIB,
        at={member.pid: member.estimate for member in members},
        ticks=1234,
        full_reads=5,
        longest_gap=0.02,
        members=members,
    )
    outcome = Outcome(
        command=("/usr/bin/python3", "-V"),
        pid=100,
        status=0,
        signal=None,
        seconds=2.0,
        limit=None,
        strict=False,
        sampled=attrs.evolve(seen, **(sampled or {})),
    )
    return attrs.evolve(outcome, **more)


def _text(outcome: Outcome, *, width: int = 1000) -> str:
    return outcome_text(outcome, in_bytes=False, width=width)


class TestPeak:
    def test_is_what_was_seen(self) -> None:
        """
        The peak is the largest sum that was seen.
        """
        assert 3 * _MIB == _outcome(_member(1, _MIB), _member(2, 2 * _MIB)).peak

    def test_by_a_mark(self) -> None:
        """
        The mark of one process may tell more than all looks: less what files
        it had, and by as much as marks may be off.
        """
        member = _member(1, _MIB, hwm=9 * _MIB, hwm_rose=True, file_rss=2 * _MIB)

        assert 6 * _MIB == _outcome(member, mark_error=_MIB).peak
        assert 8 * _MIB == (
            _outcome(member, sampled={"metric": "rss"}, mark_error=_MIB).peak
        )
        assert _MIB == _outcome(member, sampled={"metric": "pss"}).peak

    def test_an_older_mark(self) -> None:
        """
        A mark that was there before says nothing.
        """
        assert _MIB == _outcome(_member(1, _MIB, hwm=9 * _MIB)).peak

    def test_nothing_seen(self) -> None:
        """
        Of what nobody saw, no peak is known, and no limit was kept.
        """
        nothing = dict.fromkeys(("lower", "estimate", "upper", "unobserved"))
        outcome = _outcome(sampled={**nothing, "at": {}}, limit=_MIB)

        assert (None, None, True) == (outcome.peak, outcome.most, outcome.is_over)
        assert "the peak footprint of python3 is not known; limit 1.0 MiB" in (
            _text(outcome)
        )


class TestLimit:
    def test_is_inclusive(self) -> None:
        """
        A peak that equals the limit is within it; a byte more is not.
        """
        outcomes = [_outcome(_member(1, size), limit=_MIB) for size in (_MIB, _MIB + 1)]

        assert [False, True] == [outcome.is_over for outcome in outcomes]

    def test_strict(self) -> None:
        """
        Strictly judged, what it can have been at most counts, and what was
        not seen.
        """
        outcome = _outcome(_member(1, _MIB), sampled={"unobserved": _MIB})
        limits = (3 * _MIB - 1, 3 * _MIB)
        strict = [attrs.evolve(outcome, limit=one, strict=True) for one in limits]

        assert [True, False] == [one.is_over for one in strict]
        assert "may have been as much as 3.0 MiB, limit 3.0 MiB: within" in (
            _text(strict[1])
        )

    @pytest.mark.parametrize("size", [_MIB + 1, _MIB + 1000, 2 * _MIB])
    def test_never_prints_alike(self, size: int) -> None:
        """
        A peak above the limit never looks as if it were the limit.
        """
        text = _text(_outcome(_member(1, size), limit=_MIB)).splitlines()[0]
        peak, limit = (
            text.partition(" was ")[2].partition(": OVER")[0].split(", limit ")
        )

        assert peak != limit

    def test_doubt(self) -> None:
        """
        It is told if the limit was perhaps not kept.
        """
        outcome = _outcome(_member(1, _MIB), limit=_MIB)

        assert "perhaps it was over the limit" in _text(outcome)
        assert "perhaps" not in _text(attrs.evolve(outcome, limit=2 * _MIB))


class TestText:
    def test_one_process(self) -> None:
        """
        One process is one line that says it all, and how it was measured.
        """
        lines = _text(_outcome(_member(100, 2 * _MIB), limit=_MIB)).splitlines()

        assert [
            (
                "procmem: peak footprint of python3 was 2.0 MiB, limit 1.0 MiB: OVER "
                "by 1.0 MiB, 100.0 %"
            ),
            "  exit status 0 after 2.0 s; 1.0 MiB when last seen",
            (
                "  measured: looked at 1,234 times, at most 20 ms apart, and 5 times "
                "in full, when it was 2.0 MiB at the most"
            ),
            "  bounds: at most 3.0 MiB, by the kernel's marks",
        ] == lines

    def test_many_processes(self) -> None:
        """
        Of many, the largest get a line, and all add up to the sum.
        """
        members = [_member(pid, pid * _MIB) for pid in range(1, 21)]
        lines = _text(_outcome(*members), width=80).splitlines()
        table = [line for line in lines if "MiB" in line and "  " in line.strip()]

        assert (
            "procmem: peak footprint of python3 and 19 descendants was 210.0 MiB"
            == (lines[0])
        )
        assert [f"{pid}.0" for pid in range(20, 10, -1)] == (
            [line.split()[1] for line in table[:10]]
        )
        assert "10 others; the largest" in table[10]
        assert ["55.0", "210.0"] == [line.split()[0] for line in table[10:12]]

    def test_names(self) -> None:
        """
        Names can't do anything to a terminal.
        """
        outcome = _outcome(
            _member(1, _MIB, name="\x1b[2J"),
            _member(2, _MIB),
            command=("/bin/\x1b]0;x", "y"),
            left=(Left(pid=3, name="a\nb"),),
        )
        text = _text(outcome)

        assert "\x1b" not in text
        assert "still running: a\\x0ab (3)" in text

    def test_doubtful_parts(self) -> None:
        """
        What was not seen, not permitted, or lost is told.
        """
        text = _text(
            _outcome(
                _member(1, _MIB),
                sampled={
                    "unobserved": _MIB,
                    "unobserved_children": True,
                    "denied": (7,),
                    "notes": ("Something else.",),
                },
                adopted=False,
            )
        )

        assert "and 1.0 MiB for page faults of what was not seen" in text
        assert "too short-lived" in text
        assert "not permitted to read, and counted by cheap counters: 7" in text
        assert "Something else." in text
        assert "lost a parent" in text

    def test_in_bytes(self) -> None:
        """
        Exact numbers come with their unit.
        """
        text = outcome_text(_outcome(_member(1, 5)), in_bytes=True, width=80)

        assert "was 5 bytes" in text

    def test_document(self) -> None:
        """
        The document can be read whatever bytes the command line has.
        """
        outcome = _outcome(_member(1, 5), command=("a\udcff", "b"), limit=3)
        document = json.loads(document_of(outcome))

        assert ["a\\xff", "b"] == document["command"]
        assert (5, 3, True) == tuple(
            document[key] for key in ("peak", "limit", "over_limit")
        )
