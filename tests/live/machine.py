"""
Give the machine huge pages, swap or a merger of equal pages, and take them away.

Whatever happens, all is as it was before at the end of the block.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.live.control import NotHereError, temporary_folder
from tests.live.processes import require_root

_MIB = 1 << 20

_HUGE_PAGES = Path("/proc/sys/vm/nr_hugepages")
_MERGER = Path("/sys/kernel/mm/ksm")
_TRANSPARENT = Path("/sys/kernel/mm/transparent_hugepage")

_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """
    One at a time: two who change a setting and change it back would leave
    behind what the other found.

    Raises:
        NotHereError: If the tests may not change the machine at all.
    """
    require_root()
    with (Path(tempfile.gettempdir()) / "procmem-live.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _setting(path: Path, value: str) -> Iterator[None]:
    """
    Another value of a kernel's setting.

    Raises:
        NotHereError: If there is no such setting.
    """
    if not path.exists():
        msg = f"the kernel has no {path}"
        raise NotHereError(msg)
    before = path.read_text()
    path.write_text(value)
    try:
        yield
    finally:
        path.write_text(before)


@contextlib.contextmanager
def huge_pages(count: int = 2) -> Iterator[int]:
    """
    At least *count* free pages of hugetlbfs; yields their size in bytes.

    Raises:
        NotHereError: If the memory has too many gaps for them.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_alone())
        before = int(_HUGE_PAGES.read_text()) if _HUGE_PAGES.exists() else 0
        stack.enter_context(_setting(_HUGE_PAGES, str(before + count)))
        if int(_HUGE_PAGES.read_text()) < before + count:
            msg = f"no {count} huge pages are to be had"
            raise NotHereError(msg)
        found = re.search(r"Hugepagesize: +(\d+) kB", Path("/proc/meminfo").read_text())
        assert found is not None
        yield 1024 * int(found[1])


@contextlib.contextmanager
def merging() -> Iterator[None]:
    """
    The kernel looks for equal pages that a process allows it to merge.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_alone())
        before = (_MERGER / "run").read_text().strip() if _MERGER.exists() else ""
        # 0 stops it and leaves merged what is merged; so it is taken apart if
        # nobody had it on.
        if before == "0":
            stack.callback((_MERGER / "run").write_text, "0")
            stack.callback((_MERGER / "run").write_text, "2")
        # An eager merger, so that the test is over soon.
        stack.enter_context(_setting(_MERGER / "pages_to_scan", "20000"))
        stack.enter_context(_setting(_MERGER / "sleep_millisecs", "10"))
        stack.enter_context(_setting(_MERGER / "run", "1"))
        yield


def huge_page_size() -> int:
    """
    Bytes that a transparent huge page has.

    Raises:
        NotHereError: If there are none even for who asks for them.
    """
    if not (_TRANSPARENT / "enabled").exists():
        msg = "the kernel has no transparent huge pages"
        raise NotHereError(msg)
    if "[never]" in (_TRANSPARENT / "enabled").read_text():
        msg = "transparent huge pages are switched off"
        raise NotHereError(msg)
    return int((_TRANSPARENT / "hpage_pmd_size").read_text())


@contextlib.contextmanager
def swap(size: int = 64 * _MIB) -> Iterator[None]:
    """
    A file of *size* bytes to swap to.

    Raises:
        NotHereError: If the user, the kernel or the file system does not allow
            it, or there is swap already: the kernel might use that instead.
    """
    with _alone():
        yield from _swap(size)


def _swap(size: int) -> Iterator[None]:
    if len(Path("/proc/swaps").read_text().splitlines()) > 1:
        msg = "the machine swaps to somewhere else"
        raise NotHereError(msg)
    if (mkswap := shutil.which("mkswap", path=f"{os.defpath}:/sbin:/usr/sbin")) is None:
        msg = "mkswap is not installed"
        raise NotHereError(msg)
    with temporary_folder() as folder:
        file = folder / "swap"
        # Without holes, which the kernel refuses.
        with file.open("wb") as stream:
            for _ in range(size // _MIB):
                stream.write(bytes(_MIB))
        file.chmod(0o600)
        subprocess.run([mkswap, file], check=True, capture_output=True)
        if _libc.swapon(os.fsencode(file), 0) == -1:
            msg = f"swapon: {os.strerror(ctypes.get_errno())}"
            raise NotHereError(msg)
        try:
            yield
        finally:
            if _libc.swapoff(os.fsencode(file)) == -1:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), str(file))
