"""
A process with many children that have all of its memory in common.

Arguments: how many, bytes of private memory, how many bytes of it each child
rewrites, and how many bytes of a privately mapped file are written to before.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.live.children import libc


def main(count: int, held: int, rewritten: int, file: int) -> None:
    """
    Make the memory, fork, and wait.
    """
    address = libc.hold(held)
    path = Path("crowd-file")
    path.write_bytes(bytes(2 * file))
    with path.open("rb") as stream:
        copied = libc.map_memory(2 * file, flags=libc.MAP_PRIVATE, fd=stream.fileno())
    libc.use_small_pages(copied, 2 * file)
    libc.read(copied, 2 * file)
    libc.write(copied, file)

    ready, parent_lives = os.pipe(), os.pipe()
    children = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            os.close(parent_lives[1])
            libc.write(address, rewritten, byte=0x79)
            # Of a file, page tables are copied as far as it has copied pages.
            libc.read(copied, 2 * file)
            os.write(ready[1], b"x")
            os.read(parent_lives[0], 1)
            os._exit(0)
        children.append(child)
    for _ in children:
        os.read(ready[0], 1)
    libc.report(held=address, copied=copied, children=children)
    libc.wait_for_end()
    os.close(parent_lives[1])
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
