"""
A small machine made of bytes, for the tests of the command.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import procmem
from procmem import cli
from procmem.errors import AccessDeniedError

MIB = 1024**2

NEEDS = "the same user"


def status(
    *,
    name: bytes = b"worker",
    uid: int = 0,
    state: bytes = b"S (sleeping)",
    threads: int = 1,
    kthread: int | None = 0,
    memory: bool = True,
    peak: int | None = 24 * MIB,
) -> bytes:
    """
    What ``status`` prints.
    """
    lines = [
        b"Name:\t" + name,
        b"State:\t" + state,
        b"Uid:\t%d\t%d\t%d\t%d" % (77, uid, uid, uid),
        b"Threads:\t%d" % threads,
    ]
    if kthread is not None:
        lines.append(b"Kthread:\t%d" % kthread)
    if memory:
        lines.append(b"VmSize:\t%8d kB" % 4)
        if peak is not None:
            lines.append(b"VmHWM:\t%8d kB" % (peak // 1024))
    return b"".join(line + b"\n" for line in lines)


def counters(*, anonymous: int, file: int, swap: int = 0, split: bool = True) -> bytes:
    """
    Lines of a process with *anonymous* bytes of its own, *file* bytes that
    it shares with one other, and *swap* bytes in swap.
    """
    amounts = {
        "Rss": anonymous + file,
        "Pss": anonymous + file // 2,
        "Pss_Anon": anonymous,
        "Pss_File": file // 2,
        "Pss_Shmem": 0,
        "Shared_Clean": file,
        "Shared_Dirty": 0,
        "Private_Clean": 0,
        "Private_Dirty": anonymous,
        "Referenced": anonymous + file,
        "Anonymous": anonymous,
        "Swap": swap,
        "SwapPss": swap,
    }
    return b"".join(
        b"%s:%16d kB\n" % (key.encode(), amount // 1024)
        for key, amount in amounts.items()
        if split or key not in {"Pss_Anon", "Pss_File", "Pss_Shmem"}
    )


def rollup(*, anonymous: int, file: int, swap: int = 0, split: bool = True) -> bytes:
    """
    What ``smaps_rollup`` prints for such a process.
    """
    lines = counters(anonymous=anonymous, file=file, swap=swap, split=split)
    return b"1000-2000 ---p 00000000 00:00 0   [rollup]\n" + lines


def smaps(*, anonymous: int, file: int, swap: int = 0) -> bytes:
    """
    What ``smaps`` prints for it: one page for each, whatever is in it.
    """
    return b"".join(
        (
            b"1000-1800 rw-p 00000000 00:00 0   [heap]\nSize: 2 kB\n",
            counters(anonymous=anonymous, file=0, swap=swap, split=False),
            b"VmFlags: rd wr \n",
            b"1800-2000 r-xp 00000000 08:01 7   /lib/\xff\x1b[31m<b>.so\nSize: 2 kB\n",
            counters(anonymous=0, file=file, split=False),
            b"VmFlags: rd ex \n",
        )
    )


def process(
    *,
    name: bytes = b"worker",
    uid: int = 0,
    anonymous: int = 16 * MIB,
    file: int = 8 * MIB,
    swap: int = 0,
) -> dict[str, bytes]:
    """
    The files of a process with memory.
    """
    return {
        "status": status(name=name, uid=uid),
        "smaps_rollup": rollup(anonymous=anonymous, file=file, swap=swap),
        "smaps": smaps(anonymous=anonymous, file=file, swap=swap),
    }


def old_process(*, exact: bool) -> dict[str, bytes]:
    """
    A process on a kernel whose rollup does not split Pss.

    Its mappings tell its footprint, 16 MiB; or, as one of them has copies of
    pages of a file, no more than that it is from 12 to 16 MiB.
    """
    text = smaps(anonymous=16 * MIB, file=8 * MIB)
    if not exact:
        text = b"1800-2000 r-xp 00000000 08:01 7   /bin/sh\n" + counters(
            anonymous=16 * MIB, file=8 * MIB, split=False
        )
    old = rollup(anonymous=16 * MIB, file=8 * MIB, split=False)
    return {"status": status(), "smaps_rollup": old, "smaps": text}


def denied(pid: int, *, name: bytes = b"secret", uid: int = 0) -> dict[str, object]:
    """
    The files of a process whose memory is none of ours.
    """
    return {
        "status": status(name=name, uid=uid),
        "smaps_rollup": AccessDeniedError(pid, "smaps_rollup", NEEDS),
        "smaps": AccessDeniedError(pid, "smaps", NEEDS),
    }


def kernel_thread(**more: int | None) -> dict[str, bytes]:
    """
    The files of a kernel thread.
    """
    return {
        "status": status(name=b"kworker/0:1", memory=False, **{"kthread": 1, **more}),  # type: ignore[arg-type]
        "smaps_rollup": b"",
        "smaps": b"",
        "stat": b"2 (kworker/0:1) I 0 0 0 0 -1 2129984" + b" 0" * 43 + b"\n",
    }


def zombie() -> dict[str, bytes]:
    """
    The files of a process that has ended and was not waited for.
    """
    return {
        "status": status(name=b"done", state=b"Z (zombie)", memory=False),
        "smaps_rollup": b"",
        "smaps": b"",
    }


def machine(processes: dict[int, object]) -> procmem.InMemory:
    """
    A source of these processes.
    """
    return procmem.InMemory(processes=processes)  # type: ignore[arg-type]


def listing(
    capsys: pytest.CaptureFixture[str], processes: dict[int, object], *options: str
) -> tuple[list[list[str]], str]:
    """
    The table as cells, and what follows it.
    """
    assert 0 == cli.main(options, source=machine(processes))
    out, err = capsys.readouterr()
    assert "" == err
    table, notes = out.split("\n\n")
    return [line.split() for line in table.split("\n")], notes


def document(
    capsys: pytest.CaptureFixture[str],
    processes: dict[int, object],
    *arguments: str,
    code: int = 0,
) -> dict[str, Any]:
    """
    What ``--json`` prints, with the exit code that is expected.
    """
    assert code == cli.main(["--json", *arguments], source=machine(processes))
    text = capsys.readouterr().out
    assert text.isascii()
    assert text.endswith("}\n")
    found: dict[str, Any] = json.loads(text)
    # No lone surrogate hides in an escape.
    json.dumps(found, ensure_ascii=False).encode()
    return found
