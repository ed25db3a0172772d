"""
How much memory a process really uses on Linux: typed, exact to what the
kernel prints, and honest about what it does not know.

Everything public is here; ``procmem.accounting`` holds the pure sums.  What
``procmem.pss(pid)`` and its sisters need is loaded at once, so that a first
answer is as fast as a later one; everything else when it is first named.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from procmem.errors import (
    AccessDeniedError,
    ParseError,
    ProcessChangedError,
    ProcessGoneError,
    ProcmemError,
    UnsupportedError,
)
from procmem.shortcuts.totals import (
    footprint,
    pinned,
    pss,
    rss,
    shared,
    swap,
    uss,
)
from procmem.sizes import Size, format_size, parse_size
from procmem.sources.base import PinnedProcess, Source
from procmem.sources.procfs import ProcFS

if TYPE_CHECKING:
    from procmem import accounting, testing
    from procmem.accounting import FileKey
    from procmem.differences.diff import Diff, DiffRow, MemberChange
    from procmem.evidence import Evidence
    from procmem.flags import (
        MappingKind,
        PageFlag,
        PageState,
        Permissions,
        VmFlag,
    )
    from procmem.formats.kpages import (
        parse_kpagecgroup,
        parse_kpagecount,
        parse_kpageflags,
    )
    from procmem.formats.maps import parse_maps
    from procmem.formats.pagemap import parse_pagemap
    from procmem.formats.smaps import parse_smaps, parse_smaps_total
    from procmem.formats.smaps_rollup import parse_smaps_rollup
    from procmem.formats.stat import parse_stat
    from procmem.formats.statm import parse_statm
    from procmem.formats.status import parse_status
    from procmem.groups.group import Group
    from procmem.groups.member import Member
    from procmem.groups.members import Members
    from procmem.groups.options import HoldOptions, ReadOptions
    from procmem.model.mapping import Mapping, Mappings
    from procmem.model.page import PageInfo
    from procmem.model.status import Stat, Statm, Status
    from procmem.model.usage import Usage, UsageDelta
    from procmem.pagetable.table import PageTable
    from procmem.shortcuts.abilities import Ability
    from procmem.shortcuts.capabilities import Capabilities, capabilities
    from procmem.shortcuts.details import (
        mappings,
        peak_rss,
        snapshot,
        status,
        usage,
    )
    from procmem.shortcuts.options import CountOptions, WalkOptions
    from procmem.shortcuts.pages import pages, true_uss
    from procmem.shortcuts.several import group, tree
    from procmem.snapshots import Snapshot
    from procmem.sources.freezing import Frozen, StillRunningError, frozen
    from procmem.sources.memory import InMemory

    __version__: str

__all__ = [
    "Ability",
    "AccessDeniedError",
    "Capabilities",
    "CountOptions",
    "Diff",
    "DiffRow",
    "Evidence",
    "FileKey",
    "Frozen",
    "Group",
    "HoldOptions",
    "InMemory",
    "Mapping",
    "MappingKind",
    "Mappings",
    "Member",
    "MemberChange",
    "Members",
    "PageFlag",
    "PageInfo",
    "PageState",
    "PageTable",
    "ParseError",
    "Permissions",
    "PinnedProcess",
    "ProcFS",
    "ProcessChangedError",
    "ProcessGoneError",
    "ProcmemError",
    "ReadOptions",
    "Size",
    "Snapshot",
    "Source",
    "Stat",
    "Statm",
    "Status",
    "StillRunningError",
    "UnsupportedError",
    "Usage",
    "UsageDelta",
    "VmFlag",
    "WalkOptions",
    "accounting",
    "capabilities",
    "footprint",
    "format_size",
    "frozen",
    "group",
    "mappings",
    "pages",
    "parse_kpagecgroup",
    "parse_kpagecount",
    "parse_kpageflags",
    "parse_maps",
    "parse_pagemap",
    "parse_size",
    "parse_smaps",
    "parse_smaps_rollup",
    "parse_smaps_total",
    "parse_stat",
    "parse_statm",
    "parse_status",
    "peak_rss",
    "pinned",
    "pss",
    "rss",
    "shared",
    "snapshot",
    "status",
    "swap",
    "testing",
    "tree",
    "true_uss",
    "usage",
    "uss",
]


# The same names as in the block for type checkers above; a test compares.
_LATER = {
    "evidence": {"Evidence"},
    "formats.smaps_rollup": {"parse_smaps_rollup"},
    "model.usage": {"Usage", "UsageDelta"},
    "accounting": {"FileKey"},
    "differences.diff": {"Diff", "DiffRow", "MemberChange"},
    "flags": {"MappingKind", "PageFlag", "PageState", "Permissions", "VmFlag"},
    "formats.kpages": {
        "parse_kpagecgroup",
        "parse_kpagecount",
        "parse_kpageflags",
    },
    "formats.maps": {"parse_maps"},
    "formats.pagemap": {"parse_pagemap"},
    "formats.smaps": {"parse_smaps", "parse_smaps_total"},
    "formats.stat": {"parse_stat"},
    "formats.statm": {"parse_statm"},
    "formats.status": {"parse_status"},
    "groups.group": {"Group"},
    "groups.member": {"Member"},
    "groups.members": {"Members"},
    "groups.options": {"HoldOptions", "ReadOptions"},
    "model.mapping": {"Mapping", "Mappings"},
    "model.page": {"PageInfo"},
    "model.status": {"Stat", "Statm", "Status"},
    "shortcuts.abilities": {"Ability"},
    "shortcuts.capabilities": {"Capabilities", "capabilities"},
    "shortcuts.details": {"mappings", "peak_rss", "snapshot", "status", "usage"},
    "pagetable.table": {"PageTable"},
    "shortcuts.options": {"CountOptions", "WalkOptions"},
    "shortcuts.pages": {"pages", "true_uss"},
    "shortcuts.several": {"group", "tree"},
    "snapshots": {"Snapshot"},
    "sources.freezing": {"Frozen", "StillRunningError", "frozen"},
    "sources.memory": {"InMemory"},
}


if not TYPE_CHECKING:
    # Or every misspelled name would be an object to them.

    def __getattr__(name: str) -> object:
        if name in {"accounting", "testing"}:
            return import_module(f"procmem.{name}")
        if name == "__version__":
            from importlib.metadata import version

            return version("pyprocmem")
        for module, names in _LATER.items():
            if name in names:
                value = getattr(import_module(f"procmem.{module}"), name)
                # The next time Python finds it without asking here.
                globals()[name] = value
                return value
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
