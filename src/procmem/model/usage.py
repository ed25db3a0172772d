"""
``Usage``: the counters that ``smaps`` prints for one mapping, or the same
counters added up for many.

What the kernel did not print is missing, and stays missing in every sum it
goes into: a missing counter is never a 0.
"""

from __future__ import annotations

from collections import abc
from operator import attrgetter
from types import MappingProxyType
from typing import NoReturn, Self

import attrs

from procmem.errors import UnsupportedError
from procmem.evidence import Evidence
from procmem.model.bulk import Slotted

__all__ = ["COUNTERS", "SLOTS", "Usage", "UsageDelta", "add_up"]

_NO_EVIDENCE = Evidence()


@attrs.frozen(kw_only=True, repr=False)
class Usage(Slotted):
    """
    What a mapping, a process or any sum of them occupies, in bytes.

    Eight counters that practically every system prints are plain integers;
    where one was not printed, reading it raises
    :exc:`~procmem.UnsupportedError` (:meth:`get` gives None).  All others are
    None where the kernel did not print them.

    Two usages are equal if their counters are; how they were found
    (:attr:`evidence`) does not count.  ``a + b`` adds counter by counter,
    ``a - b`` gives a :class:`~procmem.UsageDelta`, and ``sum()`` works.

    Source: ``__show_smap()`` in ``fs/proc/task_mmu.c``.

    Attributes:
        size: Address space (``Size``).  Missing in a rollup.

        pss_dirty: The part of ``pss`` that was written to.  Since Linux 6.0.

        pss_anon: The part of ``pss`` without a file: heaps, stacks, and file
            pages that were copied on write.  ``smaps_rollup`` of Linux 5.4
            and later only.

        pss_file: The part of ``pss`` that is pages of files.  As above.

        pss_shmem: The part of ``pss`` that is shared memory and tmpfs.  As
            above.

        anonymous: Resident pages without a file.  Since Linux 2.6.37.

        ksm: Resident pages merged by KSM.  Since Linux 6.7.

        lazy_free: Pages that ``MADV_FREE`` gave back, not yet taken.  Since
            Linux 4.12.

        anon_huge_pages: Anonymous memory mapped by huge page table entries.
            Since Linux 2.6.39.

        shmem_pmd_mapped: The same for shared memory.  Since Linux 4.8.

        file_pmd_mapped: The same for files.  Since Linux 5.4.

        shared_hugetlb: Pages of hugetlbfs mapped more than once.  Not in
            ``rss``, ``pss`` or ``shared``.  Since Linux 4.4.

        private_hugetlb: Pages of hugetlbfs mapped once.  As above.

        swap_pss: Swapped out, each page divided by its users; swapped shared
            memory is not in it.  Since Linux 4.3.

        locked: The part of ``pss`` that is locked with ``mlock``.  Since
            Linux 2.6.38.

        other: Counters with names that procmem does not know, as a sorted
            tuple of (key, value): bytes where the kernel printed ``kB``,
            otherwise its text.

        evidence: How this was found.
    """

    size: int | None = None
    _rss: int | None = attrs.field(default=None, alias="rss")
    _pss: int | None = attrs.field(default=None, alias="pss")
    pss_dirty: int | None = None
    pss_anon: int | None = None
    pss_file: int | None = None
    pss_shmem: int | None = None
    _shared_clean: int | None = attrs.field(default=None, alias="shared_clean")
    _shared_dirty: int | None = attrs.field(default=None, alias="shared_dirty")
    _private_clean: int | None = attrs.field(default=None, alias="private_clean")
    _private_dirty: int | None = attrs.field(default=None, alias="private_dirty")
    _referenced: int | None = attrs.field(default=None, alias="referenced")
    anonymous: int | None = None
    ksm: int | None = None
    lazy_free: int | None = None
    anon_huge_pages: int | None = None
    shmem_pmd_mapped: int | None = None
    file_pmd_mapped: int | None = None
    shared_hugetlb: int | None = None
    private_hugetlb: int | None = None
    _swap: int | None = attrs.field(default=None, alias="swap")
    swap_pss: int | None = None
    locked: int | None = None
    # What a look at the pages gives, which does not tell clean from dirty.
    _uss: int | None = attrs.field(default=None, alias="uss")
    _shared: int | None = attrs.field(default=None, alias="shared")
    other: tuple[tuple[str, int | str], ...] = ()
    evidence: Evidence = attrs.field(default=_NO_EVIDENCE, eq=False)

    @classmethod
    def of(
        cls,
        counters: abc.Mapping[str, int | None],
        *,
        other: tuple[tuple[str, int | str], ...] = (),
        evidence: Evidence = _NO_EVIDENCE,
    ) -> Self:
        """
        A usage from *counters* by name; those that are not there are missing.
        """
        return cls(**counters, other=other, evidence=evidence)

    @classmethod
    def zero(cls, evidence: Evidence = _NO_EVIDENCE) -> Self:
        """
        The usage of nothing at all: every known counter is there and 0.
        """
        return cls.of(dict.fromkeys(COUNTERS, 0), evidence=evidence)

    @property
    def rss(self) -> int:
        """
        Resident: the pages that are in memory, whoever shares them.
        """
        value = self._rss
        return self._lacks("rss") if value is None else value

    @property
    def pss(self) -> int:
        """
        Proportional: each resident page divided by the number of mappings
        that share it.
        """
        value = self._pss
        return self._lacks("pss") if value is None else value

    @property
    def shared_clean(self) -> int:
        """
        Pages mapped more than once and not written to.
        """
        value = self._shared_clean
        return self._lacks("shared_clean") if value is None else value

    @property
    def shared_dirty(self) -> int:
        """
        Pages mapped more than once that were written to.
        """
        value = self._shared_dirty
        return self._lacks("shared_dirty") if value is None else value

    @property
    def private_clean(self) -> int:
        """
        Pages mapped exactly once and not written to.
        """
        value = self._private_clean
        return self._lacks("private_clean") if value is None else value

    @property
    def private_dirty(self) -> int:
        """
        Pages mapped exactly once that were written to.
        """
        value = self._private_dirty
        return self._lacks("private_dirty") if value is None else value

    @property
    def referenced(self) -> int:
        """
        Pages marked as accessed.
        """
        value = self._referenced
        return self._lacks("referenced") if value is None else value

    @property
    def swap(self) -> int:
        """
        Swapped out, swapped shared memory included, whoever shares it.
        """
        value = self._swap
        return self._lacks("swap") if value is None else value

    @property
    def uss(self) -> int:
        """
        Unique: pages mapped exactly once.

        Pages of hugetlbfs are not in it, as they are not in RSS or PSS.
        """
        if self._uss is not None:
            return self._uss
        return self.private_clean + self.private_dirty

    @property
    def shared(self) -> int:
        """
        Pages mapped more than once, by other processes or twice by this one.
        """
        if self._shared is not None:
            return self._shared
        return self.shared_clean + self.shared_dirty

    @property
    def footprint(self) -> int:
        """
        What the process costs, whoever else maps its libraries:
        ``pss_anon + pss_shmem + swap_pss``.

        Raises:
            UnsupportedError: If one of the three is missing: for a single
                mapping see :func:`procmem.accounting.footprint`.
        """
        anonymous, shmem, swapped = self.pss_anon, self.pss_shmem, self.swap_pss
        if anonymous is None or shmem is None or swapped is None:
            self._lacks("footprint")
        return anonymous + shmem + swapped

    @property
    def other_by_key(self) -> abc.Mapping[str, int | str]:
        """
        :attr:`other` as a read-only dict.
        """
        return MappingProxyType(dict(self.other))

    def get(self, name: str) -> int | str | None:
        """
        A counter by its name here (``"rss"``, ``"uss"``), or by the kernel's
        key if procmem does not know it; None if it is missing.
        """
        if name in COUNTERS or name in _DERIVED:
            try:
                value: int | None = getattr(self, name)
            except UnsupportedError:
                return None
            return value
        return self.other_by_key.get(name)

    def _lacks(self, name: str) -> NoReturn:
        file = self.evidence.files[0] if self.evidence.files else "smaps"
        needs = "a kernel that prints what it is made of"
        raise UnsupportedError(f"{file}: {name}", needs)

    def __add__(self, other: object) -> Usage:
        if not isinstance(other, Usage):
            return NotImplemented
        return add_up((self, other))

    def __radd__(self, other: object) -> Usage:
        # sum() starts with the integer 0.
        return self if other == 0 else NotImplemented

    def __sub__(self, other: object) -> UsageDelta:
        if not isinstance(other, Usage):
            return NotImplemented
        from procmem.model.delta import difference

        return difference(self, other)

    def __repr__(self) -> str:
        shown = ("rss", "pss", "uss", "shared", "swap")
        values = ", ".join([f"{name}={self.get(name)}" for name in shown])
        return f"{type(self).__name__}({values})"

    def _repr_html_(self) -> str:
        from procmem.render.html import usage_table

        return usage_table(self)


@attrs.frozen(kw_only=True, repr=False)
class UsageDelta(Usage):
    """
    What ``after - before`` gives: each counter in bytes, perhaps negative.

    A counter that is missing on either side is missing here.
    """


COUNTERS: tuple[str, ...] = tuple(
    str(field.alias)
    for field in attrs.fields(Usage)
    if field.name not in {"_uss", "_shared", "other", "evidence"}
)
"""The names of all counters of a :class:`Usage`, in the order of its fields."""

_DERIVED = ("uss", "shared", "footprint")

_SPLIT = {
    "uss": ("private_clean", "private_dirty"),
    "shared": ("shared_clean", "shared_dirty"),
}

SLOTS: dict[str, str] = {
    field.alias: field.name for field in attrs.fields(Usage) if field.alias in COUNTERS
}
"""The attribute that holds each counter, None where it is missing."""


def add_up(usages: abc.Sequence[Usage]) -> Usage:
    """
    The sum of at least one usage, counter by counter.

    What is missing in one is missing in the sum.
    """
    counters: dict[str, int | None] = {}
    for name, slot in SLOTS.items():
        try:
            counters[name] = sum(map(attrgetter(slot), usages))
        except TypeError:
            # None is in the way.
            counters[name] = None
    for name, parts in _SPLIT.items():
        if any(counters[part] is None for part in parts):
            values = [usage.get(name) for usage in usages]
            known = [value for value in values if isinstance(value, int)]
            counters[name] = sum(known) if len(known) == len(values) else None
    # Text cannot be added up.
    other = {k: value for k, value in usages[0].other if isinstance(value, int)}
    for usage in usages[1:]:
        theirs = dict(usage.other)
        other = {
            key: value + their
            for key, value in other.items()
            if isinstance(their := theirs.get(key), int)
        }
    return Usage.of(counters, other=tuple(other.items()))
