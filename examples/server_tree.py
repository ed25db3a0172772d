"""
What does a server with forked workers cost, all in all?

It has 60 MiB of data, and forks three workers, one of which rewrites 20.
"""

from __future__ import annotations

import os

import procmem

MIB = 2**20


def shown(size: int) -> str:
    """
    In MiB, right-aligned.
    """
    return f"{size / MIB:>9.1f}"


def main() -> None:
    """
    Fork, and read the whole tree in one pass.
    """
    data = bytearray(60 * MIB)
    end, parent_end = os.pipe()
    ready, worker_end = os.pipe()
    for number in range(3):
        if os.fork() == 0:
            os.close(parent_end)
            if number == 0:
                data[: 20 * MIB] = b"y" * (20 * MIB)
            os.write(worker_end, b".")
            os.read(end, 1)
            os._exit(0)
    for _ in range(3):
        os.read(ready, 1)
    group = procmem.tree()
    print("footprint       pss       uss       rss  process, MiB")
    for member in group.members:
        sizes = member.footprint, member.usage.pss, member.usage.uss, member.usage.rss
        print("".join(map(shown, sizes)), f" {member.name!r}")
    sums = group.footprint, group.pss, group.uss_sum, group.rss_sum
    print("".join(map(shown, sums)), " added up")
    print("complete" if group.complete else f"incomplete: {group.missing}")
    os.close(parent_end)
    for _ in range(3):
        os.wait()


if __name__ == "__main__":
    main()
