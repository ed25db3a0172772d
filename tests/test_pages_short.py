"""
A process with a little of everything, counted page by page: the short form of
`tests.live.test_pages_agreement`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import procmem
from tests.live import page_comparing
from tests.live.kernel_text import PAGE, despite_others
from tests.live.page_asking import look, mappings, unsound_of, usage
from tests.live.zoo import Group, Zoo, zoo


@pytest.fixture(scope="module", name="it")
def family() -> Iterator[Zoo]:
    """
    A parent and two children that stand still.
    """
    with zoo(Group.PLAIN) as it:
        yield it


def require_frames() -> None:
    """
    Skip where the kernel does not show frames and how often they are mapped.
    """
    entries = procmem.pages()
    if entries.counts is None:
        pytest.skip("frames are shown with CAP_SYS_ADMIN only")


def test_mappings(it: Zoo) -> None:
    """
    Each mapping is what smaps says.
    """
    require_frames()
    compare = despite_others(lambda pid: page_comparing.mappings(pid, it.pids))

    assert [[], [], []] == [compare(pid) for pid in it.pids]


def test_totals(it: Zoo) -> None:
    """
    So is the whole.
    """
    require_frames()
    compare = despite_others(lambda pid: page_comparing.usage(pid, it.pids))

    assert [{}, {}, {}] == [compare(pid) for pid in it.pids]


def test_sound(it: Zoo) -> None:
    """
    Whoever asks, what is stated is right, and what is bounded is within.
    """
    compare = despite_others(lambda pid: unsound_of(look(pid)))

    assert [[], [], []] == [compare(pid) for pid in it.pids]


def test_kinds(it: Zoo) -> None:
    """
    Zero pages count for nothing, and what is mapped twice is shared.
    """
    listed = mappings(it.pids[0])

    def at(name: str) -> procmem.Usage:
        found = listed.at(it.areas[name].start)
        assert found is not None
        assert found.usage is not None
        return found.usage

    assert 0 == at("zero pages").rss == at("untouched").rss
    assert it.areas["shared"].size == at("shared").rss
    assert it.areas["memfd again"].size == at("memfd again").shared
    assert 0 == at("memfd").uss
    assert it.areas["file, private"].size == at("file, private").rss
    assert it.areas["after the fork"].size == at("after the fork").uss


def test_limit(it: Zoo) -> None:
    """
    A walk that ends early has bounds that contain the truth.
    """
    found = usage(it.pids[0], page_limit=500)
    low, high = found.evidence.bounds["rss"]

    assert found.get("rss") is None
    assert low < procmem.rss(it.pids[0]) < high
    assert any("500 pages" in missing for missing in found.evidence.missing)


def test_true_uss(it: Zoo) -> None:
    """
    What is mapped twice by one process is its own.
    """
    require_frames()
    own, true = procmem.uss(it.pids[1]), procmem.true_uss(it.pids[1])

    assert own <= true <= procmem.rss(it.pids[1])
    assert procmem.true_uss(it.pids[0]) >= procmem.uss(it.pids[0]) + PAGE


def test_self() -> None:
    """
    A process may count its own pages.
    """
    found = usage()

    assert found.rss > 0
    assert "pages" == found.evidence.method
