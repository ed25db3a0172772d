"""
``PageTable``: millions of pages as columns.

A page of an object each would cost a hundred times the memory that the kernel
spends on its page table.  Here a page is 8 bytes of the kernel's own word, 4
bytes for the number of its sharers, 1 for its state and, if they were read, 8
for its flags; an object is made only of a page that somebody asks for.
"""

from __future__ import annotations

import bisect
import re
from collections import Counter, abc
from fractions import Fraction
from itertools import accumulate, compress
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, overload

import attrs

from procmem.errors import UnsupportedError
from procmem.evidence import Evidence
from procmem.flags import PageFlag, PageState
from procmem.model.mapping import Mapping
from procmem.model.page import PageInfo
from procmem.pagetable.columns import (
    CODES,
    IF_RESIDENT,
    LITTLE,
    PSS_SHIFT,
    STATES,
    both,
    fixed_point,
    histogram,
    low_bytes,
    states_of,
    with_hugetlb,
)

__all__ = ["Extent", "PageTable", "Run"]

if TYPE_CHECKING:
    _Slice: TypeAlias = slice[int | None, int | None, int | None]
else:
    # The builtin is generic to type checkers only.
    _Slice = slice

_RUN = re.compile(rb"(.)\1*", re.DOTALL)


class Extent(NamedTuple):
    """
    Pages in a row.

    Attributes:
        start: Address of the first.

        pages: How many.

        hugetlb: Whether they belong to a mapping of hugetlbfs.
    """

    start: int
    pages: int
    hugetlb: bool = False


class Run(NamedTuple):
    """
    Pages in a row that are in the same state.

    Attributes:
        start: Address of the first.

        end: First address past the last.

        state: Of each of them.
    """

    start: int
    end: int
    state: PageState


def _with_pages(extents: abc.Iterable[Extent]) -> tuple[Extent, ...]:
    """
    The extents less those that hold nothing.
    """
    return tuple(extent for extent in extents if extent.pages)


def _empty_words() -> memoryview:
    return memoryview(b"").cast("Q")


def _first_of_each(table: PageTable) -> tuple[int, ...]:
    """
    The index of the first page of each extent, and of the one past the last.
    """
    return tuple(accumulate((e.pages for e in table.extents), initial=0))


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PageTable(abc.Sequence[PageInfo]):
    """
    The pages of a process, or of a part of it, ordered by address.

    It is a sequence of :class:`~procmem.PageInfo`, which are made when asked
    for.  The columns are read-only buffers: ``numpy.asarray(table.entries)``
    wraps one without a copy.

    Attributes:
        entries: The kernel's word for each page, format ``"Q"``.

        counts: How many mappings map the frame of each page, format ``"I"``;
            0 where there is none.  None where that was not read.

        flags: The flags of each frame (:class:`~procmem.PageFlag`), format
            ``"Q"``.  None where they were not read.

        extents: Where the pages are.

        page_size: Size of one page, in bytes.

        evidence: How they were read.
    """

    entries: memoryview = attrs.field(factory=_empty_words)
    counts: memoryview | None = None
    flags: memoryview | None = None
    extents: tuple[Extent, ...] = attrs.field(default=(), converter=_with_pages)
    page_size: int
    evidence: Evidence = attrs.field(factory=Evidence)
    _firsts: tuple[int, ...] = attrs.field(
        init=False, default=attrs.Factory(_first_of_each, takes_self=True)
    )
    _states: list[bytes] = attrs.field(init=False, factory=list[bytes])

    def __len__(self) -> int:
        return len(self.entries)

    @overload
    def __getitem__(self, index: int, /) -> PageInfo: ...

    @overload
    def __getitem__(self, index: _Slice, /) -> PageTable: ...

    def __getitem__(self, index: int | _Slice, /) -> PageInfo | PageTable:
        if isinstance(index, slice):
            first, last, step = index.indices(len(self))
            if step != 1:
                msg = "pages can be taken in a row only"
                raise ValueError(msg)
            return self._part(first, max(first, last))
        # A range knows what an index may be.
        index = range(len(self))[index]
        place = bisect.bisect_right(self._firsts, index) - 1
        extent = self.extents[place]
        offset = (index - self._firsts[place]) * self.page_size
        return PageInfo(
            address=extent.start + offset,
            raw=self.entries[index],
            size=self.page_size,
            sharers=None if self.counts is None else self.counts[index],
            flags=None if self.flags is None else PageFlag(self.flags[index]),
            hugetlb=extent.hugetlb,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PageTable):
            return NotImplemented
        return (
            self.entries == other.entries
            and self.counts == other.counts
            and self.flags == other.flags
            and self.extents == other.extents
            and self.page_size == other.page_size
        )

    __hash__ = None  # type: ignore[assignment] # it may be gigabytes

    def between(self, start: int, end: int) -> PageTable:
        """
        The pages whose address is at least *start* and below *end*.
        """
        return self._part(self._index_at(start), self._index_at(end))

    def of(self, mapping: Mapping) -> PageTable:
        """
        The pages of *mapping*.
        """
        return self.between(mapping.start, mapping.end)

    def _index_at(self, address: int) -> int:
        """
        How many pages lie wholly or partly below *address*.
        """
        place = bisect.bisect_left(
            self.extents, address, key=lambda extent: extent.start
        )
        if not place:
            return 0
        extent = self.extents[place - 1]
        pages = -(-(address - extent.start) // self.page_size)
        return self._firsts[place - 1] + min(pages, extent.pages)

    def _part(self, first: int, last: int) -> PageTable:
        extents: list[Extent] = []
        for begin, extent in zip(self._firsts, self.extents, strict=False):
            low, high = max(first, begin), min(last, begin + extent.pages)
            if low < high:
                start = extent.start + (low - begin) * self.page_size
                extents.append(Extent(start, high - low, extent.hugetlb))
        return attrs.evolve(
            self,
            entries=self.entries[first:last],
            counts=None if self.counts is None else self.counts[first:last],
            flags=None if self.flags is None else self.flags[first:last],
            extents=tuple(extents),
        )

    @property
    def states(self) -> bytes:
        """
        One byte for the state of each page, in the order of the pages; for
        :meth:`state_of`.
        """
        if not self._states:
            self._states.append(b"".join(self._states_of_extents()))
        return self._states[0]

    @staticmethod
    def state_of(code: int) -> PageState:
        """
        What a byte of :attr:`states` means.
        """
        return STATES[code]

    def _states_of_extents(self) -> abc.Iterator[bytes]:
        for first, extent in zip(self._firsts, self.extents, strict=False):
            part = slice(first, first + extent.pages)
            counts = None if self.counts is None else self.counts[part]
            codes = states_of(self.entries[part], counts, hugetlb=extent.hugetlb)
            if self.flags is not None:
                codes = with_hugetlb(codes, self.flags[part])
            yield codes

    def count(self, value: object) -> int:
        """
        How many pages are in a state (:class:`~procmem.PageState`), or equal
        to a :class:`~procmem.PageInfo`.
        """
        if isinstance(value, PageState):
            # StrEnum: a plain string of the same text is no state.
            return self.states.count(CODES[value])
        return sum(page == value for page in self)

    def by_state(self) -> dict[PageState, int]:
        """
        How many pages are in each state that occurs.
        """
        return {STATES[code]: n for code, n in histogram(self.states).items()}

    def by_sharers(self) -> dict[int, int]:
        """
        For each number of sharers, how many resident pages have it.

        Raises:
            UnsupportedError: If the sharers were not read.
        """
        if self.counts is None:
            raise UnsupportedError("kpagecount", "CAP_SYS_ADMIN")
        resident = self.states.translate(IF_RESIDENT)
        low = low_bytes(self.counts)
        found = (
            Counter(compress(self.counts, resident))
            if low is None
            else histogram(both(low, resident))
        )
        found.pop(0, None)
        return dict(sorted(found.items()))

    def by_flag(self) -> dict[PageFlag, int]:
        """
        For each flag that occurs, how many present pages have it.

        Raises:
            UnsupportedError: If the flags were not read.
        """
        if self.flags is None:
            raise UnsupportedError("kpageflags", "CAP_SYS_ADMIN")
        raw = self.flags.cast("B")
        found: dict[PageFlag, int] = {}
        for byte in range(8):
            column = bytes(raw[byte if LITTLE else 7 - byte :: 8])
            for value, pages in histogram(column).items():
                for bit in range(8):
                    if value >> bit & 1:
                        flag = PageFlag(1 << 8 * byte + bit)
                        found[flag] = found.get(flag, 0) + pages
        return found

    def runs(self) -> abc.Iterator[Run]:
        """
        The pages as runs of equal state, ordered by address.
        """
        states = self.states
        for first, extent in zip(self._firsts, self.extents, strict=False):
            for found in _RUN.finditer(states, first, first + extent.pages):
                begin, end = (
                    extent.start + (place - first) * self.page_size
                    for place in found.span()
                )
                yield Run(begin, end, STATES[states[found.start()]])

    @property
    def rss(self) -> int:
        """
        Resident, in bytes.

        Raises:
            UnsupportedError: If the sharers were not read: without them the
                zero page looks resident.
        """
        return sum(self.by_sharers().values()) * self.page_size

    @property
    def uss(self) -> int:
        """
        Resident and mapped once, in bytes.  Raises as :attr:`rss`.
        """
        return self.by_sharers().get(1, 0) * self.page_size

    @property
    def shared(self) -> int:
        """
        Resident and mapped more than once, in bytes.  Raises as :attr:`rss`.
        """
        return self.rss - self.uss

    @property
    def pss(self) -> int:
        """
        Proportional, in bytes, in the kernel's fixed point and cut once.
        Raises as :attr:`rss`.
        """
        return fixed_point(self.by_sharers(), self.page_size) >> PSS_SHIFT

    @property
    def pss_exact(self) -> Fraction:
        """
        Proportional, in bytes, without any rounding.  Raises as :attr:`rss`.
        """
        shares = (Fraction(n, count) for count, n in self.by_sharers().items())
        return sum(shares, start=Fraction()) * self.page_size

    @property
    def swap(self) -> int:
        """
        Swapped out, in bytes, without swapped shared memory: that has no
        entries.
        """
        return self.count(PageState.SWAPPED) * self.page_size

    @property
    def hugetlb(self) -> int:
        """
        Present pages of hugetlbfs, in bytes.
        """
        return self.count(PageState.HUGETLB) * self.page_size

    def __repr__(self) -> str:
        states = ", ".join(f"{n} {state}" for state, n in self.by_state().items())
        return f"<{len(self)} pages of {self.page_size} bytes: {states or 'none'}>"

    def __reduce__(self) -> tuple[object, ...]:
        # A memoryview cannot be pickled; its bytes can.
        columns = (self.entries, self.counts, self.flags)
        return _rebuilt, (
            tuple(None if c is None else c.tobytes() for c in columns),
            self.extents,
            self.page_size,
            self.evidence,
        )


def _rebuilt(
    columns: tuple[bytes | None, ...],
    extents: tuple[Extent, ...],
    page_size: int,
    evidence: Evidence,
) -> PageTable:
    entries, counts, flags = columns
    return PageTable(
        entries=memoryview(entries or b"").cast("Q"),
        counts=None if counts is None else memoryview(counts).cast("I"),
        flags=None if flags is None else memoryview(flags).cast("Q"),
        extents=extents,
        page_size=page_size,
        evidence=evidence,
    )
