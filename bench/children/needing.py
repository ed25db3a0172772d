"""
A process that maps and touches memory when it is told to.

Reads a word and a number of bytes a line: ``hold`` keeps so much more,
``spike`` lets it go at once.  Answers each with a line.
"""

import mmap
import sys

kept = []


def touched(size: int) -> mmap.mmap:
    block = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        block.madvise(mmap.MADV_NOHUGEPAGE)
    except OSError:
        pass  # a kernel without huge pages
    # One page after the other, without a second copy of anything.
    for place in range(0, size, mmap.PAGESIZE):
        block[place] = 1
    return block


print("ready", flush=True)
for line in sys.stdin:
    word, size = line.split()
    block = touched(int(size))
    if word == "hold":
        kept.append(block)
    else:
        block.close()
    print("done", flush=True)
