"""
On memory that is known to the page, the numbers are those known.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

import procmem
from procmem import MappingKind, accounting
from tests.live import comparing
from tests.live.kernel_text import PAGE, despite_others
from tests.live.processes import Area, forker, known, mosaic, stopped
from tests.live.specials import crowd

pytestmark = pytest.mark.live

_KIB = 1 << 10
_MIB = 1 << 20

# The kernel adds shares up in units of 2**-12 bytes.
_SHIFT = 12


def within(pid: int, *areas: Area) -> list[procmem.Mapping]:
    """
    The mappings of a process that lie inside of *areas*.
    """
    return [
        mapping
        for mapping in procmem.mappings(pid)
        for area in areas
        if area.start <= mapping.start and mapping.end <= area.end
    ]


def without(
    mappings: Iterable[procmem.Mapping], these: list[procmem.Mapping]
) -> list[procmem.Mapping]:
    """
    The rest.
    """
    starts = {mapping.start for mapping in these}
    return [mapping for mapping in mappings if mapping.start not in starts]


def share(size: int, sharers: int) -> int:
    """
    A share of *size* bytes as the kernel divides pages, in its own units.
    """
    return size // PAGE * ((PAGE << _SHIFT) // sharers)


def printed(shares: int) -> int:
    """
    Shares added up, in bytes, as far as the kernel prints them.
    """
    return (shares >> _SHIFT) // _KIB * _KIB


class TestKnown:
    def test_areas(self) -> None:
        """
        Each area occupies in both processes what it should.
        """
        with known() as it, stopped([it.pid, it.child]):
            private, rewritten = it.private.size, it.rewritten.size
            common = private - rewritten
            for pid in (it.pid, it.child):
                own = accounting.total(within(pid, it.private))
                assert (private, private) == (own.rss, own.anonymous)
                assert (rewritten, common) == (own.uss, own.shared)
                assert rewritten + common // 2 == own.pss
                assert own.pss == accounting.footprint(within(pid, it.private))

            shared = accounting.total(within(it.pid, it.shared))
            size = it.shared.size
            assert (size, size, size, 0) == (
                *(shared.rss, shared.pss, shared.uss),
                shared.anonymous,
            )
            assert size == accounting.footprint(within(it.pid, it.shared))

            file = accounting.total(within(it.pid, it.file))
            assert (it.file.size,) * 3 == (file.rss, file.pss, file.uss)
            assert 0 == accounting.footprint(within(it.pid, it.file))

            for area in it.memfd:
                memfd = accounting.total(within(it.pid, area))
                assert (area.size, 0, area.size) == (memfd.rss, memfd.uss, memfd.shared)
                assert area.size // 2 == memfd.pss

            untouched = within(it.child, it.shared, it.file, *it.memfd)
            assert 0 == accounting.rss(untouched)
            assert 4 == len(untouched)

    @despite_others
    def test_totals(self) -> None:
        """
        What is held is in the totals of the process, page by page; the tree
        costs what was written, once, and the file nothing.
        """
        with known() as it, stopped([it.pid, it.child]):
            areas = (it.private, it.shared, it.file, *it.memfd)
            resident = sum(area.size for area in areas)
            mappings = procmem.mappings(it.pid)
            rest = without(mappings, within(it.pid, *areas))
            assert resident == procmem.rss(it.pid) - accounting.rss(rest)
            assert it.rewritten.size + it.shared.size + it.file.size == (
                procmem.uss(it.pid) - accounting.uss(rest)
            )
            low, high = accounting.footprint_bounds(rest)
            common = it.private.size - it.rewritten.size
            held = it.rewritten.size + common // 2 + it.shared.size + it.memfd[0].size
            # A mapping loses less than one kB to rounding, a process three.
            assert low + held - 3 * _KIB <= procmem.footprint(it.pid) <= high + held

            tree = [*within(it.pid, *areas), *within(it.child, *areas)]
            assert accounting.footprint(tree) == sum(
                (it.private.size, it.rewritten.size, it.shared.size, it.memfd[0].size)
            )

    def test_groups(self) -> None:
        """
        By file and by kind, the areas are found under what they are.
        """
        with known() as it, stopped([it.pid, it.child]):
            mappings = procmem.mappings(it.pid)
            by_kind = accounting.by_kind(mappings)
            by_name = {
                key.name: usage for key, usage in accounting.by_file(mappings).items()
            }

            assert 2 * it.memfd[0].size == by_kind[MappingKind.MEMFD].rss
            assert it.shared.size == by_kind[MappingKind.SHARED_MEMORY].rss
            assert it.file.size == by_name[str(it.file_path)].rss
            assert it.memfd[0].size == by_name["/memfd:known-memfd (deleted)"].pss

    def test_every_field(self) -> None:
        """
        And every field is the kernel's.
        """
        with known() as it, stopped([it.pid, it.child]):
            assert {} == comparing.every_field(it.pid)
            assert {} == comparing.every_field(it.child)


def test_mosaic() -> None:
    """
    Of thousands of mappings, each occupies what was touched of it.
    """
    with mosaic() as it, stopped([it.pid]):
        mappings = {mapping.start: mapping for mapping in procmem.mappings(it.pid)}

        assert [
            (piece.size, piece.touched, piece.touched, piece.writable)
            for piece in it.pieces
        ] == [
            (found.size, found.usage.rss, found.usage.uss, found.permissions.writable)
            for piece in it.pieces
            if (found := mappings[piece.start]).usage
        ]
        assert {} == comparing.every_field(it.pid)


class TestCrowd:
    def test_shares(self) -> None:
        """
        A page of a hundred children and their parent is divided as exactly as
        the kernel does.
        """
        with crowd(100) as it, stopped(it.pids) as pids:
            assert 101 == len(pids)
            own, common = it.rewritten.size, it.held.size - it.rewritten.size
            for pid in pids:
                usage = accounting.total(within(pid, it.held))
                assert (it.held.size, own, common) == (
                    *(usage.rss, usage.uss),
                    usage.shared,
                )
                assert printed((own << _SHIFT) + share(common, 101)) == usage.pss

            # The children write to their own; of the rest there is one.
            pss = sum(accounting.pss(within(pid, it.held)) for pid in pids)
            once = it.held.size + 100 * own
            assert once - 101 * _KIB <= pss <= once

    def test_copied(self) -> None:
        """
        Of a file that was copied on write in part, the bounds of the footprint
        hold the share of the copies.
        """
        with crowd(100) as it, stopped(it.pids) as pids:
            half = it.copied.size // 2
            for pid in pids:
                (mapping,) = within(pid, it.copied)
                assert mapping.usage is not None
                assert (2 * half, half) == (mapping.usage.rss, mapping.usage.anonymous)
                low, high = accounting.footprint_bounds([mapping])
                assert low <= share(half, 101) >> _SHIFT <= high
                assert high <= half

    def test_one_page(self) -> None:
        """
        Also of a page so widely shared that the kernel prints a share of 0.
        """
        with crowd(8, held=PAGE, rewritten=0, file=PAGE) as it, stopped(it.pids):
            for pid in it.pids:
                (mapping,) = within(pid, it.held)
                assert mapping.usage is not None
                assert (PAGE, 0) == (mapping.usage.rss, mapping.usage.pss)
                low, high = accounting.footprint_bounds([mapping])
                assert low <= share(PAGE, 9) >> _SHIFT <= high < PAGE

    def test_every_field(self) -> None:
        """
        Every field of each is the kernel's.
        """
        with crowd(100) as it, stopped(it.pids) as pids:
            assert {} == {
                pid: found for pid in pids if (found := comparing.every_field(pid))
            }


def test_forks() -> None:
    """
    A family that forks all the time, stopped somewhere in the middle.
    """
    for _ in range(5):
        with forker() as it, stopped([it.pid]):
            assert {} == comparing.every_field(it.pid)
            assert it.held.size == accounting.rss(within(it.pid, it.held))
