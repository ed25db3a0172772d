from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import procmem
from procmem.accounting import footprint, footprint_bounds
from tests.kernel.pages import Page, Pages, populated
from tests.kernel.samples import PAGE, anonymous, mapping

SHARED: dict[str, Any] = {"rss": 4 * PAGE, "pss": 2 * PAGE, "shared_clean": 4 * PAGE}
PRIVATE: dict[str, Any] = {"rss": 4 * PAGE, "pss": 4 * PAGE, "private_clean": 4 * PAGE}


def page(backing: str, sharers: int, *, swapped: bool = False) -> Page:
    """
    A page that was written to.
    """
    return Page(backing=backing, sharers=sharers, dirty=True, swapped=swapped)


class TestFootprintBounds:
    @given(populated())
    @example(
        Pages(
            name="/lib/libc.so.6",
            permissions="rw-p",
            pages=[page("anon", 5), page("file", 2), page("file", 1)],
        )
    )
    @example(Pages(name=None, permissions="rw-p", pages=[page("anon", 100_000)]))
    @example(
        Pages(
            name="/lib/x",
            permissions="rw-p",
            pages=[page("anon", 9999), page("anon", 9999), page("file", 9999)],
        )
    )
    @example(
        Pages(name="[heap]", permissions="rw-p", pages=[page("anon", 3, swapped=True)])
    )
    def test_hold_the_truth(self, pages: Pages) -> None:
        """
        Whatever the pages, what they truly cost is within the bounds that
        follow from what the kernel printed.
        """
        low, high = footprint_bounds([pages.mapping()])

        assert low <= pages.footprint <= high

    @given(st.lists(populated(), max_size=4))
    def test_hold_the_truth_of_many(self, many: list[Pages]) -> None:
        """
        So it is for several mappings together.
        """
        low, high = footprint_bounds(p.mapping(i) for i, p in enumerate(many))

        assert low <= sum(pages.footprint for pages in many) <= high

    @given(st.lists(populated(), max_size=4))
    def test_exact(self, many: list[Pages]) -> None:
        """
        Where the bounds meet, that is the truth, and the footprint.
        """
        mappings = [pages.mapping(i) for i, pages in enumerate(many)]
        low, high = footprint_bounds(mappings)
        if low == high:
            assert sum(pages.footprint for pages in many) == footprint(mappings)

    @given(populated())
    def test_private_is_exact(self, pages: Pages) -> None:
        """
        What nobody shares is known exactly.
        """
        alone = attrs.evolve(
            pages, pages=[attrs.evolve(p, sharers=1) for p in pages.pages]
        )
        found = [alone.mapping()]

        # Swapped shared memory has no share, and is taken for rounded off.
        if not any(p.swapped and p.backing == "shmem" for p in alone.pages):
            assert (alone.footprint, alone.footprint) == footprint_bounds(found)
        assert alone.footprint == footprint(found)

    def test_of_nothing(self) -> None:
        """
        No mappings cost nothing.
        """
        assert (0, 0) == footprint_bounds([])
        assert 0 == footprint([])

    @pytest.mark.parametrize("missing", ["anonymous", "swap_pss"])
    def test_missing(self, missing: str) -> None:
        """
        A counter that it takes and that is missing is an error, not 0.
        """
        found = mapping(name="/lib/x", **SHARED)
        assert found.usage is not None
        gap = dict[str, Any]({missing: None})
        lacking = attrs.evolve(found, usage=attrs.evolve(found.usage, **gap))

        with pytest.raises(procmem.UnsupportedError, match=f"smaps: {missing}"):
            footprint_bounds([lacking])

    def test_maps(self) -> None:
        """
        Mappings without counters cost nobody knows what.
        """
        with pytest.raises(procmem.UnsupportedError):
            footprint([attrs.evolve(mapping(), usage=None)])


class TestFootprint:
    def test_anonymous(self) -> None:
        """
        Memory without a file counts with its share and its swap.
        """
        found = anonymous(pages=4, swap=2 * PAGE, swap_pss=2 * PAGE)

        assert 6 * PAGE == footprint([found])

    def test_file(self) -> None:
        """
        Pages of a file do not count.
        """
        assert 0 == footprint([mapping(name="/lib/x", **SHARED)])

    def test_private_copies(self) -> None:
        """
        Of a file that nobody shares, the copies count.
        """
        found = mapping(name="/lib/x", anonymous=PAGE, **PRIVATE)

        assert PAGE == footprint([found])

    def test_all_are_copies(self) -> None:
        """
        If all pages are copies, their share counts.
        """
        found = mapping(name="/lib/x", anonymous=4 * PAGE, **SHARED)

        assert 2 * PAGE == footprint([found])

    def test_bounded(self) -> None:
        """
        Where only bounds are known, it says so and gives them.
        """
        counters: dict[str, Any] = {**SHARED, "pss": PAGE, "anonymous": 2 * PAGE}
        found = mapping(name="/lib/x", **counters)

        with pytest.raises(procmem.UnsupportedError, match="between 0 and 4096 bytes"):
            footprint([found])

    def test_shared_by_two(self) -> None:
        """
        If every page has two sharers, so have the copies: that is exact.
        """
        found = mapping(name="/lib/x", anonymous=2 * PAGE, **SHARED)

        assert PAGE == footprint([found])

    def test_hugetlb(self) -> None:
        """
        Pages of hugetlbfs are reported beside it, not in it.
        """
        found = mapping(
            name="/anon_hugepage (deleted)", vm_flags="rd ht", private_hugetlb=2**21
        )

        assert 0 == footprint([found])
