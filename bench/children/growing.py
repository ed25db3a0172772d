"""
A process that lets its memory grow by so many MiB each time it reads a line.

Argument: how many.
"""

import mmap
import sys

size = int(sys.argv[1]) * 1024**2
step = 1024**2
block = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
try:
    block.madvise(mmap.MADV_NOHUGEPAGE)
except OSError:
    pass  # a kernel without huge pages
pages = bytes(step // mmap.PAGESIZE)

print("ready", flush=True)
for _ in sys.stdin:
    for start in range(0, size, step):
        block[start : start + step : mmap.PAGESIZE] = pages
    print("grown", flush=True)
    block.madvise(mmap.MADV_DONTNEED)
