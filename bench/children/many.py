"""
A process with many mappings, side by side.

Arguments: of which kind, how many, a folder for files.

* ``large``: memory of 1 to 256 pages, of which none to all were touched.
* ``small``: the same with 1 to 64 pages, so that the kernel has little to do
  besides printing.
* ``distinct``: no two are of the same size, and so many of one shared file
  are touched and so many pages copied that hardly any two blocks of smaps
  are alike.
* ``files``: four mappings of each file, like those of libraries.
"""

from __future__ import annotations

import mmap
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

PAGE = mmap.PAGESIZE
PRIVATE = mmap.MAP_PRIVATE
# Where the numbers of touched and copied pages begin anew: primes.
TOUCHED = 751
COPIED = 61
PER_FILE = 4


def differing(count: int, most: int) -> Iterator[mmap.mmap]:
    for number in range(count):
        # Steps without a divisor in common with any period, so that sizes
        # and residencies meet in ever new pairs.
        pages = 1 + number * 37 % most
        memory = mmap.mmap(-1, pages * PAGE, PRIVATE | mmap.MAP_ANONYMOUS)
        # Neighbours that are alike would become one mapping.
        if number % 2:
            memory.madvise(mmap.MADV_DONTDUMP)
        try:
            memory.madvise(mmap.MADV_NOHUGEPAGE)
        except OSError:
            pass  # a kernel without huge pages
        touch(memory, number * 7919 % (pages + 1))
        yield memory


def distinct(count: int) -> Iterator[mmap.mmap]:
    file = os.memfd_create("bench")
    os.truncate(file, count * PAGE)
    for number in range(count):
        pages = 1 + number
        if number % 3:
            memory = mmap.mmap(file, pages * PAGE, mmap.MAP_SHARED)
            # Writing maps one page; reading would map those around it too.
            touch(memory, number % TOUCHED)
        else:
            memory = mmap.mmap(file, pages * PAGE, PRIVATE)
            memory[: number % TOUCHED * PAGE : PAGE]  # reads one byte of each page
            touch(memory, min(pages, number % COPIED))
        yield memory


def files(count: int, folder: Path) -> Iterator[mmap.mmap]:
    length = 16 * PAGE
    for number in range(count):
        path = folder / f"libsome{number // PER_FILE}.so.1"
        part = number % PER_FILE
        if not part:
            path.write_bytes(bytes(length * PER_FILE))
        with path.open("rb") as file:
            # Parts of a file that follow each other would become one mapping
            # if they had the same permissions.
            protection = mmap.PROT_READ | (mmap.PROT_WRITE if part % 2 else 0)
            memory = mmap.mmap(
                file.fileno(), length, PRIVATE, protection, offset=part * length
            )
        memory[:1]  # reads
        if part % 2:
            touch(memory, number // PER_FILE % 16)
        yield memory


def touch(memory: mmap.mmap, pages: int) -> None:
    pages = min(pages, len(memory) // PAGE)
    memory[: pages * PAGE : PAGE] = b"x" * pages


def main(kind: str, count: int, folder: Path) -> None:
    # An mmap object keeps a descriptor of its file.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    made = {
        "large": lambda: differing(count, 256),
        "small": lambda: differing(count, 64),
        "distinct": lambda: distinct(count),
        "files": lambda: files(count, folder),
    }
    kept = list(made[kind]())
    print("ready", flush=True)
    sys.stdin.read()
    del kept


main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
