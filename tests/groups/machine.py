"""
A small machine made of bytes, with parents, sessions and cgroups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import procmem
from procmem.errors import AccessDeniedError
from tests import cli_machine
from tests.cli_machine import MIB

__all__ = ["MIB", "NEEDS", "Files", "denied", "machine", "process", "stat", "zombie"]

NEEDS = "the same user"

Content = bytes | Exception
Files = dict[str, Content | Sequence[Content]]

KTHREAD = 0x00200000


def stat(
    pid: int,
    *,
    name: bytes = b"worker",
    state: bytes = b"S",
    parent: int = 1,
    session: int = 1,
    threads: int = 1,
    start_time: int = 0,
    flags: int = 0,
    layout: tuple[int, int, int] = (0x1000, 0x2000, 0x7000),
) -> bytes:
    """
    What ``stat`` prints.
    """
    fields = [0] * 50
    # By their numbers in proc_pid_stat(5), of which the third is the first.
    values = {4: parent, 5: pid, 6: session, 9: flags, 20: threads}
    values.update({22: start_time or pid, 23: 1 << 20, 24: 256})
    values.update({26: layout[0], 27: layout[1], 28: layout[2]})
    for number, value in values.items():
        fields[number - 4] = value
    rest = " ".join(map(str, fields)).encode()
    return b"%d (%s) %s %s\n" % (pid, name, state, rest)


def process(
    pid: int,
    *,
    name: bytes = b"worker",
    uid: int = 0,
    anonymous: int = 16 * MIB,
    file: int = 8 * MIB,
    swap: int = 0,
    command: bytes = b"",
    cgroup: bytes = b"0::/\n",
    **who: int | bytes | tuple[int, int, int],
) -> Files:
    """
    The files of a process with memory.
    """
    own = cli_machine.process(
        name=name, uid=uid, anonymous=anonymous, file=file, swap=swap
    )
    return {
        **own,
        "status": of_process(own["status"], pid),
        "stat": stat(pid, name=name, **who),  # type: ignore[arg-type]
        "cmdline": command,
        "cgroup": cgroup,
    }


def of_process(status: bytes, process: int) -> bytes:
    """
    A status with the line that says whose it is.
    """
    return status.replace(b"\nState:", b"\nTgid:\t%d\nState:" % process, 1)


def denied(pid: int, **who: int | bytes) -> Files:
    """
    The files of a process whose memory is none of ours.
    """
    files = process(pid)
    files["stat"] = stat(pid, layout=(1, 1, 0), **who)  # type: ignore[arg-type]
    for file in ("smaps_rollup", "smaps"):
        files[file] = AccessDeniedError(pid, file, NEEDS)
    return files


def zombie(pid: int, **who: int | bytes) -> Files:
    """
    The files of a process that has ended and was not waited for.
    """
    own = cli_machine.zombie()
    return {
        **own,
        "status": of_process(own["status"], pid),
        "stat": stat(pid, state=b"Z", layout=(0, 0, 0), **who),  # type: ignore[arg-type]
    }


def machine(
    processes: Mapping[int, Files], *, calling: int = 1, **files: bytes
) -> procmem.InMemory:
    """
    A source of these processes, and of files of the machine.
    """
    return procmem.InMemory(processes=processes, calling=calling, machine=files)
