"""
The fast parser of smaps agrees with the obvious one.
"""

from __future__ import annotations

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import procmem
from procmem.formats import blocks
from tests.formats.test_any_bytes import mutated
from tests.kernel import samples, strategies, twin
from tests.kernel.eras import ERAS
from tests.kernel.rendering import render_smaps

_WITH_PATCH = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=[1, 700, 3000, blocks._PIECE], ids=lambda size: f"piece {size}")
def piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Pieces of so many bytes and a block.
    """
    monkeypatch.setattr(blocks, "_PIECE", request.param)


def outcome_of_twin(data: bytes) -> tuple[procmem.Mapping, ...] | None:
    """
    What the obvious parser gives; None if it refuses.
    """
    try:
        return twin.parse(data)
    except twin.NotSmapsError:
        return None


def outcome(data: bytes) -> tuple[procmem.Mapping, ...] | None:
    """
    What the fast parser gives; None if it refuses.
    """
    try:
        return procmem.parse_smaps(data)
    except procmem.ParseError:
        return None


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """
    Listings of one era after another, so that blocks differ.
    """
    chosen = draw(st.lists(st.sampled_from(ERAS), min_size=1, max_size=2))
    return b"".join(
        render_smaps(draw(strategies.listings(era, counters=True)), era)
        for era in chosen
    )


@pytest.mark.usefixtures("piece")
class TestParseSmaps:
    @settings(_WITH_PATCH, max_examples=25)
    @given(texts())
    def test_agrees(self, data: bytes) -> None:
        """
        On whatever kernels print, fast and obvious parser agree, wherever
        the pieces end.
        """
        assert outcome_of_twin(data) == outcome(data)

    @settings(_WITH_PATCH, max_examples=50)
    @given(st.data())
    def test_agrees_on_damage(self, data: st.DataObject) -> None:
        """
        What one refuses, the other refuses.
        """
        text = data.draw(mutated(_SMALL))

        assert outcome_of_twin(text) == outcome(text)

    @settings(_WITH_PATCH, max_examples=25)
    @given(texts())
    def test_total(self, data: bytes) -> None:
        """
        The total is the sum of the usages, gaps and unknown counters
        included.
        """
        expected = procmem.accounting.total(twin.parse(data))

        assert expected == procmem.parse_smaps_total(data)

    @settings(_WITH_PATCH, max_examples=50)
    @given(st.data())
    def test_total_of_damage(self, data: st.DataObject) -> None:
        """
        The total refuses what the parser refuses.
        """
        text = data.draw(mutated(_SMALL))
        mappings = outcome_of_twin(text)
        if mappings is None:
            with pytest.raises(procmem.ParseError):
                procmem.parse_smaps_total(text)
        else:
            total = procmem.accounting.total(mappings)

            assert total == procmem.parse_smaps_total(text)

    def test_place_of_counter(self) -> None:
        """
        A line that is no counter is found wherever the pieces end.
        """
        text = _BIG.replace(b"KSM:                   9 kB", b"KSM 9 kB")
        line_number = text.split(b"\n").index(b"KSM 9 kB") + 1

        for parse in (procmem.parse_smaps, procmem.parse_smaps_total):
            with pytest.raises(procmem.ParseError) as caught:
                parse(text)

            assert ("smaps", line_number, b"KSM 9 kB") == caught.value.args[1:]

    def test_place_of_header(self) -> None:
        """
        So is a header that is no mapping.
        """
        text = _BIG.replace(b" rw-p 00000777 ", b" rw-q 00000777 ")
        line_number = text[: text.index(b"rw-q")].count(b"\n") + 1

        for parse in (procmem.parse_smaps, procmem.parse_smaps_total):
            with pytest.raises(procmem.ParseError) as caught:
                parse(text)

            assert line_number == caught.value.line_number
            assert b"rw-q" in caught.value.line

    def test_large(self) -> None:
        """
        A listing larger than many pieces is one listing.
        """
        assert twin.parse(_BIG) == procmem.parse_smaps(_BIG)


_SMALL = render_smaps(
    [
        samples.anonymous(pages=3),
        samples.mapping(samples.BASE + 0x10000, name="/lib/x.so", inode=9, rss=4096),
        attrs.evolve(samples.mapping(samples.BASE + 0x20000), vm_flags=None),
        samples.mapping(samples.VSYSCALL, name="[vsyscall]", permissions="--xp"),
    ]
)
_BIG = render_smaps(
    [
        attrs.evolve(
            samples.mapping(samples.BASE + i * 8192, ksm=9216 if i == 400 else 0),
            offset=0x777 if i == 411 else 0,
            vm_flags=None if i % 100 == 99 else frozenset({"rd"}),
        )
        for i in range(420)
    ]
)


def test_big_is_more_than_a_piece() -> None:
    """
    The listing of these tests needs several pieces as they are.
    """
    assert len(_BIG) > 2 * blocks._PIECE
