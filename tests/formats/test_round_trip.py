from __future__ import annotations

import pickle

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import procmem
from procmem.formats import smaps_rollup
from tests.kernel import strategies
from tests.kernel.eras import ERAS, STATUS_ERAS, Era
from tests.kernel.rendering import (
    render_maps,
    render_rollup,
    render_smaps,
    render_stat,
    render_statm,
    render_status,
)

each_era = pytest.mark.parametrize("era", ERAS, ids=lambda era: era.name)
# There are a dozen of them, and each example is a whole file.
few = settings(max_examples=10)
with_rollup = pytest.mark.parametrize(
    "era", [era for era in ERAS if era.rollup], ids=lambda era: era.name
)


class TestParseMaps:
    @each_era
    @few
    @given(data=st.data())
    def test_round_trip(self, era: Era, data: st.DataObject) -> None:
        """
        Parsing what a kernel would print gives the mappings back.
        """
        era = attrs.evolve(era, name_lines=False)
        expected = data.draw(strategies.listings(era))

        assert tuple(expected) == procmem.parse_maps(render_maps(expected, era))

    def test_more_than_a_piece(self) -> None:
        """
        A listing of more lines than are taken at once is one listing.
        """
        expected = [
            procmem.Mapping(
                start=i * 8192,
                end=i * 8192 + 4096,
                permissions=procmem.Permissions("rw-p"),
                name=None if i % 3 else f"/file {i} ",
            )
            for i in range(1, 5000)
        ]

        assert tuple(expected) == procmem.parse_maps(render_maps(expected))


class TestParseSmaps:
    @each_era
    @few
    @given(data=st.data())
    def test_round_trip(self, era: Era, data: st.DataObject) -> None:
        """
        Parsing what a kernel would print gives the mappings and all their
        counters back, known or not, and leaves out what is not there.
        """
        expected = data.draw(strategies.listings(era, counters=True))

        assert tuple(expected) == procmem.parse_smaps(render_smaps(expected, era))

    @each_era
    @few
    @given(data=st.data())
    def test_values_are_complete(self, era: Era, data: st.DataObject) -> None:
        """
        What the parser makes differs in nothing from what constructors make:
        it evolves, hashes, and keeps its types.
        """
        for mapping in procmem.parse_smaps(
            render_smaps(data.draw(strategies.listings(era, counters=True)), era)
        ):
            assert mapping.usage is not None

            assert mapping == attrs.evolve(mapping)
            assert hash(mapping) == hash(attrs.evolve(mapping))
            assert isinstance(mapping.permissions, procmem.Permissions)
            assert mapping.usage == attrs.evolve(mapping.usage)
            assert ("smaps",) == mapping.usage.evidence.files


class TestParseSmapsRollup:
    @with_rollup
    @given(data=st.data())
    def test_round_trip(self, era: Era, data: st.DataObject) -> None:
        """
        Parsing what a kernel would print gives the usage back.
        """
        other = data.draw(strategies.unknown_counters)
        expected = data.draw(strategies.usages(era.rollup_keys, other=other))
        start = data.draw(st.integers(0, 2**63))
        text = render_rollup(expected, era, start=start, end=start + 4096)

        assert expected == procmem.parse_smaps_rollup(text)

    @with_rollup
    @few
    @given(data=st.data())
    def test_second_of_its_kind(self, era: Era, data: st.DataObject) -> None:
        """
        Lines that were seen before are read at once, which gives the same,
        differs in nothing from what a constructor makes, and is refused where
        it was before.
        """
        first, second = (
            render_rollup(data.draw(strategies.usages(era.rollup_keys)), era)
            for _ in range(2)
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(smaps_rollup, "_layouts", [])
            slowly = procmem.parse_smaps_rollup(second)
            patch.setattr(smaps_rollup, "_layouts", [])
            procmem.parse_smaps_rollup(first)
            patch.setattr(smaps_rollup, "_usual_counters", None)
            usage = procmem.parse_smaps_rollup(second)
            patch.undo()

            assert slowly == usage == attrs.evolve(usage)
            assert repr(slowly) == repr(usage)
            assert slowly.evidence == usage.evidence
            assert pickle.loads(pickle.dumps(usage)) == usage
            for broken in (
                second[:-1],
                b"x" + second,
                second.replace(b" kB", b" MB", 1),
            ):
                with pytest.raises(procmem.ParseError):
                    procmem.parse_smaps_rollup(broken)


class TestParseStatus:
    @pytest.mark.parametrize("era", STATUS_ERAS)
    @given(data=st.data())
    def test_round_trip(self, era: str, data: st.DataObject) -> None:
        """
        Parsing what a kernel would print gives the status back.
        """
        expected = data.draw(strategies.statuses(era))
        text = render_status(expected, STATUS_ERAS[era])

        assert expected == procmem.parse_status(text)


class TestParseStat:
    @given(
        expected=strategies.stats,
        page_size=st.sampled_from([4096, 16384, 65536]),
        rest=st.lists(st.integers(-(2**63), 2**64 - 1), max_size=28),
    )
    def test_round_trip(
        self, expected: procmem.Stat, page_size: int, rest: list[int]
    ) -> None:
        """
        Parsing what a kernel would print gives the stat back, whatever the
        name and however many fields follow.
        """
        expected = attrs.evolve(expected, rss=expected.rss // 4096 * page_size)
        text = render_stat(expected, page_size, rest=rest)

        assert expected == procmem.parse_stat(text, page_size=page_size)


class TestParseStatm:
    @given(strategies.statms, st.sampled_from([1, 4096]))
    def test_round_trip(self, expected: procmem.Statm, page_size: int) -> None:
        """
        Parsing what a kernel would print gives the statm back.
        """
        text = render_statm(expected, page_size)

        assert expected == procmem.parse_statm(text, page_size=page_size)
