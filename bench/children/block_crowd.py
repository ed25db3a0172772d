"""
A process with children that each hold a block of memory of their own.

Arguments: how many, and how many bytes each holds.
"""

import mmap
import os
import sys

count, size = map(int, sys.argv[1:])
ready, told = os.pipe()
start, end = os.pipe()
pids = []
for _ in range(count):
    pid = os.fork()
    if not pid:
        os.close(end)
        memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        try:
            memory.madvise(mmap.MADV_NOHUGEPAGE)
        except OSError:
            pass  # a kernel without huge pages
        memory[:: mmap.PAGESIZE] = b"x" * (size // mmap.PAGESIZE)
        os.write(told, b"x")
        # Ends when the parent does, however it ends.
        os.read(start, 1)
        os._exit(0)
    pids.append(pid)
for _ in pids:
    os.read(ready, 1)

print("ready", flush=True)
sys.stdin.read()
os.close(end)
for pid in pids:
    os.waitpid(pid, 0)
