"""
A process of so many MiB of touched pages of the smallest size.

Argument: how many.
"""

import mmap
import sys

size = int(sys.argv[1]) * 1024**2
block = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
try:
    block.madvise(mmap.MADV_NOHUGEPAGE)
except OSError:
    pass  # a kernel without huge pages
block[:: mmap.PAGESIZE] = bytes(size // mmap.PAGESIZE)

print("ready", flush=True)
sys.stdin.read()
