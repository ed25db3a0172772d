"""
Counters by pages beside those that the kernel printed.
"""

from __future__ import annotations

from collections import abc

import attrs

import procmem
from procmem.evidence import Evidence
from tests.captures.process import CaptureProcess
from tests.captures.reference import Sums, printed
from tests.captures.source import CaptureSource

FIELDS = (
    "rss",
    "pss",
    "uss",
    "shared",
    "anonymous",
    "ksm",
    "lazy_free",
    "private_hugetlb",
    "shared_hugetlb",
    "swap",
    "swap_pss",
    "locked",
)
"""What the pages of a mapping tell."""

ROLLUP_FIELDS = (*FIELDS, "pss_anon", "pss_file", "pss_shmem")
"""What the pages of a process tell."""

SHARES = frozenset({"pss", "pss_anon", "pss_file", "pss_shmem", "swap_pss", "locked"})
"""What the kernel cuts to kB."""


@attrs.frozen
class Difference:
    """
    A counter that is not what the kernel printed.
    """

    pid: int
    name: str | None
    field: str
    kernel: int
    pages: int | None


@attrs.define
class Comparison:
    """
    What was compared, and what was not equal.
    """

    compared: int = 0
    mappings: int = 0
    differences: list[Difference] = attrs.field(factory=list[Difference])

    def add(
        self,
        process: CaptureProcess,
        name: str | None,
        kernel: procmem.Usage,
        pages: abc.Mapping[str, int | None],
    ) -> None:
        """
        Compare *pages* with what the *kernel* printed.
        """
        self.mappings += 1
        for field, value in pages.items():
            expected = kernel.get(field)
            if isinstance(expected, int):
                self.compared += 1
                if expected != value:
                    found = Difference(process.pid, name, field, expected, value)
                    self.differences.append(found)

    def of(self, field: str) -> list[Difference]:
        """
        The differences in a field.
        """
        return [found for found in self.differences if found.field == field]

    def report(self, title: str) -> None:
        """
        Say how much was compared.
        """
        fields = sorted({found.field for found in self.differences})
        told = ", ".join(f"{len(self.of(field))} {field}" for field in fields)
        print(
            f"{title}: {self.mappings} rows, {self.compared} figures, "
            f"different: {told or 'none'}"
        )


def of_sums(found: Sums) -> dict[str, int | None]:
    """
    The sums of the reference by the names of counters, cut like the kernel's.
    """
    return {
        "rss": found.rss,
        "pss": printed(found.pss),
        "uss": found.private,
        "shared": found.shared,
        "anonymous": found.anonymous,
        "ksm": found.ksm,
        "lazy_free": found.lazy_free,
        "private_hugetlb": found.private_hugetlb,
        "shared_hugetlb": found.shared_hugetlb,
        "swap": found.swap,
        "swap_pss": printed(found.swap_pss),
        "locked": printed(found.locked),
    }


def of_usage(usage: procmem.Usage, fields: abc.Iterable[str]) -> dict[str, int | None]:
    """
    The counters of a usage, cut like the kernel's.
    """
    found: dict[str, int | None] = {}
    for field in fields:
        value = usage.get(field)
        assert not isinstance(value, str)
        cut = field in SHARES and value is not None
        found[field] = value // 1024 * 1024 if cut and value is not None else value
    return found


def is_bounded(evidence: Evidence, found: Difference) -> bool:
    """
    Whether what differs is missing, and within bounds if there are any.
    """
    low, high = evidence.bounds.get(found.field, (0, found.kernel))
    # The kernel cuts what it prints.
    return found.pages is None and low // 1024 * 1024 <= found.kernel <= high


def prefix_of(process: CaptureProcess) -> str:
    """
    Of the files that show the memory of a process: those of its last thread
    if the first has ended.
    """
    status = procmem.parse_status(process.read("status"))
    if status.state == "Z" and (status.threads or 0) > 1:
        return f"task/{process.threads()[-1]}/"
    return ""


def with_memory(source: CaptureSource) -> abc.Iterator[tuple[CaptureProcess, str]]:
    """
    The processes that have an address space, each with its prefix.
    """
    for pid in source.pids():
        process = source.pin(pid)
        prefix = prefix_of(process)
        if process.read(f"{prefix}smaps"):
            yield process, prefix
