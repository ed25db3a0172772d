"""
Whole processes, as the files of :class:`procmem.InMemory`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

import procmem
from tests.kernel.eras import COUNTERS, LINUX_6_18, STATUS_ERAS, Era
from tests.kernel.rendering import (
    render_maps,
    render_rollup,
    render_smaps,
    render_stat,
    render_statm,
    render_status,
)

Files = dict[str, bytes | Exception | Sequence[bytes | Exception]]

PID = 4711
KIB = 1024
PAGE = 4 * KIB
BASE = 0x5600_0000_0000

GATES = {"[vsyscall]", "[vectors]"}
PF_KTHREAD = 0x0020_0000

VSYSCALL = 0xFFFF_FFFF_FF60_0000


def usage(era: Era = LINUX_6_18, **counters: int) -> procmem.Usage:
    """
    A usage with the counters of smaps in this era, 0 unless given.
    """
    keys = [COUNTERS[key] for key in era.keys if key in COUNTERS]
    return procmem.Usage.of(dict.fromkeys(keys, 0) | counters)


def mapping(
    start: int = BASE,
    pages: int = 1,
    name: str | None = None,
    permissions: str = "rw-p",
    *,
    era: Era = LINUX_6_18,
    device: tuple[int, int] = (0, 0),
    inode: int = 0,
    vm_flags: str | None = "rd wr mr mw me ac",
    **counters: int,
) -> procmem.Mapping:
    """
    A mapping of *pages* with these counters, in bytes, and no others.
    """
    size = {"size": pages * PAGE} if "Size" in era.keys else {}
    return procmem.Mapping(
        start=start,
        end=start + pages * PAGE,
        permissions=procmem.Permissions(permissions),
        name=name,
        device=device,
        inode=inode,
        usage=usage(era, **{**size, **counters}),
        vm_flags=None if vm_flags is None else frozenset(vm_flags.split()),
        kernel_page_size=PAGE if "KernelPageSize" in era.keys else None,
        mmu_page_size=PAGE if "MMUPageSize" in era.keys else None,
        thp_eligible=False if "THPeligible" in era.keys else None,
    )


def anonymous(start: int = BASE, pages: int = 1, **counters: int) -> procmem.Mapping:
    """
    Memory that is all there, written to, and nobody else's.
    """
    names = ("rss", "pss", "pss_dirty", "private_dirty", "referenced", "anonymous")
    wanted: dict[str, Any] = {**dict.fromkeys(names, pages * PAGE), **counters}
    return mapping(start, pages, **wanted)


def status(
    mappings: Sequence[procmem.Mapping] = (),
    *,
    state: str = "S",
    threads: int = 1,
    kthread: bool | None = False,
    pid: int = PID,
) -> bytes:
    """
    The text of ``status``; without mappings, of something without memory.
    """
    memory: dict[str, Any] = {}
    if mappings:
        size = sum(m.size for m in mappings if m.name not in GATES)
        rss = procmem.accounting.total(mappings).get("rss")
        memory = {"vm_size": size, "vm_rss": rss or 0, "vm_hwm": size}
    found = procmem.Status(
        name="sample",
        state=state,
        tgid=PID,
        pid=pid,
        threads=threads,
        kthread=kthread,
        **memory,
    )
    return render_status(found, STATUS_ERAS["6.18"])


def stat(*, state: str = "S", flags: int = 0) -> bytes:
    """
    The text of ``stat``.
    """
    fields = {field.name for field in attrs.fields(procmem.Stat)}
    zero = dict.fromkeys(fields - {"pid", "name", "state", "flags"}, 0)
    return render_stat(
        procmem.Stat(pid=PID, name="sample", state=state, flags=flags, **zero)
    )


def rollup_of(
    mappings: Sequence[procmem.Mapping], era: Era = LINUX_6_18, **counters: int
) -> bytes:
    """
    The text of ``smaps_rollup``: sums, and *counters* that it has besides.
    """
    total = procmem.accounting.total(mappings)
    sums = {name: total.get(name) for name in COUNTERS.values()}
    known = {name: n for name, n in sums.items() if isinstance(n, int)}
    return render_rollup(procmem.Usage.of({**known, **counters}), era)


def files(
    mappings: Sequence[procmem.Mapping], era: Era = LINUX_6_18, **counters: int
) -> Files:
    """
    The files of a process with these mappings; *counters* of its rollup.
    """
    made: Files = {
        "maps": render_maps(mappings, era),
        "smaps": render_smaps(mappings, era),
        "status": status(mappings),
        "stat": stat(),
        "statm": render_statm(
            procmem.Statm(
                size=PAGE, resident=PAGE, shared=0, text=0, lib=0, data=0, dirty=0
            )
        ),
    }
    if era.rollup is not None:
        made["smaps_rollup"] = rollup_of(mappings, era, **counters)
    return made


def pinned(files: Files) -> procmem.PinnedProcess:
    """
    The process with these files.
    """
    return procmem.InMemory(processes={PID: files}, calling=PID).pin()


def without(files: Files, *names: str) -> Files:
    """
    *files* on a system that lacks some of them.
    """
    return {name: text for name, text in files.items() if name not in names}


GONE = procmem.ProcessGoneError(PID)
DENIED = procmem.AccessDeniedError(PID, "smaps", "the same user")

KERNEL_THREAD: Files = {
    "maps": b"",
    "smaps": b"",
    "smaps_rollup": b"",
    "status": status(kthread=True, state="I"),
    "stat": stat(state="I", flags=PF_KTHREAD),
}
ZOMBIE: Files = {
    **KERNEL_THREAD,
    "status": status(state="Z"),
    "stat": stat(state="Z"),
}
EXITING: Files = {
    **KERNEL_THREAD,
    "status": status(state="R"),
    "stat": stat(),
    f"task/{PID}/status": status(state="R"),
}
