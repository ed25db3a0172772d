"""
How the files of ``/proc`` looked at different times and places.

Taken from ``show_map_vma()``, ``show_smap()`` and ``proc_pid_status()`` of
those kernels, and from gVisor's ``pkg/sentry/mm/procfs.go``.
"""

from __future__ import annotations

import attrs

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
"""The kernel's key for each counter of a usage."""

_PAGE_SIZES = "KernelPageSize MMUPageSize"
_MAIN = "Shared_Clean Shared_Dirty Private_Clean Private_Dirty Referenced Anonymous"
_PMD = "ShmemPmdMapped FilePmdMapped"
_HUGETLB = "Shared_Hugetlb Private_Hugetlb"
_TODAY = f"KSM LazyFree AnonHugePages {_PMD} {_HUGETLB} Swap SwapPss Locked"
_SPLIT = "Pss_Anon Pss_File Pss_Shmem"


@attrs.frozen(kw_only=True)
class Era:
    """
    A kernel, as far as its text is concerned.

    Attributes:
        name: For the names of tests.

        smaps: The keys of the lines below a header, in their order.

        rollup: Those of ``smaps_rollup``; None if there is no such file.

        address: Least number of hexadecimal digits of an address or offset.

        device: Least number of hexadecimal digits of half a device.

        column: Where names begin; None for one space after the inode.

        name_lines: Whether anonymous names stand on a line of their own.

        thp_width: Width of the number behind ``THPeligible``.

        shares: The fourth letter of permissions: private and shared.
    """

    name: str
    smaps: str
    rollup: str | None = None
    address: int = 8
    device: int = 2
    column: int | None = 73
    name_lines: bool = False
    thp_width: int = 8
    shares: str = "ps"

    @property
    def keys(self) -> list[str]:
        """
        The keys of ``smaps``.
        """
        return self.smaps.split()

    @property
    def rollup_keys(self) -> list[str]:
        """
        The keys of ``smaps_rollup``.
        """
        return (self.rollup or "").split()


LINUX_6_18 = Era(
    name="6.18",
    smaps=(
        f"Size {_PAGE_SIZES} Rss Pss Pss_Dirty {_MAIN} {_TODAY} "
        "THPeligible ProtectionKey VmFlags"
    ),
    rollup=(f"Rss Pss Pss_Dirty {_SPLIT} {_MAIN} {_TODAY}"),
)

_SMAPS_5_10 = (
    f"Size {_PAGE_SIZES} Rss Pss {_MAIN} LazyFree AnonHugePages {_PMD} "
    f"{_HUGETLB} Swap SwapPss Locked THPeligible ProtectionKey VmFlags"
)
_ROLLUP_5_10 = (
    f"Rss Pss {_SPLIT} {_MAIN} LazyFree AnonHugePages {_PMD} {_HUGETLB} "
    "Swap SwapPss Locked"
)
_SMAPS_6_1 = _SMAPS_5_10.replace("Pss Shared_Clean", "Pss Pss_Dirty Shared_Clean")
_ROLLUP_6_1 = _ROLLUP_5_10.replace("Pss Pss_Anon", "Pss Pss_Dirty Pss_Anon")
_SMAPS_3_10 = f"Size Rss Pss {_MAIN} AnonHugePages Swap {_PAGE_SIZES} Locked VmFlags"

LINUX_4_18 = Era(
    name="4.18",
    smaps=(
        f"Size {_PAGE_SIZES} Rss Pss {_MAIN} LazyFree AnonHugePages "
        f"ShmemPmdMapped {_HUGETLB} Swap SwapPss Locked ProtectionKey VmFlags"
    ),
    rollup=(
        f"Rss Pss {_MAIN} LazyFree AnonHugePages ShmemPmdMapped {_HUGETLB} "
        "Swap SwapPss Locked"
    ),
)

WSL1 = Era(name="WSL1", smaps="Pss", shares="-s")

ERAS = (
    Era(
        name="2.6.32",
        smaps=(
            "Size Rss Pss Shared_Clean Shared_Dirty Private_Clean Private_Dirty "
            f"Referenced Swap {_PAGE_SIZES}"
        ),
    ),
    Era(name="3.10", smaps=_SMAPS_3_10),
    Era(name="3.10 of 32 bits", smaps=_SMAPS_3_10, column=49),
    Era(
        name="4.4 of a vendor",
        smaps=(
            f"Name Size Rss Pss {_MAIN} AnonHugePages {_HUGETLB} Swap SwapPss "
            f"{_PAGE_SIZES} Locked VmFlags"
        ),
        address=1,
        device=1,
        column=None,
        name_lines=True,
    ),
    LINUX_4_18,
    Era(name="5.10", smaps=_SMAPS_5_10, rollup=_ROLLUP_5_10, thp_width=1),
    Era(name="6.1", smaps=_SMAPS_6_1, rollup=_ROLLUP_6_1, thp_width=1),
    Era(
        name="6.1 of 32 bits",
        smaps=_SMAPS_6_1,
        rollup=_ROLLUP_6_1,
        thp_width=1,
        column=49,
    ),
    attrs.evolve(LINUX_6_18, name="6.12"),
    LINUX_6_18,
    Era(
        name="gVisor",
        smaps=(
            f"Size Rss Pss {_MAIN} AnonHugePages {_HUGETLB} Swap SwapPss "
            f"{_PAGE_SIZES} Locked VmFlags"
        ),
    ),
    WSL1,
)

_IDENTITY = "Name {umask} State Tgid {ngid} Pid PPid TracerPid Uid Gid FDSize Groups"
_VM_OLD = "VmPeak VmSize VmLck VmHWM VmRSS VmData VmStk VmExe VmLib VmPTE"
_VM = (
    "VmPeak VmSize VmLck VmPin VmHWM VmRSS RssAnon RssFile RssShmem VmData "
    "VmStk VmExe VmLib VmPTE VmSwap HugetlbPages CoreDumping THP_enabled"
)
_REST = "Threads SigQ SigPnd Cpus_allowed_list voluntary_ctxt_switches"
_NEW = _IDENTITY.format(umask="Umask", ngid="Ngid")

STATUS_ERAS = {
    "2.6.32": f"{_IDENTITY.format(umask='', ngid='')} {_VM_OLD} {_REST}".split(),
    "4.4": f"{_IDENTITY.format(umask='', ngid='Ngid')} {_VM_OLD} VmPMD VmSwap "
    f"HugetlbPages {_REST}".split(),
    "5.10": f"{_NEW} NStgid NSpid {_VM} {_REST} Seccomp".split(),
    "6.18": f"{_NEW} NStgid NSpid NSsid Kthread {_VM} untag_mask {_REST} "
    "Seccomp x86_Thread_features".split(),
}
"""The keys that ``status`` had, in their order."""
