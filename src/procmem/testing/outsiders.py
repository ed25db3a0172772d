"""
Who shares memory with the measured processes and is not one of them.

The kernel divides a page by all that map it.  If one of those is not measured
(the parent that a worker was forked from, its siblings, a child that left the
tree), the figure is less than what the measured processes would cost alone.

Whether that is so is mostly seen at once: what they have in full is what they
have in shares.  Otherwise the others are looked for.  Memory without a file is
shared along ``fork`` without ``execve`` only, and a process keeps what the
kernel chose at random for it at its last ``execve``: where its code, its stack
and its heap begin.  Whoever has the same in ``stat`` is a relative.  Shared
memory is looked for by the identity of its file in ``maps``.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import attrs

from procmem.errors import ProcmemError
from procmem.sizes import format_size

if TYPE_CHECKING:
    from procmem.sources.base import PinnedProcess, Source
    from procmem.testing.reading import Reading
    from procmem.testing.texts import Text

__all__ = ["Outsider", "Outsiders", "find"]

# What a page that two share loses is at least half a page; the kernel rounds
# off less than this.
_ROUNDED_OFF = 1024

# Fields of stat, counted from the one after the name: where the code, the
# stack and the heap begin (26, 28 and 47 of proc_pid_stat(5)).
_CODE, _STACK, _HEAP = 23, 25, 44
# What stands there for whoever may not know.
_HIDDEN = b"1"
_NONE = b"0"

_SHOWN = 3

# A line of maps with a file that is no library: of a file system without a
# disk, and shared or shared memory by its name.
_SHARED_FILE = re.compile(
    rb"^[0-9a-f]+-[0-9a-f]+ "
    rb"(?:...s [0-9a-f]+ (00:[0-9a-f]+ [1-9][0-9]*)|"
    rb"...p [0-9a-f]+ (00:[0-9a-f]+ [1-9][0-9]*) +/(?:dev/shm/|memfd:|SYSV))",
    re.MULTILINE,
)

_Layout = tuple[bytes, bytes, bytes]


@attrs.frozen(kw_only=True)
class Outsider:
    """
    A process that shares memory with those that were measured.

    Attributes:
        pid: Its number.

        name: Of its program.

        share: Its own share of all that it shares with anybody, in bytes;
            None if that could not be read.
    """

    pid: int
    name: str
    share: int | None


@attrs.frozen(kw_only=True)
class Outsiders:
    """
    Whoever shares memory with the measured processes.

    Attributes:
        processes: Those that were found.

        at_most: What the measured processes cost at most on top of their
            share, in bytes.

        missing: Why there may be others, as phrases.
    """

    processes: tuple[Outsider, ...]
    at_most: int
    missing: tuple[str, ...] = ()

    @property
    def pids(self) -> tuple[int, ...]:
        """
        The pids of those that were found.
        """
        return tuple(process.pid for process in self.processes)

    def __str__(self) -> str:
        count = len(self.processes)
        named = [f"{one.name} (pid {one.pid})" for one in self.processes[:_SHOWN]]
        if count > _SHOWN:
            named.append(f"{count - _SHOWN} more")
        who = ", ".join(named) or "processes that are not known"
        more = format_size(self.at_most, decimals=1)
        return f"with {who}, not measured: up to {more} more in full"


class _Shared(NamedTuple):
    """
    Bytes that are in full but not in shares, by what they are.
    """

    anonymous: int
    shmem: int
    swap: int

    @property
    def total(self) -> int:
        return sum(self)


def find(reading: Reading, source: Source) -> Outsiders | None:
    """
    Who shares memory with the processes of *reading*, or None if nobody does.
    """
    shared = [_shared(text) for text in reading.counted]
    if not any(one.total for one in shared):
        return None
    search = _Search(reading, source)
    anonymous = any(one.anonymous or one.swap for one in shared)
    found = search.run(anonymous=anonymous, shmem=any(one.shmem for one in shared))
    merged = sum(text.amount("ksm") or 0 for text in reading.counted)
    missing = list(search.missing)
    if merged:
        size = format_size(merged, decimals=1)
        missing.append(f"with whom {size} are shared that KSM has merged")
    if not found and not missing:
        return None
    # In full is all that there can be; and what somebody outside has of it is
    # what is not here.
    at_most = sum(one.total for one in shared)
    shares = [one.share for one in found]
    if not search.missing and None not in shares:
        theirs = sum(share or 0 for share in shares) + merged
        at_most = min(at_most, theirs)
    return Outsiders(processes=tuple(found), at_most=at_most, missing=tuple(missing))


def _shared(text: Text) -> _Shared:
    return _Shared(
        anonymous=_less(text.amount("anonymous"), text.amount("pss_anon")),
        shmem=_less(text.cheap(b"RssShmem"), text.amount("pss_shmem")),
        swap=_less(text.cheap(b"VmSwap"), text.amount("swap_pss")),
    )


def _less(whole: int | None, share: int | None) -> int:
    if whole is None or share is None or whole - share <= _ROUNDED_OFF:
        return 0
    return whole - share


class _Search:
    """
    A look at all other processes.
    """

    def __init__(self, reading: Reading, source: Source) -> None:
        self._source = source
        self._inside = {text.pid for text in reading.texts}
        self._texts = reading.counted
        self.missing: list[str] = []

    def run(self, *, anonymous: bool, shmem: bool) -> list[Outsider]:
        layouts: set[_Layout] = self._layouts() if anonymous else set()
        files: set[bytes] = self._files() if shmem else set()
        found: list[Outsider] = []
        hidden: list[int] = []
        for pid in self._source.pids():
            if pid in self._inside:
                continue
            try:
                with self._source.pin(pid) as process:
                    stat = process.read("stat")
                    layout = _layout(stat)
                    is_one = layout in layouts
                    if not is_one and layout[0] == _HIDDEN:
                        if self._may_be_one(process, stat):
                            hidden.append(pid)
                        continue
                    if not is_one and files and layout[0] != _NONE:
                        is_one = not files.isdisjoint(
                            _shared_files(process.read("maps"))
                        )
                    if is_one:
                        found.append(_outsider(pid, stat, process.read("smaps_rollup")))
            except (ProcmemError, OSError):
                continue
        if hidden:
            some = ", ".join([*map(str, hidden[:_SHOWN]), *["..."][: len(hidden) // 4]])
            self.missing.append(
                f"whether some that may not be read share memory too (pid {some})"
            )
        return found

    def _may_be_one(self, process: PinnedProcess, stat: bytes) -> bool:
        """
        Whether a process that may not be looked into can be a relative.

        Without an ``execve``, only those who may do anything change their
        user, and a program is called as it was before the fork, or was
        started with the same command line.
        """
        if _user(process.read("status")) not in self._users:
            return False
        if _name(stat) in {_name(text.stat) for text in self._texts}:
            return True
        line = process.read("cmdline")
        return bool(line) and line in self._command_lines

    @cached_property
    def _users(self) -> set[bytes]:
        return {_user(text.status) for text in self._texts}

    @cached_property
    def _command_lines(self) -> set[bytes]:
        lines: set[bytes] = set()
        for text in self._texts:
            try:
                with self._source.pin(text.pid) as process:
                    lines.add(process.read("cmdline"))
            except ProcmemError:
                continue
        return lines

    def _layouts(self) -> set[_Layout]:
        layouts = {_layout(text.stat) for text in self._texts if text.totals}
        known = {layout for layout in layouts if layout[0] not in {_HIDDEN, _NONE}}
        if known != layouts:
            self.missing.append("who descends from the same program")
        return known

    def _files(self) -> set[bytes]:
        files: set[bytes] = set()
        for text in self._texts:
            if text.smaps is not None:
                files |= _shared_files(text.smaps)
                continue
            try:
                with self._source.pin(text.pid) as process:
                    files |= _shared_files(process.read("maps"))
            except ProcmemError:
                self.missing.append(f"what shared memory process {text.pid} maps")
        return files


def _layout(stat: bytes) -> _Layout:
    fields = stat.rpartition(b")")[2].split()
    if len(fields) <= _HEAP:
        # Before Linux 3.3 the heap is not told.
        return _HIDDEN, b"", b""
    return fields[_CODE], fields[_STACK], fields[_HEAP]


def _user(status: bytes) -> bytes:
    """
    The effective user.
    """
    fields = status.partition(b"\nUid:")[2].split(maxsplit=2)
    return fields[1] if len(fields) > 1 else b""


def _name(stat: bytes) -> bytes:
    return stat.partition(b"(")[2].rpartition(b")")[0]


def _shared_files(maps: bytes) -> set[bytes]:
    return {one or two for one, two in _SHARED_FILE.findall(maps)}


def _outsider(pid: int, stat: bytes, rollup: bytes) -> Outsider:
    from procmem.testing.texts import Text

    text = Text(
        pid=pid, stat=stat, status=b"", totals=rollup, file="smaps_rollup", smaps=None
    )
    return Outsider(pid=pid, name=text.name, share=_share(text))


def _share(text: Text) -> int | None:
    """
    The share that it has of what it shares: of its memory without a file no
    more than is not its own.
    """
    names = ("pss", "uss", "pss_anon", "pss_shmem", "swap_pss")
    amounts = [text.amount(name) for name in names] if text.totals else []
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(names):
        return None
    pss, uss, anonymous, shmem, swap = known
    return min(anonymous + shmem, max(0, pss - uss)) + swap
