"""
Mappings made of pages, counted as ``smaps_account()`` counts them.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from hypothesis import strategies as st

import procmem
from tests.kernel.samples import BASE, PAGE, mapping

# PSS_SHIFT of fs/proc/task_mmu.c: shares are fixed-point numbers.
_SHIFT = 12


@attrs.frozen(kw_only=True)
class Page:
    """
    A page that is in memory or swapped out.

    Attributes:
        backing: ``"anon"``, ``"file"`` or ``"shmem"``.

        sharers: How many mappings share it.

        dirty: Whether it was written to.

        swapped: Whether it is swapped out.
    """

    backing: str
    sharers: int
    dirty: bool
    swapped: bool


def _share(pages: Iterable[Page]) -> int:
    return sum((PAGE << _SHIFT) // page.sharers for page in pages)


def _printed(share: int) -> int:
    """
    A fixed-point share as the kernel prints it, in bytes.
    """
    return (share >> _SHIFT >> 10) * 1024


@attrs.frozen(kw_only=True)
class Pages:
    """
    A mapping and its pages.
    """

    name: str | None
    permissions: str
    pages: list[Page]

    @property
    def footprint(self) -> int:
        """
        What it truly costs, in bytes, cut once.
        """
        present = (p for p in self.pages if not p.swapped and p.backing != "file")
        # Swapped shared memory is nobody's.
        swapped = (p for p in self.pages if p.swapped and p.backing == "anon")
        return (_share(present) >> _SHIFT) + (_share(swapped) >> _SHIFT)

    def mapping(self, index: int = 0) -> procmem.Mapping:
        """
        What ``smaps`` prints for it.
        """
        present = [page for page in self.pages if not page.swapped]
        swapped = [page for page in self.pages if page.swapped]

        def size(**wanted: object) -> int:
            found = [
                page
                for page in present
                if all(getattr(page, k) == v for k, v in wanted.items())
            ]
            return len(found) * PAGE

        private = {dirty: size(sharers=1, dirty=dirty) for dirty in (False, True)}
        return mapping(
            BASE + index * PAGE * 1000,
            max(1, len(self.pages)),
            self.name,
            self.permissions,
            rss=size(),
            pss=_printed(_share(present)),
            pss_dirty=_printed(_share(page for page in present if page.dirty)),
            private_clean=private[False],
            private_dirty=private[True],
            shared_clean=size(dirty=False) - private[False],
            shared_dirty=size(dirty=True) - private[True],
            anonymous=size(backing="anon"),
            swap=len(swapped) * PAGE,
            swap_pss=_printed(_share(p for p in swapped if p.backing == "anon")),
        )


# Name, permissions, and what the pages of such a mapping may be.
_PLACES = [
    (None, "rw-p", ["anon"]),
    ("[heap]", "rw-p", ["anon"]),
    ("[anon:malloc]", "rw-p", ["anon"]),
    ("/lib/libc.so.6", "r-xp", ["file"]),
    ("/lib/libc.so.6", "rw-p", ["file", "anon"]),
    ("/srv/data", "rw-s", ["file"]),
    ("/memfd:x (deleted)", "rw-s", ["shmem"]),
    ("/memfd:x (deleted)", "rw-p", ["shmem", "anon"]),
    ("/dev/zero (deleted)", "rw-s", ["shmem"]),
    ("/SYSV00000000 (deleted)", "rw-s", ["shmem"]),
]


@st.composite
def populated(draw: st.DrawFn) -> Pages:
    """
    Mappings with pages that are as shared as can be.
    """
    name, permissions, backings = draw(st.sampled_from(_PLACES))
    page = st.builds(
        Page,
        backing=st.sampled_from(backings),
        sharers=st.sampled_from([1, 1, 2, 3, 7]) | st.integers(1, 100_000),
        dirty=st.booleans(),
        swapped=st.sampled_from([False, False, True]),
    ).map(
        # Files are not swapped but read again.
        lambda page: attrs.evolve(page, swapped=page.swapped and page.backing != "file")
    )
    return Pages(
        name=name, permissions=permissions, pages=draw(st.lists(page, max_size=8))
    )
