from __future__ import annotations

import copy
import pickle

import attrs
import pytest
from hypothesis import given

import procmem
from procmem import MappingKind
from tests.kernel import strategies


def named(
    name: str | None,
    *,
    vm_flags: frozenset[str] | None = None,
    kernel_page_size: int | None = None,
) -> procmem.Mapping:
    """
    A mapping of which only the name matters.
    """
    return procmem.Mapping(
        start=0x1000,
        end=0x3000,
        permissions=procmem.Permissions("rw-p"),
        name=name,
        vm_flags=vm_flags,
        kernel_page_size=kernel_page_size,
    )


# Every name that the kernel's documents and sources give.
KINDS = {
    None: MappingKind.ANONYMOUS,
    "[heap]": MappingKind.HEAP,
    "[stack]": MappingKind.STACK,
    "[stack:1234]": MappingKind.THREAD_STACK,
    "[anon: glibc: pthread stack: 1234]": MappingKind.THREAD_STACK,
    "[anon:stack_and_tls:1234]": MappingKind.THREAD_STACK,
    "[vdso]": MappingKind.VDSO,
    "[vvar]": MappingKind.VVAR,
    "[vvar_vclock]": MappingKind.VVAR,
    "[vsyscall]": MappingKind.VSYSCALL,
    "[vectors]": MappingKind.SPECIAL,
    "[sigpage]": MappingKind.SPECIAL,
    "[uprobes]": MappingKind.SPECIAL,
    "[uprobes-trampoline]": MappingKind.SPECIAL,
    "[gic]": MappingKind.SPECIAL,
    "[mpx]": MappingKind.SPECIAL,
    "[of a later kernel]": MappingKind.SPECIAL,
    "[anon:libc_malloc]": MappingKind.NAMED_ANONYMOUS,
    "[anon:]": MappingKind.NAMED_ANONYMOUS,
    "[anon_shmem:buffers]": MappingKind.SHARED_MEMORY,
    "/dev/zero": MappingKind.ANONYMOUS,
    "/dev/zero (deleted)": MappingKind.SHARED_MEMORY,
    "/dev/shm/psm_1f2a": MappingKind.SHARED_MEMORY,
    "/dev/shm/psm_1f2a (deleted)": MappingKind.SHARED_MEMORY,
    "/memfd:name (deleted)": MappingKind.MEMFD,
    "/memfd: (deleted)": MappingKind.MEMFD,
    "/SYSV0052e2c1 (deleted)": MappingKind.SYSV,
    "/SYSV00000000": MappingKind.SYSV,
    "/SYSV0052e2c1.txt": MappingKind.FILE,
    "/anon_hugepage (deleted)": MappingKind.HUGETLB,
    "/dev/hugepages/x": MappingKind.HUGETLB,
    "/secretmem (deleted)": MappingKind.OTHER,
    "anon_inode:[perf_event]": MappingKind.OTHER,
    "anon_inode:[io_uring]": MappingKind.OTHER,
    "anon_inode:bpf-map": MappingKind.OTHER,
    "socket:[4711]": MappingKind.OTHER,
    "/dmabuf:camera": MappingKind.DEVICE,
    "/dev/dri/card0": MappingKind.DEVICE,
    "/usr/lib/libc.so.6": MappingKind.FILE,
    "/tmp/[heap]": MappingKind.FILE,
    "/x (deleted)": MappingKind.FILE,
}


class TestKind:
    @pytest.mark.parametrize(("name", "expected"), KINDS.items(), ids=map(str, KINDS))
    def test_names(self, name: str | None, expected: MappingKind) -> None:
        """
        Every name that is documented has its kind.
        """
        assert expected == named(name).kind

    @pytest.mark.parametrize("name", KINDS, ids=str)
    def test_hugetlb_flag(self, name: str | None) -> None:
        """
        A name does not tell hugetlb: the flag does, whatever the name.
        """
        flags = frozenset({"rd", "ht"})

        assert MappingKind.HUGETLB == named(name, vm_flags=flags).kind

    def test_hugetlb_without_flags(self) -> None:
        """
        On kernels without VmFlags the page size tells.
        """
        huge = named("/memfd:x (deleted)", kernel_page_size=2 * 1024**2)
        small = named("/memfd:x (deleted)", kernel_page_size=65536)

        assert [MappingKind.HUGETLB, MappingKind.MEMFD] == [huge.kind, small.kind]

    def test_flags_outweigh_page_size(self) -> None:
        """
        Where there are flags, they and not the page size tell hugetlb.
        """
        mapping = named(None, vm_flags=frozenset(), kernel_page_size=2 * 1024**2)

        assert MappingKind.ANONYMOUS == mapping.kind

    @given(strategies.mappings())
    def test_any(self, mapping: procmem.Mapping) -> None:
        """
        Every mapping has a kind.
        """
        assert mapping.kind in MappingKind


class TestPath:
    @pytest.mark.parametrize(
        ("name", "path", "deleted"),
        [
            (None, None, False),
            ("[heap]", None, False),
            ("[heap] (deleted)", None, False),
            ("socket:[1] (deleted)", None, False),
            ("/lib/x", "/lib/x", False),
            ("/lib/x (deleted)", "/lib/x", True),
            ("/lib/x (deleted) (deleted)", "/lib/x (deleted)", True),
            ("/lib/x  (deleted)", "/lib/x ", True),
            ("/lib/x (deleted) ", "/lib/x (deleted) ", False),
            ("/lib/x(deleted)", "/lib/x(deleted)", False),
        ],
    )
    def test_deleted(self, name: str | None, path: str | None, deleted: bool) -> None:
        """
        The kernel's mark is taken off once, and nothing else.
        """
        mapping = named(name)

        assert (path, deleted) == (mapping.path, mapping.deleted)
        assert name == mapping.name


class TestMapping:
    def test_size(self) -> None:
        """
        The size is that of the address space, in bytes.
        """
        assert 0x2000 == named(None).size

    @pytest.mark.parametrize("end", [0x1000, 0xFFF, 0])
    def test_end_is_past_start(self, end: int) -> None:
        """
        A mapping of nothing cannot be made.
        """
        with pytest.raises(ValueError, match=f"end {end:#x} is not past start 0x1000"):
            attrs.evolve(named(None), end=end)

    def test_permissions_are_converted(self) -> None:
        """
        Permissions may be given as text, and bad ones are refused.
        """
        mapping = procmem.Mapping(start=0, end=1, permissions="r--s")

        assert mapping.is_shared_mapping
        with pytest.raises(ValueError, match="not permissions"):
            attrs.evolve(mapping, permissions="rwx")

    def test_repr(self) -> None:
        """
        The repr shows addresses in hex, sizes in bytes, and no noise.
        """
        mapping = attrs.evolve(
            named("/lib/x", vm_flags=frozenset({"rd"})), offset=0x400, inode=7
        )

        assert (
            "Mapping(start=0x1000, end=0x3000, permissions=rw-p, offset=0x400, "
            "device=(0, 0), inode=7, name='/lib/x', usage=None)"
        ) == repr(mapping)

    @given(strategies.listings(counters=True))
    def test_copies(self, mappings: list[procmem.Mapping]) -> None:
        """
        Pickles and copies are equal and hash alike.
        """
        for copied in (
            pickle.loads(pickle.dumps(mappings)),
            copy.deepcopy(mappings),
            list(map(attrs.evolve, mappings)),
        ):
            assert mappings == copied
            assert list(map(hash, mappings)) == list(map(hash, copied))

    def test_frozen(self) -> None:
        """
        A mapping cannot be changed, nor given what it hasn't.
        """
        mapping = named(None)

        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            mapping.end = 0  # type: ignore[misc]
        with pytest.raises((AttributeError, TypeError)):
            object.__setattr__(mapping, "extra", 1)
        assert not hasattr(mapping, "__dict__")
