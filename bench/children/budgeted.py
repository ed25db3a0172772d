"""
Budgets that a process sets itself.

Arguments: bytes of need, share above (or below) it that the limits are set,
how often.  Prints how many growth budgets and how many peak budgets failed.
"""

import gc
import mmap
import os
import sys
from pathlib import Path

from procmem.testing import MemoryBudgetExceeded, budget

need, share, runs = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
limit = round(need * (1 + share))


def touched() -> mmap.mmap:
    block = mmap.mmap(-1, need, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    block[:: mmap.PAGESIZE] = b"x" * (need // mmap.PAGESIZE)
    return block


def had() -> int:
    """
    What this process has besides, as the cheap counters tell.
    """
    # Failures are part of cycles, and what they hold would go at any time.
    gc.collect()
    with Path("/proc/self/status").open("rb") as file:
        lines = dict(line.split(b":", 1) for line in file)
    keys = (b"RssAnon", b"RssShmem", b"VmSwap")
    return sum(int(lines[key].split()[0]) * 1024 for key in keys)


# The helper that samples is there for the whole run of a test suite.
with budget(measure_peak=True):
    touched().close()
failures = {"growth": 0, "peak": 0}
for _ in range(runs):
    try:
        with budget(growth=limit):
            block = touched()
    except MemoryBudgetExceeded:
        failures["growth"] += 1
    block.close()
    try:
        with budget(peak=had() + limit):
            touched().close()
    except MemoryBudgetExceeded:
        failures["peak"] += 1
print(failures["growth"], failures["peak"], flush=True)
os._exit(0)
