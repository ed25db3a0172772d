"""
A process that knows to the byte what it has in memory, and its forked child.

Arguments: bytes of private memory, of shared memory, of a file, of a memfd, and
how many of the private bytes the child rewrites.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.live.children import libc


def main(private: int, shared: int, file: int, memfd: int, rewritten: int) -> None:
    """
    Make everything resident, fork, and wait.
    """
    own = libc.hold(private)

    common = libc.map_memory(shared, flags=libc.MAP_SHARED | libc.MAP_ANONYMOUS)
    libc.use_small_pages(common, shared)
    libc.write(common, shared)

    path = Path("known-file").resolve()
    path.write_bytes(b"x" * file)
    with path.open("rb") as stream:
        read = libc.map_memory(
            file,
            protection=libc.PROT_READ,
            flags=libc.MAP_PRIVATE,
            fd=stream.fileno(),
        )
    libc.read(read, file)

    fd = os.memfd_create("known-memfd")
    os.truncate(fd, memfd)
    twice = [libc.map_memory(memfd, flags=libc.MAP_SHARED, fd=fd) for _ in range(2)]
    for address in twice:
        libc.use_small_pages(address, memfd)
        libc.write(address, memfd)

    ready, parent_lives = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(parent_lives[1])
        libc.write(own, rewritten, byte=0x79)
        os.write(ready[1], b"x")
        os.read(parent_lives[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    libc.report(
        child=child,
        private=own,
        shared=common,
        file=read,
        file_path=str(path),
        memfd=twice,
    )
    libc.wait_for_end()
    os.close(parent_lives[1])
    os.waitpid(child, 0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
