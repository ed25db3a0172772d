"""
The one-call answers agree with the kernel's files of a process at rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

import procmem
from tests import children

_T = TypeVar("_T")
_U = TypeVar("_U")


@pytest.fixture(scope="module")
def pid() -> Iterator[int]:
    """
    A stopped process.
    """
    with children.stopped() as pid:
        yield pid


def printed(pid: int, file: str, *keys: str) -> int:
    """
    The sum of what the kernel prints behind *keys*, in bytes.
    """
    path = Path(f"/proc/{pid}/{file}")
    if not path.exists():
        pytest.skip(f"this kernel has no {file}")
    wanted = "|".join(keys)
    found = re.findall(
        rf"^(?:{wanted}):\s+([0-9]+) kB$", path.read_text(), re.MULTILINE
    )
    if not found:
        pytest.skip(f"this kernel does not print {wanted}")
    return 1024 * sum(map(int, found))


def at_rest(ask: Callable[[], _T], check: Callable[[], _U]) -> tuple[_T, _U]:
    """
    What both give, with *check* the same before and after.

    The sharers of its libraries run on, so that shares may move meanwhile.
    """
    for _ in range(100):
        before = check()
        answer = ask()
        if before == check():
            return answer, before
    pytest.skip("the machine is never at rest")


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("rss", "Rss"),
        ("pss", "Pss"),
        ("uss", "Private_Clean Private_Dirty"),
        ("shared", "Shared_Clean Shared_Dirty"),
        ("swap", "Swap"),
        ("footprint", "Pss_Anon Pss_Shmem SwapPss"),
    ],
)
def test_rollup(pid: int, name: str, keys: str) -> None:
    """
    Each total is what smaps_rollup prints, to the kB.
    """
    function = getattr(procmem, name)
    answer, expected = at_rest(
        lambda: function(pid), lambda: printed(pid, "smaps_rollup", *keys.split())
    )

    assert expected == answer


def test_peak_rss(pid: int) -> None:
    """
    The peak is VmHWM.
    """
    assert printed(pid, "status", "VmHWM") == procmem.peak_rss(pid)


@pytest.mark.parametrize(("name", "key"), [("rss", "Rss"), ("swap", "Swap")])
def test_mappings(pid: int, name: str, key: str) -> None:
    """
    The mappings add up to what smaps prints, and to the total.
    """
    total = getattr(procmem.accounting, name)(procmem.mappings(pid))

    assert printed(pid, "smaps", key) == total == getattr(procmem, name)(pid)


def test_size(pid: int) -> None:
    """
    The listing of a process at rest is whole: sizes add up to VmSize.
    """
    mappings = procmem.mappings(pid)

    assert printed(pid, "status", "VmSize") == sum(
        m.size for m in mappings if m.name not in {"[vsyscall]", "[vectors]"}
    )
    assert () == mappings.evidence.notes


def test_memory_that_is_known(pid: int) -> None:
    """
    The memory that the process has touched is there, and is its own.
    """
    assert procmem.footprint(pid) >= 9 << 20
    assert procmem.uss(pid) >= 9 << 20
    kinds = procmem.accounting.by_kind(procmem.mappings(pid))

    assert 1 << 20 == kinds[procmem.MappingKind.SHARED_MEMORY].rss


def test_psutil(pid: int) -> None:
    """
    Where the definitions are the same, psutil says the same.
    """
    process = psutil.Process(pid)
    full, answers = at_rest(
        process.memory_full_info,
        lambda: (procmem.rss(pid), procmem.uss(pid), procmem.swap(pid)),
    )

    assert (full.rss, full.uss, full.swap) == answers


def test_snapshot(pid: int) -> None:
    """
    The parts of a snapshot of a process at rest agree with each other.
    """
    snapshot = procmem.snapshot(pid)

    assert snapshot.usage.rss == procmem.accounting.rss(snapshot.mappings)
    assert procmem.status(pid).vm_size == snapshot.status.vm_size
