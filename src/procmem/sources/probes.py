"""
Single questions about what the running kernel lets this process read.
"""

from __future__ import annotations

import os
import re
import stat
from collections import abc
from functools import partial
from itertools import islice
from typing import Literal, TypeVar

from procmem.errors import AccessDeniedError, ProcmemError
from procmem.model.mapping import Mapping
from procmem.sources.base import Pagemap, PinnedProcess, Source
from procmem.sources.cachestat import evicted
from procmem.sources.live import DENIED, LiveProcess
from procmem.sources.procfs import ProcFS

__all__ = [
    "OTHERS",
    "Access",
    "Opened",
    "access",
    "frame_file",
    "has_cachestat",
    "is_first_user_namespace",
    "map_files",
    "mount_options",
    "others",
    "shows_frames",
    "swap_size",
    "tried",
]

_T = TypeVar("_T")

Access = Literal["readable", "denied", "missing", "masked"]
"""How a file is; masked is one that something empty is mounted over."""

# PROC_USER_INIT_INO in include/linux/proc_ns.h.
_FIRST_USER_NAMESPACE = "user:[4026531837]"

_PRESENT = 1 << 63
_FRAME = (1 << 55) - 1
# Entries to look at: of a stack, the last pages have surely been touched.
_ENTRIES = 512

# Processes of each sort to try, and to look at.
_ENOUGH = 3
_AT_MOST = 1000

OTHERS = ("smaps", "pagemap")
"""What is opened of other processes."""


Opened = dict[str, bool | None]
"""Whether files can be opened, by name; None if nobody knows."""


def tried(attempt: abc.Callable[[], _T]) -> _T | None:
    """
    What *attempt* gives, or None if the system does not let it.
    """
    try:
        return attempt()
    except (OSError, ProcmemError):
        return None


def access(process: PinnedProcess, file: str) -> Access:
    """
    How a file of a process is, by opening it.
    """
    try:
        if file == "pagemap":
            process.pagemap().close()
        else:
            with process.open(file):
                pass
    except AccessDeniedError:
        return "denied"
    except (ProcmemError, OSError):
        return "missing"
    return "readable"


def others(source: Source, uid: int, own: int) -> tuple[Opened, Opened]:
    """
    Whether files of other processes can be opened, by name: of this user's,
    and of other users'.  None where there is no such process.

    One that can be is enough, because some keep their memory to themselves.
    """
    same: list[dict[str, bool]] = []
    other: list[dict[str, bool]] = []
    for pid in islice(tried(source.pids) or (), _AT_MOST):
        if pid != own and (process := tried(partial(source.pin, pid))):
            with process:
                owner = tried(partial(_owner, process))
                kind = same if owner == uid else other
                if owner is not None and len(kind) < _ENOUGH:
                    kind.append(
                        {file: access(process, file) == "readable" for file in OTHERS}
                    )
        if len(same) == len(other) == _ENOUGH:
            break
    return (_any(same), _any(other))


def _any(opened: list[dict[str, bool]]) -> Opened:
    return {
        file: any(one[file] for one in opened) if opened else None for file in OTHERS
    }


def _owner(process: PinnedProcess) -> int | None:
    """
    The user of a process; None if it has no memory, which anyone may open.
    """
    # Hundreds are looked at, so this is no time to parse it all.
    text = process.read("status")
    owner = re.search(rb"^Uid:\t[0-9]+\t([0-9]+)", text, re.MULTILINE)
    return int(owner[1]) if owner and b"\nVmRSS:" in text else None


def frame_file(source: Source, file: str) -> Access:
    """
    How a file of frames is, by reading its beginning.
    """
    if not isinstance(source, ProcFS):
        frames = tried(lambda: source.frames(file))
        if frames is None:
            return "missing"
        frames.close()
        return "readable"
    try:
        with open(f"{source.root}/{file}", "rb", buffering=0) as opened:
            # Containers hide such files by mounting /dev/null over them.
            regular = stat.S_ISREG(os.fstat(opened.fileno()).st_mode)
            return "readable" if regular and opened.read(8) else "masked"
    except OSError as exc:
        return "denied" if exc.errno in DENIED else "missing"


def shows_frames(source: Source, pagemap: Pagemap, stack: Mapping) -> bool | None:
    """
    Whether a page table tells the frames of pages that are present.
    """
    pages = min(stack.size // source.page_size, _ENTRIES)
    data = pagemap.read(stack.end - pages * source.page_size, pages)
    for start in range(0, len(data), 8):
        entry = int.from_bytes(data[start : start + 8], source.byteorder)
        if entry & _PRESENT:
            # Frame 0 is no process's: that is how they are hidden.
            return bool(entry & _FRAME)
    return None


def map_files(own: PinnedProcess, mappings: abc.Sequence[Mapping]) -> bool | None:
    """
    Whether what is mapped can be opened; it is not.
    """
    if not isinstance(own, LiveProcess):
        return None
    for mapping in mappings:
        if mapping.path and mapping.path.startswith("/"):
            link = f"map_files/{mapping.start:x}-{mapping.end:x}"
            try:
                # To follow it takes the same right as to open it.
                os.stat(link, dir_fd=own.descriptor)
            except OSError as exc:
                return False if exc.errno in DENIED else None
            return True
    return None


def is_first_user_namespace(source: Source) -> bool | None:
    """
    Whether this process is in the user namespace that the machine began with.
    """
    if isinstance(source, ProcFS):
        link = tried(lambda: os.readlink(f"{source.root}/self/ns/user"))
        if link is not None:
            return link == _FIRST_USER_NAMESPACE
    # All users stand for themselves in it; as they may in another one.
    mapped = tried(lambda: source.read("self/uid_map"))
    return None if mapped is None else mapped.split() == [b"0", b"0", b"4294967295"]


def mount_options(source: Source, own: PinnedProcess) -> dict[str, str] | None:
    """
    The options of the proc file system itself.
    """
    if not isinstance(source, ProcFS):
        return None
    try:
        device = os.stat(source.root).st_dev
        lines = own.read("mountinfo").splitlines()
    except (OSError, ProcmemError):
        return None
    wanted = b"%d:%d" % (os.major(device), os.minor(device))
    for line in lines:
        # See proc_pid_mountinfo(5): a few optional fields end with a dash.
        before, _, after = line.partition(b" - ")
        if before.split()[2:3] == [wanted] and after.startswith(b"proc "):
            words = after.split()[-1].decode("ascii", "replace").split(",")
            return {key: value for key, _, value in (w.partition("=") for w in words)}
    return None


def swap_size(swaps: bytes | None) -> int | None:
    """
    Size of all swap areas, by the table in ``/proc/swaps``, in bytes.
    """
    if swaps is None:
        return None
    rows = [line.split() for line in swaps.splitlines()[1:]]
    # Names may hold no spaces there: the kernel escapes them.
    return sum(1024 * int(row[2]) for row in rows if len(row) == 5 and row[2].isdigit())


def has_cachestat() -> bool:
    """
    Whether ``cachestat(2)`` answers, which takes an open file.
    """
    descriptor = tried(lambda: os.memfd_create("procmem"))
    if descriptor is None:
        return False
    try:
        return evicted(descriptor, 0, 1) is not None
    finally:
        os.close(descriptor)
