"""
What a page is in a page map, and that kinds can be told apart.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from math import dist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procmem.flags import PageState
from procmem.model.page import PageInfo
from procmem.pagetable.table import Extent, PageTable
from procmem.render.pagemap import kinds
from procmem.render.pagemap.colours import DARK, LIGHT, Ground, Rgb
from procmem.render.pagemap.kinds import LOOKS, RESIDENT, Kind, counted, kinds_of
from tests.pagemap_tables import BASE, HUGE, PAGE, column, letters_of, table


def _slow_kind(page: PageInfo) -> Kind:
    """
    The kind of one page, step by step.
    """
    state = page.state
    file = page.file_or_shared_anon
    if state is PageState.UNKNOWN:
        which = "PRIVATE" if page.exclusive else "PRESENT"
    elif state in {PageState.PRIVATE, PageState.SHARED}:
        sharers = page.sharers or 0
        which = (
            "PRIVATE"
            if sharers < 2
            else "BY_2"
            if sharers == 2
            else "BY_FEW"
            if sharers < 10
            else "BY_MANY"
        )
    else:
        return {
            PageState.ABSENT: Kind.ABSENT,
            PageState.SWAPPED: Kind.SWAPPED,
            PageState.GUARD: Kind.GUARD,
            PageState.MARKER: Kind.MARKER,
            PageState.UNCOUNTED: Kind.ZERO,
            PageState.HUGETLB: Kind.HUGETLB,
        }[state]
    return Kind[f"{'FILE' if file else 'ANON'}_{which}"]


_ENTRIES = st.one_of(
    st.integers(0, 2**64 - 1),
    st.builds(
        lambda top, low: top << 56 | low, st.integers(0, 255), st.integers(0, 31)
    ),
)
_COUNTS = st.one_of(
    st.integers(0, 12),
    st.sampled_from([255, 256, 257, 65_535, 65_536, 1 << 24, 2**32 - 1]),
)


class TestKindsOf:
    @pytest.mark.parametrize("letter", "ABCDabcdS0HG?.")
    def test_each(self, letter: str) -> None:
        """
        Every kind is told from the entry, the sharers and the flags.
        """
        assert letter == letters_of(kinds_of(table(letter)))

    def test_without_sharers(self) -> None:
        """
        Without sharers only what is mapped once is known to be private.
        """
        expected = "APPPPappp.SG?"

        assert expected == letters_of(kinds_of(table("ABCD0abcd.SG?", counts=False)))

    def test_hugetlb_mapping(self) -> None:
        """
        Pages of a mapping of hugetlbfs are of that kind without flags.
        """
        pages = PageTable(
            entries=column([1 << 63, 0], "Q"),
            extents=(Extent(BASE, 2, hugetlb=True),),
            page_size=PAGE,
        )

        assert "H." == letters_of(kinds_of(pages))

    @given(
        st.lists(st.tuples(_ENTRIES, _COUNTS, st.sampled_from([0, HUGE, 2**64 - 1]))),
        st.booleans(),
        st.booleans(),
    )
    def test_agrees_with_page_info(
        self,
        pages: list[tuple[int, int, int]],
        counts: bool,
        flags: bool,
    ) -> None:
        """
        The columns give what one page after the other would.
        """
        whole = PageTable(
            entries=column([entry for entry, _, _ in pages], "Q"),
            counts=column([count for _, count, _ in pages], "I") if counts else None,
            flags=column([flag for _, _, flag in pages], "Q") if flags else None,
            extents=(Extent(BASE, len(pages)),),
            page_size=PAGE,
        )

        assert list(map(_slow_kind, whole)) == list(kinds_of(whole))

    def test_in_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A table that is too large to be taken at once is taken in parts.
        """
        monkeypatch.setattr(kinds, "_PAGES", 4)

        assert "AB.Sab0GAB" == letters_of(kinds_of(table("AB.Sab0GAB")))

    def test_counted(self) -> None:
        """
        Kinds are counted.
        """
        expected = {Kind.ANON_PRIVATE: 3, Kind.SWAPPED: 1}

        assert expected == counted(kinds_of(table("AASA")))


# Machado, Oliveira and Fernandes 2009, of full severity.
_EYES = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def _linear(value: float) -> float:
    value /= 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _lab(colour: Rgb, eye: str) -> tuple[float, float, float]:
    """
    A colour as those with such eyes see it, in CIE Lab.
    """
    light = tuple(map(_linear, colour))
    red, green, blue = (
        min(1.0, max(0.0, sum(a * b for a, b in zip(row, light, strict=True))))
        for row in _EYES[eye]
    )

    def root(value: float) -> float:
        return value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116

    x = root((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047)
    y = root(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    z = root((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


class TestLooks:
    @pytest.mark.parametrize("eye", _EYES)
    def test_apart(self, eye: str) -> None:
        """
        With any kind of colour vision, what bears no mark differs in colour
        well beyond what can just be seen.
        """
        plain = RESIDENT | {Kind.HUGETLB}
        plain -= {Kind.ANON_PRESENT, Kind.FILE_PRESENT}
        seen = {kind: _lab(LOOKS[kind].colour, eye) for kind in plain}

        assert all(dist(seen[a], seen[b]) > 13 for a, b in combinations(seen, 2))

    @pytest.mark.parametrize("eye", _EYES)
    @pytest.mark.parametrize("ground", [LIGHT, DARK], ids=["light", "dark"])
    def test_ground(self, ground: Ground, eye: str) -> None:
        """
        All differ from the paper and from what is not present.
        """
        for kind in RESIDENT | {Kind.SWAPPED, Kind.HUGETLB, Kind.GUARD, Kind.ZERO}:
            seen = _lab(LOOKS[kind].colour, eye)
            assert dist(seen, _lab(ground.paper, eye)) > 18
            assert dist(seen, _lab(ground.absent, eye)) > 13

    def test_lighter(self) -> None:
        """
        The more share a page, the lighter it is, in both hues alike.
        """
        for letters in ("ABCD", "abcd"):
            by_letter = {look.letter: look.colour for look in LOOKS.values()}
            light = [_lab(by_letter[letter], "usual")[0] for letter in letters]
            steps = [b - a for a, b in pairwise(light)]
            assert min(steps) > 10

    def test_letters(self) -> None:
        """
        Every kind has a letter of its own, and a label.
        """
        assert set(Kind) == set(LOOKS)
        assert len(Kind) == len({look.letter for look in LOOKS.values()})
        assert len(Kind) == len({look.label for look in LOOKS.values()})
