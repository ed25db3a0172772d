"""
How long the first answer of an interpreter takes, and the second.

Arguments: ``raw``, ``procmem`` or ``psutil``, and a pid.  Prints the seconds
of the import, the first call and the second call.
"""

import os
import sys
import time


def raw() -> None:
    descriptor = os.open(f"/proc/{pid}/smaps_rollup", os.O_RDONLY)
    try:
        while os.read(descriptor, 65536):
            pass
    finally:
        os.close(descriptor)


who, pid = sys.argv[1], int(sys.argv[2])
clock = time.perf_counter
start = clock()
if who == "procmem":
    import procmem

    ready = clock()
    procmem.pss(pid)
    first = clock()
    procmem.pss(pid)
elif who == "psutil":
    import psutil

    ready = clock()
    psutil.Process(pid).memory_full_info()
    first = clock()
    psutil.Process(pid).memory_full_info()
else:
    ready = clock()
    raw()
    first = clock()
    raw()
second = clock()
print(ready - start, first - ready, second - first)
