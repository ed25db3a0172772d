from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs
import pytest
from hypothesis import given, settings

import procmem
from procmem import FileKey, MappingKind, accounting
from procmem.accounting import by_file, by_kind, by_permissions
from tests.kernel import samples, strategies
from tests.kernel.samples import BASE, PAGE, mapping

Grouping: TypeAlias = Callable[[list[procmem.Mapping]], dict[Any, procmem.Usage]]

GROUPINGS: dict[str, Grouping] = {
    "kind": by_kind,
    "file": by_file,
    "permissions": by_permissions,
}
SUMS = {
    "rss": accounting.rss,
    "pss": accounting.pss,
    "uss": accounting.uss,
    "shared": accounting.shared,
    "swap": accounting.swap,
}

each_grouping = pytest.mark.parametrize("group", GROUPINGS.values(), ids=GROUPINGS)


class TestSums:
    @pytest.mark.parametrize("name", SUMS)
    @settings(max_examples=25)
    @given(mappings=strategies.listings(counters=True))
    def test_agree_with_total(self, name: str, mappings: list[procmem.Mapping]) -> None:
        """
        Each sum is that counter of the total, and raises if one mapping
        lacks it.
        """
        expected = accounting.total(mappings).get(name)
        if expected is None:
            with pytest.raises(procmem.UnsupportedError, match="is not available here"):
                SUMS[name](mappings)
        else:
            assert expected == SUMS[name](mappings)

    @pytest.mark.parametrize("name", SUMS)
    def test_of_nothing(self, name: str) -> None:
        """
        No mappings are 0.
        """
        assert SUMS[name](iter([])) == 0

    @pytest.mark.parametrize("name", SUMS)
    def test_without_counters(self, name: str) -> None:
        """
        A mapping from maps has unknown usage, which is not 0.
        """
        bare = attrs.evolve(mapping(), usage=None)

        with pytest.raises(procmem.UnsupportedError):
            SUMS[name]([mapping(rss=4096), bare])

    def test_take_any_iterable(self) -> None:
        """
        A generator will do.
        """
        mappings = [mapping(rss=PAGE), mapping(rss=2 * PAGE)]

        assert 3 * PAGE == accounting.rss(m for m in mappings)
        assert 3 * PAGE == accounting.total(m for m in mappings).rss


class TestTotal:
    def test_of_nothing(self) -> None:
        """
        No mappings have every counter at 0.
        """
        assert procmem.Usage.zero() == accounting.total([])

    def test_of_maps(self) -> None:
        """
        One mapping without counters makes all of the total unknown.
        """
        bare = attrs.evolve(mapping(), usage=None)

        assert procmem.Usage() == accounting.total([mapping(), bare])

    @given(strategies.listings(counters=True))
    def test_is_the_sum(self, mappings: list[procmem.Mapping]) -> None:
        """
        It is what adding up one by one gives.
        """
        usage = procmem.Usage.zero()
        other: dict[str, int | str] | None = None
        for found in mappings:
            assert found.usage is not None
            usage += found.usage
            theirs = {k: v for k, v in found.usage.other if isinstance(v, int)}
            other = {
                key: value + (other or {}).get(key, 0)  # type: ignore[operator]
                for key, value in theirs.items()
                if other is None or key in other
            }

        assert attrs.evolve(
            usage, other=tuple(sorted((other or {}).items()))
        ) == accounting.total(mappings)


class TestGroups:
    @each_grouping
    @settings(max_examples=25)
    @given(mappings=strategies.listings(counters=True))
    def test_add_up_to_the_total(
        self,
        group: Grouping,
        mappings: list[procmem.Mapping],
    ) -> None:
        """
        All groups together are the total.
        """
        expected = accounting.total(mappings)
        groups = list(group(mappings).values())

        assert expected == (sum(groups[1:], groups[0]) if groups else expected)

    @each_grouping
    @settings(max_examples=25)
    @given(mappings=strategies.listings(counters=True))
    def test_each_mapping_in_one(
        self,
        group: Grouping,
        mappings: list[procmem.Mapping],
    ) -> None:
        """
        Each mapping is in exactly one group.
        """
        # A number of its own for each: a sum of powers tells its summands.
        marked = [
            attrs.evolve(m, usage=procmem.Usage(rss=1 << i))
            for i, m in enumerate(mappings)
        ]
        bits = [usage.rss for usage in group(marked).values()]

        assert (1 << len(mappings)) - 1 == sum(bits)
        assert all(bits)

    def test_by_kind(self) -> None:
        """
        The kinds are those that there are.
        """
        mappings = [
            mapping(rss=PAGE),
            mapping(rss=PAGE),
            mapping(name="[heap]", rss=PAGE),
        ]

        assert {MappingKind.ANONYMOUS: 2 * PAGE, MappingKind.HEAP: PAGE} == {
            kind: usage.rss for kind, usage in by_kind(mappings).items()
        }

    def test_by_permissions(self) -> None:
        """
        Groups can be looked up by text.
        """
        groups = by_permissions(
            [mapping(permissions="r-xp", rss=PAGE), mapping(permissions="rw-p")]
        )

        assert PAGE == groups[procmem.Permissions("r-xp")].rss
        assert ["r-xp", "rw-p"] == sorted(groups)


class TestByFile:
    def groups(self, *mappings: procmem.Mapping) -> dict[FileKey, int]:
        """
        The RSS of each file.
        """
        return {key: usage.rss for key, usage in by_file(mappings).items()}

    def test_same_inode(self) -> None:
        """
        A file with two names is one, under the first.
        """
        one = mapping(name="/a", device=(8, 1), inode=7, rss=PAGE)
        two = mapping(name="/b", device=(8, 1), inode=7, rss=PAGE)

        assert {FileKey("/a", (8, 1), 7): 2 * PAGE} == self.groups(one, two)

    def test_replaced_library(self) -> None:
        """
        A library that was replaced stays apart from its successor.
        """
        new = mapping(name="/lib/x", device=(8, 1), inode=8, rss=PAGE)
        old = mapping(name="/lib/x (deleted)", device=(8, 1), inode=7, rss=PAGE)
        older = mapping(name="/lib/x (deleted)", device=(8, 1), inode=6, rss=PAGE)

        assert 3 == len(self.groups(new, old, older))

    def test_other_device(self) -> None:
        """
        Inodes are numbers of one file system.
        """
        one = mapping(name="/a", device=(8, 1), inode=7, rss=PAGE)
        two = mapping(name="/a", device=(8, 2), inode=7, rss=PAGE)

        assert 2 == len(self.groups(one, two))

    def test_without_inode(self) -> None:
        """
        What has no inode is grouped by its name.
        """
        heaps = [mapping(BASE + i * PAGE, name="[heap]", rss=PAGE) for i in (0, 2)]
        paths = [mapping(name=name, rss=PAGE) for name in ("/a", "/b", "/a")]

        assert {
            FileKey("[heap]"): 2 * PAGE,
            FileKey(None): PAGE,
            FileKey("/a"): 2 * PAGE,
            FileKey("/b"): PAGE,
        } == self.groups(*heaps, mapping(rss=PAGE), *paths)

    def test_kernel_objects(self) -> None:
        """
        The objects of anon_inode share an inode, and are told by name.
        """
        one = mapping(name="anon_inode:[perf_event]", device=(0, 14), inode=9)
        two = mapping(name="anon_inode:[io_uring]", device=(0, 14), inode=9)

        assert ["anon_inode:[perf_event]", "anon_inode:[io_uring]"] == [
            key.name for key in self.groups(one, two)
        ]

    def test_key(self) -> None:
        """
        Keys sort, hash and compare, names or not.
        """
        keys = [FileKey("/b", (8, 1), 7), FileKey("/a", (8, 1), 9)]

        assert list(reversed(keys)) == sorted(keys)
        assert 2 == len({*keys, FileKey("/a", (8, 1), 9)})
        assert samples.mapping(name="/a").name == FileKey("/a").name
