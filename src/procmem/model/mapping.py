"""
``Mapping``: one virtual memory area, and ``Mappings``: those of a process.
"""

from __future__ import annotations

import bisect
import re
from collections import abc
from typing import TYPE_CHECKING, TypeAlias, overload

import attrs

from procmem.evidence import Evidence
from procmem.flags import MappingKind, Permissions, VmFlag
from procmem.model.bulk import Slotted
from procmem.model.usage import Usage

__all__ = ["Mapping", "Mappings"]

if TYPE_CHECKING:
    _Slice: TypeAlias = slice[int | None, int | None, int | None]
else:
    # The builtin is generic to type checkers only.
    _Slice = slice

_DELETED = " (deleted)"
_MIB = 1024**2

_BY_NAME = {
    "": MappingKind.ANONYMOUS,
    "[heap]": MappingKind.HEAP,
    "[stack]": MappingKind.STACK,
    "[vdso]": MappingKind.VDSO,
    "[vvar]": MappingKind.VVAR,
    "[vvar_vclock]": MappingKind.VVAR,
    "[vsyscall]": MappingKind.VSYSCALL,
    # A private mapping of /dev/zero is how anonymous memory was asked for
    # before MAP_ANONYMOUS; a shared one is the same as MAP_SHARED of nothing.
    "/dev/zero": MappingKind.ANONYMOUS,
    "/dev/zero (deleted)": MappingKind.SHARED_MEMORY,
    "/anon_hugepage (deleted)": MappingKind.HUGETLB,
    "/secretmem (deleted)": MappingKind.OTHER,
}
# The first that the name begins with decides.
_BY_PREFIX = (
    ("[stack:", MappingKind.THREAD_STACK),
    # What glibc 2.39 and Android's C library call the stacks of threads.
    ("[anon: glibc: pthread stack", MappingKind.THREAD_STACK),
    ("[anon:stack_and_tls:", MappingKind.THREAD_STACK),
    ("[anon:", MappingKind.NAMED_ANONYMOUS),
    ("[anon_shmem:", MappingKind.SHARED_MEMORY),
    ("[", MappingKind.SPECIAL),
    ("/memfd:", MappingKind.MEMFD),
    ("/dev/shm/", MappingKind.SHARED_MEMORY),  # noqa: S108 (a name, not a place)
    ("/dev/hugepages/", MappingKind.HUGETLB),
    ("/dev/", MappingKind.DEVICE),
    ("/dmabuf:", MappingKind.DEVICE),
    ("/", MappingKind.FILE),
)
# "/SYSV" and the key in hex; the inode is the identifier of the segment.
_SYSV = re.compile(r"/SYSV[0-9a-f]{8}( \(deleted\))?")


def _is_past_start(mapping: Mapping, _: attrs.Attribute[int], end: int) -> None:
    if end <= mapping.start:
        msg = f"end {end:#x} is not past start {mapping.start:#x}"
        raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Mapping(Slotted):
    r"""
    One virtual memory area, as one line of ``/proc/PID/maps`` states it,
    with the counters of ``smaps`` if they were read.

    Two mappings show the same file exactly if :attr:`device` and
    :attr:`inode` are equal.  Neither is comparable with what ``stat()``
    says: on btrfs and overlayfs they differ.

    Source: :manpage:`proc_pid_maps(5)`, ``show_map_vma()`` in
    ``fs/proc/task_mmu.c``.

    Attributes:
        start: First address.

        end: First address *past* the area.

        permissions: What the process may do with the area.

        offset: Where the area starts in the file behind it, in bytes; 0 if
            there is none.

        device: Major and minor number of the file system of that file;
            (0, 0) if there is none.

        inode: Number of that file there; 0 if there is none.

        name: Path or ``[pseudo-path]`` exactly as the kernel prints it,
            including a trailing ``" (deleted)"`` and ``\012`` for a
            newline, or None.  Bytes that are not UTF-8 are kept as lone
            surrogates.

        usage: What the area occupies, or None if only ``maps`` was read.

        vm_flags: The two-letter codes of ``VmFlags``, known or not
            (:class:`~procmem.VmFlag`).  None if there was no such line
            (``maps``, Linux before 3.8).

        kernel_page_size: Size of the pages that back the area, in bytes:
            tells hugetlb.  None if ``smaps`` was not read.

        mmu_page_size: The same as the processor sees it.  As above.

        thp_eligible: Whether transparent huge pages may be used.  None
            before Linux 5.0.

        protection_key: Number of the protection key, None on processors
            without them.
    """

    start: int = attrs.field(repr=hex)
    end: int = attrs.field(repr=hex, validator=_is_past_start)
    permissions: Permissions = attrs.field(converter=Permissions, repr=str)
    offset: int = attrs.field(default=0, repr=hex)
    device: tuple[int, int] = (0, 0)
    inode: int = 0
    name: str | None = None
    usage: Usage | None = None
    vm_flags: frozenset[str] | None = attrs.field(default=None, repr=False)
    kernel_page_size: int | None = attrs.field(default=None, repr=False)
    mmu_page_size: int | None = attrs.field(default=None, repr=False)
    thp_eligible: bool | None = attrs.field(default=None, repr=False)
    protection_key: int | None = attrs.field(default=None, repr=False)

    @property
    def size(self) -> int:
        """
        Length of the area, in bytes of *address space*, not of memory.
        """
        return self.end - self.start

    @property
    def kind(self) -> MappingKind:
        """
        What the area is for, told from its name, flags and page size.
        """
        if self._is_hugetlb:
            return MappingKind.HUGETLB
        name = self.name or ""
        known = _BY_NAME.get(name)
        if known is not None:
            return known
        if _SYSV.fullmatch(name):
            return MappingKind.SYSV
        for prefix, kind in _BY_PREFIX:
            if name.startswith(prefix):
                return kind
        return MappingKind.OTHER

    @property
    def _is_hugetlb(self) -> bool:
        if self.vm_flags is not None:
            return VmFlag.HUGETLB in self.vm_flags
        # Without flags the page size tells: no base page is that large.
        return (self.kernel_page_size or 0) >= _MIB

    @property
    def path(self) -> str | None:
        """
        Path of the file without ``" (deleted)"``; None for pseudo-names.

        It is what the *reader's* root directory makes of it and need not
        exist: do not open it, and do not compare files by it.
        """
        if self.name is None or not self.name.startswith("/"):
            return None
        return self.name.removesuffix(_DELETED)

    @property
    def deleted(self) -> bool:
        """
        Whether the kernel says that the file has been unlinked.

        A file that really is called ``"x (deleted)"`` cannot be told from a
        deleted file ``"x"``.
        """
        return self.path is not None and self.path != self.name

    @property
    def is_shared_mapping(self) -> bool:
        """
        Whether the area was mapped with ``MAP_SHARED``.

        That is not the same as having pages which others map as well.
        """
        return self.permissions.shared


def _tuple(mappings: abc.Iterable[Mapping]) -> tuple[Mapping, ...]:
    return tuple(mappings)


@attrs.frozen(repr=False)
class Mappings(abc.Sequence[Mapping]):
    """
    The mappings of a process, ordered by address.

    Attributes:
        evidence: How they were read.
    """

    _items: tuple[Mapping, ...] = attrs.field(converter=_tuple)
    evidence: Evidence = attrs.field(factory=Evidence, eq=False, kw_only=True)

    @overload
    def __getitem__(self, index: int, /) -> Mapping: ...

    @overload
    def __getitem__(self, index: _Slice, /) -> Mappings: ...

    def __getitem__(self, index: int | _Slice, /) -> Mapping | Mappings:
        if isinstance(index, slice):
            return Mappings(self._items[index], evidence=self.evidence)
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> abc.Iterator[Mapping]:
        # Faster than what Sequence would do with __getitem__.
        return iter(self._items)

    def at(self, address: int) -> Mapping | None:
        """
        The mapping that holds *address*, or None if nothing is mapped there.
        """
        index = bisect.bisect_right(
            self._items, address, key=lambda mapping: mapping.start
        )
        if index and address < self._items[index - 1].end:
            return self._items[index - 1]
        return None

    def __repr__(self) -> str:
        if not self._items:
            return "Mappings([])"
        first, last = self._items[0].start, self._items[-1].end
        return f"<{len(self)} mappings, {first:#x} to {last:#x}>"

    def _repr_html_(self) -> str:
        from procmem.render.html import mappings_table

        return mappings_table(self)
