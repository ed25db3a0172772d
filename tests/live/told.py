"""
What procmem's objects tell, under the kernel's keys.

The tables are written out: to derive them from procmem would only show that it
agrees with itself. A value that is missing has no key here, as it has no line
in the kernel's text, so that comparing with `tests.live.kernel_text` also shows
what one of the two has too much.
"""

from __future__ import annotations

import procmem
from tests.live.kernel_text import Printed

COUNTERS = {
    "Size": "size",
    "Rss": "rss",
    "Pss": "pss",
    "Pss_Dirty": "pss_dirty",
    "Pss_Anon": "pss_anon",
    "Pss_File": "pss_file",
    "Pss_Shmem": "pss_shmem",
    "Shared_Clean": "shared_clean",
    "Shared_Dirty": "shared_dirty",
    "Private_Clean": "private_clean",
    "Private_Dirty": "private_dirty",
    "Referenced": "referenced",
    "Anonymous": "anonymous",
    "KSM": "ksm",
    "LazyFree": "lazy_free",
    "AnonHugePages": "anon_huge_pages",
    "ShmemPmdMapped": "shmem_pmd_mapped",
    "FilePmdMapped": "file_pmd_mapped",
    "Shared_Hugetlb": "shared_hugetlb",
    "Private_Hugetlb": "private_hugetlb",
    "Swap": "swap",
    "SwapPss": "swap_pss",
    "Locked": "locked",
}

# Of these smaps prints a proportional share for each mapping, rounded down.
ROUNDED = ("Pss", "Pss_Dirty", "SwapPss", "Locked")

# Only smaps_rollup has these.
SPLIT = ("Pss_Anon", "Pss_File", "Pss_Shmem")

_STATUS = {
    "Name": "name",
    "State": "state",
    "Tgid": "tgid",
    "Pid": "pid",
    "PPid": "ppid",
    "Uid": "uid",
    "Gid": "gid",
    "Threads": "threads",
    "Kthread": "kthread",
    "VmPeak": "vm_peak",
    "VmSize": "vm_size",
    "VmLck": "vm_lck",
    "VmPin": "vm_pin",
    "VmHWM": "vm_hwm",
    "VmRSS": "vm_rss",
    "RssAnon": "rss_anon",
    "RssFile": "rss_file",
    "RssShmem": "rss_shmem",
    "VmData": "vm_data",
    "VmStk": "vm_stk",
    "VmExe": "vm_exe",
    "VmLib": "vm_lib",
    "VmPTE": "vm_pte",
    "VmPMD": "vm_pmd",
    "VmSwap": "vm_swap",
    "HugetlbPages": "hugetlb_pages",
    "CoreDumping": "core_dumping",
    "THP_enabled": "thp_enabled",
}


def _without_missing(told: Printed) -> Printed:
    # The name of a mapping is the only field that may be printed as nothing.
    return {
        key: value for key, value in told.items() if value is not None or key == "name"
    }


def usage(it: procmem.Usage) -> Printed:
    """
    All counters, known to procmem or not.
    """
    told: Printed = {key: it.get(name) for key, name in COUNTERS.items()}
    return _without_missing(told) | dict(it.other)


def mapping(it: procmem.Mapping) -> Printed:
    """
    The fields of a mapping and its counters, if it has any.
    """
    told: Printed = {
        "start": it.start,
        "end": it.end,
        "permissions": str(it.permissions),
        "offset": it.offset,
        "device": it.device,
        "inode": it.inode,
        "name": it.name,
        "KernelPageSize": it.kernel_page_size,
        "MMUPageSize": it.mmu_page_size,
        "THPeligible": it.thp_eligible,
        "ProtectionKey": it.protection_key,
        "VmFlags": it.vm_flags,
    }
    return _without_missing(told) | (usage(it.usage) if it.usage else {})


def status(it: procmem.Status) -> Printed:
    """
    All fields of status, known to procmem or not.
    """
    told: Printed = {key: getattr(it, name) for key, name in _STATUS.items()}
    return _without_missing(told) | dict(it.other)
