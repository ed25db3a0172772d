"""
A process with pages of some kind.

Arguments: the kind, and how many MiB.

* ``shared``: memory of two children too, whose frames follow each other.
* ``scattered``: the same, touched in random order while another process
  touched memory of its own, so that the frames lie anywhere.
* ``huge``: huge pages, where the kernel has some left.
* ``sparse``: a terabyte that is reserved, of which a thousand pages anywhere
  are used, whatever the size is.
* ``mixed``: a quarter each of a file, of shared memory that another process
  has too, of a file that is mapped twice, and of the page of zeros.
"""

from __future__ import annotations

import mmap
import os
import random
import sys

PAGE = mmap.PAGESIZE
OWN = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
# Python knows it from 3.11.9 on; the number is that of most architectures.
NORESERVE: int = getattr(mmap, "MAP_NORESERVE", 0x4000)
TERABYTE = 1 << 40
USED = 1000
# Whoever is forked ends when the last of its ancestors does.
START, END = os.pipe()


def memory(size: int, flags: int = OWN, *, huge: bool = False) -> mmap.mmap:
    block = mmap.mmap(-1, size, flags)
    try:
        block.madvise(mmap.MADV_HUGEPAGE if huge else mmap.MADV_NOHUGEPAGE)
    except OSError:
        pass  # a kernel without huge pages
    return block


def touch(block: mmap.mmap) -> None:
    block[::PAGE] = b"x" * (len(block) // PAGE)


def touch_anyhow(block: mmap.mmap, seed: int) -> None:
    places = list(range(0, len(block), PAGE))
    random.Random(seed).shuffle(places)
    for place in places:
        block[place] = 1


def fork() -> bool:
    """
    Whether this is the new process.
    """
    new = not os.fork()
    if new:
        os.close(END)
    return new


def wait_for_end() -> None:
    os.read(START, 1)
    os._exit(0)


def shared(size: int) -> list[mmap.mmap]:
    block = memory(size)
    touch(block)
    return divided(block)


def divided(block: mmap.mmap) -> list[mmap.mmap]:
    for _ in range(2):
        if fork():
            wait_for_end()
    return [block]


def scattered(size: int) -> list[mmap.mmap]:
    helper = os.fork()
    block = memory(size)
    touch_anyhow(block, helper)
    if not helper:
        os._exit(0)
    os.waitpid(helper, 0)
    return divided(block)


def huge(size: int) -> list[mmap.mmap]:
    block = memory(size, huge=True)
    touch(block)
    return [block]


def sparse(size: int) -> list[mmap.mmap]:
    block = memory(TERABYTE, OWN | NORESERVE)
    for place in random.Random(size).sample(range(TERABYTE // PAGE), USED):
        block[place * PAGE] = 1
    return [block]


def mixed(size: int) -> list[mmap.mmap]:
    import tempfile

    part = max(PAGE, size // 4 // PAGE * PAGE)
    with tempfile.TemporaryFile() as file:
        file.truncate(part)
        of_file = mmap.mmap(file.fileno(), part)
    touch(of_file)
    twice = os.memfd_create("twice")
    os.truncate(twice, part)
    views = [mmap.mmap(twice, part) for _ in range(2)]
    zeros = memory(part)
    common = memory(part, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
    new = fork()
    touch(common)
    if new:
        wait_for_end()
    for view in views:
        touch(view)
    zeros[::PAGE]  # reads one byte of each page
    return [of_file, *views, zeros, common]


def main(kind: str, size: int) -> None:
    kinds = {
        "shared": shared,
        "scattered": scattered,
        "huge": huge,
        "sparse": sparse,
        "mixed": mixed,
    }
    kept = kinds[kind](size * 1024**2)
    print("ready", flush=True)
    sys.stdin.read()
    del kept


main(sys.argv[1], int(sys.argv[2]))
