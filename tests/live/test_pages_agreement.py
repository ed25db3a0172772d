"""
Every kind of memory, added up page by page, is what the kernel prints.

The processes are stopped, and the machine is left as it was.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import procmem
from tests.live import page_comparing
from tests.live.kernel_text import PAGE, despite_others
from tests.live.processes import require_root
from tests.live.zoo import Group, Zoo, everyone, pages_of, zoo

pytestmark = pytest.mark.live


@pytest.fixture(scope="module", name="it", params=Group, ids=lambda g: g.name.lower())
def family(request: pytest.FixtureRequest) -> Iterator[Zoo]:
    """
    The family with one group of memory.
    """
    require_root()
    with zoo(request.param) as it:
        counted = [pages_of(pid) for pid in it.pids]
        print(
            f"\n{request.param.name}: {sum(n for n, _ in counted)} mappings, "
            f"{sum(size for _, size in counted) // PAGE} pages; absent: {it.absent}"
        )
        yield it


@pytest.mark.parametrize("flags", [False, True])
def test_mappings(it: Zoo, flags: bool) -> None:
    """
    Each figure of each mapping is what smaps says.
    """
    for pid in it.pids:
        with everyone() as view:
            assert [] == page_comparing.mappings(pid, view, flags=flags)


@pytest.mark.parametrize("flags", [False, True])
def test_totals(it: Zoo, flags: bool) -> None:
    """
    Each total is what smaps_rollup says, to the kB.
    """
    compare = despite_others(
        lambda pid: page_comparing.usage(pid, it.pids, flags=flags)
    )

    assert [{}, {}, {}] == [compare(pid) for pid in it.pids]


def test_table(it: Zoo) -> None:
    """
    The pages themselves add up to the same.
    """
    compare = despite_others(page_comparing.table)

    assert [{}, {}, {}] == [compare(pid) for pid in it.pids]


def test_without_second_look(it: Zoo) -> None:
    """
    Nothing of it depends on whether what moves is looked for.
    """
    starts = {area.start for area in it.areas.values()}
    for pid in it.pids:
        sure = procmem.mappings(pid, method="pages")
        fast = procmem.mappings(pid, method="pages", check_drift=False)
        assert 0 == sure.evidence.moved
        assert fast.evidence.moved is None
        pairs = zip(sure, fast, strict=True)
        # Others may share the rest.
        assert [] == [
            (one, other) for one, other in pairs if one != other and one.start in starts
        ]


# What shows that there is a kind of memory: the name of an area, and counters
# that are not 0 in it.
_SHOWN: dict[Group, list[tuple[str, tuple[str, ...]]]] = {
    Group.PLAIN: [
        ("cowed", ("Private_Dirty", "Shared_Dirty")),
        ("after the fork", ("Private_Dirty",)),
        ("zero pages and others", ("Shared_Dirty",)),
        ("SysV again", ("Shared_Dirty",)),
        ("memfd again", ("Shared_Dirty",)),
        ("file, copied", ("Anonymous", "Rss")),
        ("large file", ("Rss",)),
        ("locked", ("Locked",)),
        ("file, locked", ("Locked",)),
        ("freed", ("LazyFree",)),
        ("guarded", ("Rss",)),
    ],
    Group.RINGS: [("protected", ("Rss",)), ("poisoned", ("Rss",))],
    Group.HUGE: [
        ("huge, forked", ("AnonHugePages", "Rss")),
        ("huge, page 7 rewritten", ("AnonHugePages", "Private_Dirty")),
        ("huge, after the fork", ("AnonHugePages", "Private_Dirty")),
        ("huge memfd", ("Rss", "ShmemPmdMapped")),
    ],
    Group.HUGETLB: [
        ("hugetlb, after the fork", ("Private_Hugetlb",)),
        ("hugetlb, private", ("Shared_Hugetlb",)),
        ("hugetlb, shared", ("Shared_Hugetlb",)),
    ],
    Group.SWAPPED: [
        ("swapped, forked", ("Swap", "SwapPss")),
        ("swapped after the fork", ("Swap", "SwapPss")),
        ("memfd, swapped", ("Swap",)),
        ("memfd, swapped, in part", ("Swap",)),
        ("memfd, swapped, longer", ("Swap",)),
        ("memfd, copy, swapped", ("Swap", "SwapPss")),
        ("memfd, private, closed", ("Swap",)),
        ("shared, swapped", ("Swap", "Rss")),
    ],
    Group.MERGED: [("mergeable", ("KSM", "Rss")), ("cowed", ("Private_Dirty",))],
}


def test_kinds(it: Zoo) -> None:
    """
    Every kind of memory that is meant is there.
    """
    some = _SHOWN[it.group]

    assert [] == [
        (name, key)
        for name, keys in some
        if name in it.areas
        for key in keys
        if not any(it.amounts(name, key))
    ]
