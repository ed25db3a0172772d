"""
Values for property tests, as odd as kernels allow.
"""

from __future__ import annotations

from typing import TypeVar

import attrs
from hypothesis import strategies as st

import procmem
from tests.kernel.eras import COUNTERS, LINUX_6_18, STATUS_ERAS, Era
from tests.kernel.rendering import FLAGS, field_name

_T = TypeVar("_T")

PAGE = 4096
_KIB = 1024
_MOST_KB = 2**64 // _KIB - 1


def decoded(text: bytes) -> str:
    """
    *text* as procmem decodes it.
    """
    return text.decode("utf-8", "surrogateescape")


# Each of these was taken apart wrongly by some tool.
_NOTORIOUS = [
    "/a  b",
    "/two  spaces at the end  ",
    "/ leading",
    "/tab\tinside and behind\t",
    "/vertical\x0btab",
    "/carriage return\r",
    "/next line\x85",
    "/\udcff\udcfe not UTF-8",
    r"/new\012line",
    "/x (deleted)",
    "/x (deleted) (deleted)",
    "/Rss:                  12 kB",
    "/a: VmFlags: rd wr ",
    "/7f00-7f01 rw-p 00000000 00:00 0 ",
    "/1000-2000 ",
    "/[heap]",
    "/" + "x" * 5000,
    "[heap]",
    "[stack]",
    "[stack:1234]",
    "[anon:  a name ]",
    "[anon_shmem:x]",
    "anon_inode:[perf_event]",
    "socket:[4711]",
    "/memfd:a b (deleted)",
    "/SYSV00000000 (deleted)",
]


def bytes_of_name(data: bytes) -> bytes:
    """
    What the kernel prints for a file with these bytes in its name.
    """
    return data.replace(b"\0", b"?").replace(b"\n", rb"\012")


names = st.one_of(
    st.sampled_from(_NOTORIOUS),
    st.binary(max_size=20).map(lambda data: decoded(b"/" + bytes_of_name(data))),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), max_size=20).map(
        lambda text: "/" + text
    ),
)

devices = st.tuples(
    st.sampled_from([0, 1, 8, 0xFD, 0x103]) | st.integers(0, 2**12 - 1),
    st.sampled_from([0, 5, 0x28, 0x1FF]) | st.integers(0, 2**20 - 1),
)

inodes = st.sampled_from([0, 1, 260386]) | st.integers(0, 2**64 - 1)

flags = st.none() | st.frozensets(
    st.sampled_from([*FLAGS, "zz", "x1", "12"]), max_size=8
)

kilobytes = (
    st.sampled_from([0, 4, 8, 123456]) | st.integers(0, 99) | st.integers(0, _MOST_KB)
)
sizes = kilobytes.map(lambda kb: kb * _KIB)

unknown_keys = st.sampled_from(
    ["Pss_Huge", "Rss_New", "Swap_Zram", "NewThing", "X", "kernel-page", "1000-2000"]
)
unknown_counters = st.dictionaries(
    unknown_keys,
    sizes | st.sampled_from(["", "1", "yes", "12 MB", "-4 kB", "a: b", "1 kB "]),
    max_size=2,
).map(lambda found: tuple(sorted(found.items())))


def permissions(era: Era = LINUX_6_18) -> st.SearchStrategy[procmem.Permissions]:
    """
    All that this era prints.
    """
    letters = st.tuples(*map(st.sampled_from, ("r-", "w-", "x-", era.shares)))
    return letters.map(lambda four: procmem.Permissions("".join(four)))


@st.composite
def usages(
    draw: st.DrawFn,
    keys: list[str],
    *,
    other: tuple[tuple[str, int | str], ...] = (),
) -> procmem.Usage:
    """
    Usages with these counters.
    """
    counters = [COUNTERS[key] for key in keys if key in COUNTERS]
    # A few amounts, dealt out: two dozen drawn one by one would take long.
    amounts = draw(st.lists(sizes, min_size=1, max_size=4))
    dealt = draw(st.binary(min_size=len(counters), max_size=len(counters)))
    return procmem.Usage.of(
        {
            name: amounts[card % len(amounts)]
            for name, card in zip(counters, dealt, strict=True)
        },
        other=other,
    )


@st.composite
def mappings(
    draw: st.DrawFn, era: Era = LINUX_6_18, *, start: int = 0
) -> procmem.Mapping:
    """
    Mappings as ``maps`` tells of them, beyond *start*.
    """
    start += PAGE * draw(st.integers(0, 1000))
    name = draw(st.none() | names)
    return procmem.Mapping(
        start=start,
        end=start + PAGE * draw(st.integers(1, 1000)),
        permissions=draw(permissions(era)),
        offset=draw(st.integers(0, 2**64 - 1)),
        device=draw(devices),
        inode=draw(inodes),
        name=name,
    )


@st.composite
def listings(
    draw: st.DrawFn, era: Era = LINUX_6_18, *, counters: bool = False
) -> list[procmem.Mapping]:
    """
    The mappings of a process in this era.

    With *counters*, most have the same ones, and some have others.
    """
    layouts = draw(st.lists(_layouts(era), min_size=1, max_size=2))
    found: list[procmem.Mapping] = []
    for _ in range(draw(st.integers(0, 4))):
        start = found[-1].end if found else draw(st.sampled_from([0, 2**47, 2**63]))
        mapping = draw(mappings(era, start=start))
        if counters:
            keys, other = draw(st.sampled_from(layouts))
            usage = draw(usages(keys, other=other))
            mapping = draw(_described(mapping, keys, usage))
        found.append(mapping)
    return found


@st.composite
def _layouts(
    draw: st.DrawFn, era: Era
) -> tuple[list[str], tuple[tuple[str, int | str], ...]]:
    """
    The known keys of a block, and unknown counters that stand beside them.
    """
    absent = st.just(frozenset[str]()) | st.frozensets(
        st.sampled_from(era.keys), max_size=3
    )
    # Where names have a line of their own, the name would be lost with it.
    kept = set(era.keys) - draw(absent) | {"Name"}
    return [key for key in era.keys if key in kept], draw(unknown_counters)


@st.composite
def _described(
    draw: st.DrawFn,
    mapping: procmem.Mapping,
    keys: list[str],
    usage: procmem.Usage,
) -> procmem.Mapping:
    def maybe(key: str, strategy: st.SearchStrategy[_T]) -> _T | None:
        return draw(strategy) if key in keys else None

    return attrs.evolve(
        mapping,
        usage=usage,
        vm_flags=maybe("VmFlags", flags),
        kernel_page_size=maybe("KernelPageSize", sizes),
        mmu_page_size=maybe("MMUPageSize", sizes),
        thp_eligible=maybe("THPeligible", st.booleans()),
        protection_key=maybe("ProtectionKey", st.none() | st.integers(0, 15)),
    )


comms = st.binary(max_size=15).map(
    lambda data: decoded(data.replace(b"\0", b"?"))
) | st.sampled_from([" leading", "a) R 1 (b", "a\nb\\c", "\ttab ", ""])

pids = st.integers(1, 2**22)
counts = st.integers(0, 2**63 - 1)


@st.composite
def statuses(draw: st.DrawFn, era: str) -> procmem.Status:
    """
    What ``status`` of this era says, of something with memory or without.
    """
    with_memory = draw(st.booleans())
    known: dict[str, object] = {}
    other: dict[str, str] = {}
    fields = {field.name for field in attrs.fields(procmem.Status)}
    for key in STATUS_ERAS[era]:
        name = field_name(key)
        if name not in fields:
            other[key] = draw(st.sampled_from(["0", "a\tb", "0-1", "x y"]))
        elif with_memory or not key.startswith(("Vm", "Rss", "Huge", "Core", "THP")):
            known[name] = draw(_status_field(name))
    return procmem.Status(**known, other=tuple(sorted(other.items())))  # type: ignore[arg-type]


def _status_field(name: str) -> st.SearchStrategy[object]:
    special: dict[str, st.SearchStrategy[object]] = {
        "name": comms,
        "state": st.sampled_from("RSDTtXZI"),
        "uid": st.tuples(*[st.integers(0, 2**32 - 1)] * 4),
        "gid": st.tuples(*[st.integers(0, 2**32 - 1)] * 4),
        "kthread": st.booleans(),
        "core_dumping": st.booleans(),
        "thp_enabled": st.booleans(),
    }
    is_size = name.startswith(("vm_", "rss_", "huge"))
    return special.get(name, sizes if is_size else pids)


stats = st.builds(
    procmem.Stat,
    pid=pids,
    name=comms,
    state=st.sampled_from("RSDTtXZI"),
    ppid=pids,
    session=pids,
    flags=st.integers(0, 2**32 - 1),
    minor_faults=counts,
    child_minor_faults=counts,
    major_faults=counts,
    child_major_faults=counts,
    threads=pids,
    start_time=counts,
    vsize=st.integers(0, 2**64 - 1),
    rss=st.integers(0, 2**40).map(lambda pages: pages * PAGE),
)

statms = st.builds(
    procmem.Statm,
    **dict.fromkeys(
        (field.name for field in attrs.fields(procmem.Statm)),
        st.integers(0, 2**40).map(lambda pages: pages * PAGE),
    ),
)
