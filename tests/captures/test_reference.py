"""
Each page as an object of its own, added up as the kernel does: it proves the
captures, :class:`PageInfo`, and the rules.
"""

from __future__ import annotations

import pytest

import procmem
from tests.captures.archive import EVERY, load
from tests.captures.comparing import Comparison, of_sums, with_memory
from tests.captures.reference import (
    Sums,
    heads_of,
    listing,
    pages_of,
    printed,
    references,
    sums,
)
from tests.captures.source import CaptureSource

# Where smaps asks the file: every capture swapped out half of this one.
_SWAPPED_FILE = "/dev/shm/swapme.bin"


@pytest.mark.parametrize("name", EVERY)
def test_every_mapping(name: str) -> None:
    """
    The pages of every mapping of every process add up to its smaps, but for
    what the kernel counts by what no file tells.
    """
    source = CaptureSource(capture=load(name))
    users, heads = references(source), heads_of(source)
    comparison = Comparison()
    for process, prefix in with_memory(source):
        total = Sums()
        for mapping in listing(process, prefix):
            found = sums(pages_of(process, mapping, prefix), users, heads)
            if "lo" in (mapping.vm_flags or ()):
                found.locked = found.pss
            assert mapping.usage is not None
            comparison.add(process, mapping.name, mapping.usage, of_sums(found))
            total += found
        _check_rollup(process.read(f"{prefix}smaps_rollup"), total)
    comparison.report(name)

    assert {_SWAPPED_FILE} == {found.name for found in comparison.of("swap")}
    assert all(found.pages == 0 for found in comparison.of("swap"))
    assert all(
        found.pages is not None and found.kernel < found.pages
        for found in comparison.of("lazy_free")
    )
    assert bool(comparison.of("ksm")) == (source.capture.version == (6, 12))
    assert {"swap", "lazy_free", "ksm"} >= {f.field for f in comparison.differences}
    assert comparison.mappings > 400


def _check_rollup(data: bytes, total: Sums) -> None:
    rollup = procmem.parse_smaps_rollup(data)

    assert rollup.rss == total.rss
    assert rollup.pss == printed(total.pss)
    assert rollup.pss_anon == printed(total.pss_anon)
    assert rollup.pss_file == printed(total.pss_file)
    assert rollup.pss_shmem == printed(total.pss_shmem)
    assert rollup.uss == total.private
    assert rollup.shared == total.shared
    assert rollup.anonymous == total.anonymous
    assert rollup.swap_pss == printed(total.swap_pss)
    assert rollup.private_hugetlb == total.private_hugetlb
    assert rollup.shared_hugetlb == total.shared_hugetlb
    assert rollup.locked == printed(total.locked)


@pytest.mark.parametrize("name", EVERY)
def test_merged_pages(name: str) -> None:
    """
    The flags say of as many pages that they were merged as KSM says it did,
    but on the kernel that sets the flag on every anonymous page.
    """
    source = CaptureSource(capture=load(name))
    ksm = source.capture.workload["ksm"]
    merged = int(ksm["pages_shared"]) + int(ksm["pages_sharing"])
    users = references(source)
    total = Sums()
    for process, prefix in with_memory(source):
        for mapping in listing(process, prefix):
            total += sums(pages_of(process, mapping, prefix), users, {})

    if source.capture.version == (6, 12):
        assert total.anonymous == total.ksm
    else:
        assert merged * source.page_size == total.ksm


@pytest.mark.parametrize("name", EVERY)
def test_exclusive(name: str) -> None:
    """
    What was recorded maps no huge page in part, so bit 56 says of every
    resident page whether it is mapped once.
    """
    source = CaptureSource(capture=load(name))
    compared = 0
    for process, prefix in with_memory(source):
        for mapping in listing(process, prefix):
            for page in pages_of(process, mapping, prefix):
                if page.rss:
                    compared += 1

                    assert page.exclusive == (page.sharers == 1), page
    print(f"{name}: {compared} pages")

    assert compared > 1000


def test_twin() -> None:
    """
    Two processes with one address space have the same pages.
    """
    capture = load("arm64-6.12.117-16k")
    source = CaptureSource(capture=capture)
    both = [source.pin(capture.role(role)) for role in ("V", "VC")]
    entries = [
        [list(pages_of(process, mapping)) for mapping in process.mappings]
        for process in both
    ]

    assert entries[0] == entries[1]
    assert any(page.exclusive for pages in entries[0] for page in pages)
