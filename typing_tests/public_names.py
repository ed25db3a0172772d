"""
What type checkers make of every public name; checked, never run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal, assert_type

import procmem
from procmem import accounting, testing

# One question, one answer.

source: procmem.Source = procmem.ProcFS("/host/proc")

assert_type(procmem.rss(), int)
assert_type(procmem.pss(1), int)
assert_type(procmem.uss(None), int)
assert_type(procmem.shared(1, source=source), int)
assert_type(procmem.swap(1), int)
assert_type(procmem.footprint(1), int)
assert_type(procmem.peak_rss(1), int)
assert_type(procmem.usage(1, method="kernel"), procmem.Usage)
assert_type(procmem.mappings(1), procmem.Mappings)
assert_type(procmem.status(1), procmem.Status)
assert_type(procmem.snapshot(1), procmem.Snapshot)

procmem.pss("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
procmem.pss(1, source)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
procmem.usage(1, method="smaps")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
procmem.pss(1, source="/proc")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Sources.

with procmem.pinned(1, source) as process:
    assert_type(process, procmem.PinnedProcess)
    assert_type(process.pid, int)
    assert_type(process.source, procmem.Source)
    assert_type(process.read("status"), bytes)
    assert_type(process.threads(), tuple[int, ...])
    assert_type(procmem.pss(process), int)
    with process.open("smaps") as file:
        assert_type(file.read(), bytes)
        assert_type(file.is_bound(), bool)

assert_type(procmem.ProcFS().pids(), list[int])
assert_type(procmem.ProcFS().root, str)

somewhere = procmem.pinned(1).source
assert_type(somewhere.pids(), Sequence[int])
assert_type(somewhere.page_size, int)
assert_type(somewhere.byteorder, Literal["little", "big"])
assert_type(somewhere.pin(1), procmem.PinnedProcess)

memory: procmem.Source = procmem.InMemory(
    processes={1: {"status": b"", "smaps": [b"", procmem.ProcessGoneError(1)]}}
)
assert_type(procmem.InMemory(processes={}).pin(1), procmem.PinnedProcess)

# Bytes in, objects out.

assert_type(procmem.parse_maps(b""), tuple[procmem.Mapping, ...])
assert_type(procmem.parse_smaps(b""), tuple[procmem.Mapping, ...])
assert_type(procmem.parse_smaps_total(b""), procmem.Usage)
assert_type(procmem.parse_smaps_rollup(b""), procmem.Usage)
assert_type(procmem.parse_status(b""), procmem.Status)
assert_type(procmem.parse_statm(b"", page_size=4096), procmem.Statm)
assert_type(procmem.parse_stat(b"", page_size=4096), procmem.Stat)

procmem.parse_maps("")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
procmem.parse_statm(b"")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
procmem.parse_stat(b"", 4096)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

# Values.

mapping = procmem.parse_maps(b"")[0]
assert_type(mapping.start, int)
assert_type(mapping.size, int)
assert_type(mapping.permissions, procmem.Permissions)
assert_type(mapping.permissions.writable, bool)
assert_type(mapping.device, tuple[int, int])
assert_type(mapping.name, str | None)
assert_type(mapping.path, str | None)
assert_type(mapping.deleted, bool)
assert_type(mapping.kind, procmem.MappingKind)
assert_type(mapping.is_shared_mapping, bool)
assert_type(mapping.usage, procmem.Usage | None)
assert_type(mapping.vm_flags, frozenset[str] | None)
assert_type(mapping.kernel_page_size, int | None)
assert_type(mapping.thp_eligible, bool | None)
assert_type(procmem.VmFlag.HUGETLB in (mapping.vm_flags or ()), bool)

mapping.start = 0  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
procmem.Mapping(1, 2, "r--p")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
mapping.usage.pss  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]

mappings = procmem.mappings()
assert_type(mappings[0], procmem.Mapping)
assert_type(mappings[1:], procmem.Mappings)
assert_type(list(mappings), list[procmem.Mapping])
assert_type(len(mappings), int)
assert_type(mappings.at(0), procmem.Mapping | None)
assert_type(mappings.evidence, procmem.Evidence)

usage = procmem.usage()
assert_type(usage.rss, int)
assert_type(usage.pss, int)
assert_type(usage.shared_clean, int)
assert_type(usage.private_dirty, int)
assert_type(usage.referenced, int)
assert_type(usage.swap, int)
assert_type(usage.uss, int)
assert_type(usage.shared, int)
assert_type(usage.footprint, int)
assert_type(usage.pss < 1024, bool)
assert_type(usage.size, int | None)
assert_type(usage.pss_anon, int | None)
assert_type(usage.swap_pss, int | None)
assert_type(usage.locked, int | None)
assert_type(usage.other, tuple[tuple[str, int | str], ...])
assert_type(usage.other_by_key, Mapping[str, int | str])
assert_type(usage.get("rss"), int | str | None)
assert_type(usage + usage, procmem.Usage)
assert_type(usage - usage, procmem.UsageDelta)
assert_type(procmem.UsageDelta().uss, int)
assert_type(procmem.Usage.zero(), procmem.Usage)
assert_type(procmem.Usage(rss=1, pss=1, swap=0), procmem.Usage)
assert_type(usage.evidence, procmem.Evidence)

total: procmem.Usage | Literal[0] = sum([usage, usage])
few = usage.pss_anon < 1024  # type: ignore[operator]  # pyright: ignore[reportOptionalOperand]

status = procmem.status()
assert_type(status.name, str | None)
assert_type(status.vm_rss, int | None)
assert_type(status.uid, tuple[int, ...] | None)
assert_type(status.kthread, bool | None)
assert_type(status.has_address_space, bool)
assert_type(status.other_by_key, Mapping[str, str])
assert_type(procmem.parse_statm(b"", page_size=1).resident, int)
assert_type(procmem.parse_stat(b"", page_size=1).start_time, int)
assert_type(procmem.parse_stat(b"", page_size=1).is_kernel_thread, bool)

snapshot = procmem.snapshot()
assert_type(snapshot.pid, int)
assert_type(snapshot.usage, procmem.Usage)
assert_type(snapshot.mappings, procmem.Mappings)
assert_type(snapshot.status, procmem.Status)
assert_type(snapshot.taken, float)

evidence = procmem.Evidence(method="kernel")
assert_type(evidence.files, tuple[str, ...])
assert_type(evidence.seconds, float | None)
assert_type(evidence.bounds, Mapping[str, tuple[int, int]])

procmem.Permissions(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
procmem.VmFlag.NOTHING  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]

# Pages.

table = procmem.pages(1, source=source, flags=True, time_limit=1.0)
assert_type(table, procmem.PageTable)
assert_type(table[0], procmem.PageInfo)
assert_type(table[1:], procmem.PageTable)
assert_type(table.of(mapping), procmem.PageTable)
assert_type(table.entries, memoryview)
assert_type(table.by_sharers(), dict[int, int])
assert_type(table.by_state(), dict[procmem.PageState, int])
assert_type(table.by_flag(), dict[procmem.PageFlag, int])
assert_type(table.pss, int)
assert_type(table.pss_exact, Fraction)
assert_type(table[0].sharers, int | None)
assert_type(table[0].pss, Fraction | None)
assert_type(table[0].state, procmem.PageState)
assert_type(table[0].flags, procmem.PageFlag | None)
assert_type(procmem.true_uss(1), int)

walk: procmem.WalkOptions = {"check_drift": False, "page_limit": None}
count: procmem.CountOptions = {"view": [1, None], "flags": True}
hold: procmem.HoldOptions = {"threads": 2}
read: procmem.ReadOptions = {"mappings": True, "timeout": 0.5}
assert_type(procmem.pages(1, **walk), procmem.PageTable)
assert_type(procmem.usage(1, method="pages", **count), procmem.Usage)
assert_type(procmem.mappings(1, method="pages", **count), procmem.Mappings)
assert_type(procmem.Group.tree(1, **read), procmem.Group)
assert_type(procmem.Members.tree(1, **hold), procmem.Members)

assert_type(
    procmem.parse_pagemap(b"", start=0, page_size=4096, byteorder="little"),
    procmem.PageTable,
)
assert_type(procmem.parse_kpagecount(b"", byteorder="big"), memoryview)
assert_type(procmem.parse_kpageflags(b"", byteorder="little"), memoryview)
assert_type(procmem.parse_kpagecgroup(b"", byteorder="little"), memoryview)

procmem.parse_kpagecount(b"")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
procmem.pages(1, view=[1])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

# Sums.

assert_type(procmem.accounting.rss(mappings), int)
assert_type(accounting.pss(mappings), int)
assert_type(accounting.uss(iter(mappings)), int)
assert_type(accounting.shared([]), int)
assert_type(accounting.swap(()), int)
assert_type(accounting.footprint(mappings), int)
assert_type(accounting.footprint_bounds(mappings), tuple[int, int])
assert_type(accounting.total(mappings), procmem.Usage)
assert_type(accounting.by_kind(mappings), dict[procmem.MappingKind, procmem.Usage])
assert_type(accounting.by_file(mappings), dict[procmem.FileKey, procmem.Usage])
assert_type(
    accounting.by_permissions(mappings), dict[procmem.Permissions, procmem.Usage]
)
assert_type(procmem.FileKey("/lib/x").inode, int)

accounting.rss([usage])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]

# Sizes.

assert_type(procmem.parse_size("24 MiB"), int)
assert_type(procmem.parse_size(24), int)
assert_type(procmem.format_size(24, decimals=1), str)
assert_type(procmem.Size(24) + 1, int)

procmem.parse_size(1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Errors.

try:
    procmem.pss(1)
except procmem.ParseError as exc:
    assert_type(exc.line_number, int)
    assert_type(exc.line, bytes)
    a: ValueError = exc
except procmem.ProcessGoneError as exc:
    assert_type(exc.pid, int)
    b: ProcessLookupError = exc
except procmem.AccessDeniedError as exc:
    assert_type(exc.needs, str)
    c: PermissionError = exc
except procmem.UnsupportedError as exc:
    assert_type(exc.file, str)
    d: NotImplementedError = exc
except procmem.ProcessChangedError as exc:
    assert_type(exc.file, str)
    e: RuntimeError = exc
except procmem.ProcmemError as exc:
    f: Exception = exc

procmem.nothing  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


# Rights, and processes that stand still.
rights = procmem.capabilities(source)
assert_type(rights, procmem.Capabilities)
assert_type(rights.missing, Mapping[str, procmem.Ability])
with procmem.frozen(1, tree=False) as still:
    assert_type(still, procmem.Frozen)
    assert_type(still.pids, tuple[int, ...])
assert_type(procmem.StillRunningError((1,), 1.0).seconds, float)


# Several processes.

group = procmem.group([1, process], source=source, mappings=True, timeout=1.0)
assert_type(group, procmem.Group)
assert_type(procmem.tree(), procmem.Group)
assert_type(procmem.tree(process, timeout=None), procmem.Group)
assert_type(procmem.Group.of(group.members, threads=2), procmem.Group)
assert_type(procmem.Group.by_cgroup("/system.slice"), procmem.Group)
assert_type(procmem.Group.by_user("root"), procmem.Group)
assert_type(procmem.Group.by_session(1), procmem.Group)
assert_type(procmem.Group.by_command("python"), procmem.Group)
assert_type(procmem.Group.where(lambda status: status.ppid == 1), procmem.Group)
assert_type(group.members, tuple[procmem.Member, ...])
assert_type(group[1], procmem.Member)
assert_type(group.footprint, int)
assert_type(group.rss_sum, int)
assert_type(group.usage, procmem.Usage)
assert_type(group.by_kind(), dict[procmem.MappingKind, procmem.Usage])
assert_type(group.unreadable, Mapping[int, procmem.ProcmemError])
assert_type(group.complete, bool)
assert_type(group.missing, tuple[str, ...])
assert_type(group[1].same_memory_as, int | None)
assert_type(group[1].mappings, procmem.Mappings | None)

with procmem.Members.tree(1, leave_out=[2], source=source) as members:
    assert_type(members, procmem.Members)
    assert_type(members.source, procmem.Source)
    assert_type(members.pids, tuple[int, ...])
    assert_type(members.read(mappings=True), procmem.Group)
assert_type(procmem.Members.by_cgroup("/"), procmem.Members)

procmem.group(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
procmem.group(["1"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
procmem.tree(1, source)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

# What changed.

difference = snapshot - snapshot
assert_type(difference, procmem.Diff)
assert_type(group - group, procmem.Diff)
assert_type(difference.rows, tuple[procmem.DiffRow, ...])
assert_type(difference.top(3, "pss"), tuple[procmem.DiffRow, ...])
assert_type(difference.grouped()[0].delta, procmem.UsageDelta)
assert_type(difference.rows[0].size("footprint", "before"), int)
assert_type(difference.rows[0].kind, procmem.MappingKind | None)
assert_type(difference.members, tuple[procmem.MemberChange, ...])
assert_type(difference.members[0].before, procmem.Usage | None)
assert_type(difference.total, procmem.UsageDelta)
assert_type(difference.growth(), int)
snapshot.save("before.json")
assert_type(procmem.Snapshot.load(Path("before.json")), procmem.Snapshot)
assert_type(procmem.Group.load("before.json"), procmem.Group)

difference.growth("size")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Budgets.

allowed = procmem.testing.budget("200 MiB", peak=1024, target=process, strict=True)
assert_type(allowed, testing.Budget)
with allowed as measured:
    assert_type(measured, testing.Measurement)
assert_type(measured.after, int)
assert_type(measured.peak, int | None)
assert_type(measured.peak_upper, int | None)
assert_type(measured.by_kind, dict[procmem.MappingKind, procmem.Usage])
assert_type(measured.diff, procmem.Diff)
assert_type(measured.group, procmem.Group)
assert_type(measured.evidence, procmem.Evidence)
assert_type(measured.metric, Literal["footprint", "pss", "uss", "rss"])


@testing.budget(growth="1 MiB")
def handle(number: int, *, name: str = "") -> bytes:
    return name.encode() * number


@testing.budget(peak="1 MiB")
async def handle_later(number: int) -> bytes:
    return b"" * number


assert_type(handle(1, name="a"), bytes)


async def handle_all() -> None:
    assert_type(await handle_later(1), bytes)


handle("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
testing.budget(1, 2)  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue]
testing.budget(metric="vss")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
testing.budget(1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

try:
    handle(1)
except testing.MemoryBudgetExceeded as exc:
    assert_type(exc.measurement, testing.Measurement)
    assert_type(exc.diff, procmem.Diff)
    assert_type(exc.saved, tuple[Path, ...])
    assert_type(exc.limit, int)
    g: AssertionError = exc

# Growth.

report = testing.assert_no_growth(lambda: handle(1), per_call="1 KiB", warmup=3)
assert_type(report, testing.GrowthReport)
assert_type(report.per_call, float)
assert_type(testing.KnownLeak("100 B")(), None)
assert_type(testing.KnownLeak(100).leaked, int)
testing.assert_no_growth(handle, per_call=1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
try:
    testing.assert_no_growth(print, calls=10)
except testing.MemoryGrowthDetected as exc:
    assert_type(exc.report, testing.GrowthReport)
    h: AssertionError = exc


class Case(testing.MemoryAssertions):
    def test(self) -> None:
        assert_type(self.assertMemoryBelow("1 GiB", peak=1), testing.Budget)
        assert_type(self.assertMemoryGrowthBelow("1 MiB"), testing.Budget)
        assert_type(
            self.assertMemoryGrowthBelow("1 KiB", print, warmup=1),
            testing.GrowthReport,
        )
