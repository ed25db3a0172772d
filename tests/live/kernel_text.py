"""
The kernel's own text, taken apart with as little code as possible.

What procmem answers is compared with this, so nothing here uses procmem: one
dict a mapping and one a file, every line of the text a key of it, sizes in
bytes.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Printed: TypeAlias = dict[str, object]

PAGE = os.sysconf("SC_PAGE_SIZE")

_PATIENCE = 200
_ATTEMPTS = 5

# Fields of status that are numbers without a unit, or more than one.
_NUMBERS = ("Tgid", "Pid", "PPid", "Threads")
_SWITCHES = ("Kthread", "CoreDumping", "THP_enabled", "THPeligible")
_LISTS = ("Uid", "Gid")


def text_of(pid: int, file: str) -> bytes:
    """
    The whole of ``/proc/PID/file``.
    """
    return Path(f"/proc/{pid}/{file}").read_bytes()


def steady(pid: int, files: tuple[str, ...], ask: Callable[[], T]) -> tuple[bytes, T]:
    """
    What *files* say, one after the other, and what *ask* answers meanwhile.

    Also what a stopped process has changes: its pages are shared with others
    who run. So the question is asked again until the files said the same
    before and after it.
    """
    for _ in range(_PATIENCE):
        before = [text_of(pid, file) for file in files]
        answer = ask()
        if before == [text_of(pid, file) for file in files]:
            return b"".join(before), answer
    msg = f"{files} of process {pid} never rest"
    raise TimeoutError(msg)


def despite_others(ask: Callable[P, T]) -> Callable[P, T]:
    """
    Ask again, a few times, if an assertion fails or a difference is found.

    Processes that start and end between two looks change how much is shared,
    and change it back. A mistake stays one however often it is looked at.
    """

    @functools.wraps(ask)
    def again(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(AssertionError):
                if not (found := ask(*args, **kwargs)):
                    return found
        return ask(*args, **kwargs)

    return again


def text(data: bytes) -> str:
    """
    Any bytes as text that can be turned back.
    """
    return data.decode(errors="surrogateescape")


def mappings(data: bytes) -> list[Printed]:
    """
    The mappings of maps or smaps, as *header()* and *counter()* give them.
    """
    found: list[Printed] = []
    for line in data.split(b"\n")[:-1]:
        # Keys begin with a capital letter, addresses with a digit or a small
        # letter.
        if line[:1].isupper():
            found[-1].update([counter(line)])
        else:
            found.append(header(line))
    return found


def header(line: bytes) -> Printed:
    """
    The fields of one line of maps.
    """
    addresses, permissions, offset, device, inode, name = line.split(b" ", 5)
    start, end = addresses.split(b"-")
    major, minor = device.split(b":")
    return {
        "start": int(start, 16),
        "end": int(end, 16),
        "permissions": text(permissions),
        "offset": int(offset, 16),
        "device": (int(major, 16), int(minor, 16)),
        "inode": int(inode),
        "name": text(name.lstrip(b" ")) or None,
    }


def counter(line: bytes) -> tuple[str, object]:
    """
    Key and value of a line below a header of smaps, or of status.
    """
    key, _, value = text(line).partition(":")
    if key == "Name":
        # May begin with spaces. Only two bytes are escaped, and a backslash
        # always is.
        parts = value.removeprefix("\t").split("\\\\")
        return key, "\\".join(part.replace("\\n", "\n") for part in parts)
    value = value.lstrip("\t ")
    if value.endswith(" kB"):
        return key, 1024 * int(value.removesuffix(" kB"))
    if key in _NUMBERS or key == "ProtectionKey":
        return key, int(value)
    if key in _SWITCHES:
        return key, value != "0"
    if key in _LISTS:
        return key, tuple(map(int, value.split()))
    if key == "VmFlags":
        return key, frozenset(value.split())
    if key == "State":
        return key, value[0]
    return key, value


def rollup(data: bytes) -> Printed:
    """
    The counters of smaps_rollup.
    """
    return dict(map(counter, data.split(b"\n")[1:-1]))


def status(data: bytes) -> Printed:
    """
    The fields of status.
    """
    return dict(map(counter, data.split(b"\n")[:-1]))


def statm(data: bytes) -> Printed:
    """
    The numbers of statm, in bytes, by procmem's names for them.
    """
    names = ("size", "resident", "shared", "text", "lib", "data", "dirty")
    return {
        name: PAGE * int(word) for name, word in zip(names, data.split(), strict=True)
    }


def stat(data: bytes) -> Printed:
    """
    Some fields of stat by procmem's names, counted as proc_pid_stat(5) does.
    """
    pid, _, rest = data.partition(b" (")
    name, _, rest = rest.rpartition(b") ")
    field = dict(enumerate(rest.split(), start=3))
    numbers = {
        "ppid": 4,
        "session": 6,
        "flags": 9,
        "minor_faults": 10,
        "child_minor_faults": 11,
        "major_faults": 12,
        "child_major_faults": 13,
        "threads": 20,
        "start_time": 22,
        "vsize": 23,
    }
    return {
        "pid": int(pid),
        "name": text(name),
        "state": text(field[3]),
        **{key: int(field[number]) for key, number in numbers.items()},
        "rss": PAGE * int(field[24]),
    }


def total(listed: list[Printed], key: str) -> int:
    """
    The sum of one counter over all mappings.
    """
    return sum(amount(mapping, key) for mapping in listed)


def amount(printed: Printed, key: str) -> int:
    """
    One counter, in bytes.
    """
    value = printed[key]
    assert isinstance(value, int)
    return value


def covering(listed: list[Printed], start: int, end: int) -> list[Printed]:
    """
    The mappings that lie inside of a range of addresses.
    """
    return [
        mapping
        for mapping in listed
        if start <= amount(mapping, "start") and amount(mapping, "end") <= end
    ]
