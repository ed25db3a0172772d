"""
What a budget adds to the kernel's own reads of the same files.

Arguments: MiB that this process has, how many children it forks, whether the
peak is looked for, rounds.  Prints for each round the microseconds of the raw
reads and of entering and leaving a budget.
"""

import mmap
import os
import subprocess
import sys
import time

from procmem.testing import budget

size, children, peak, rounds = (int(word) for word in sys.argv[1:])
FILES = ("smaps", "smaps_rollup", "stat", "status")

block = mmap.mmap(-1, max(1, size) << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
block[:: mmap.PAGESIZE] = b"x" * (len(block) // mmap.PAGESIZE)
idle = [
    subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", "import sys; print(); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    for _ in range(children)
]
pids = [os.getpid(), *(child.pid for child in idle)]


def raw() -> None:
    for _ in range(2):
        for pid in pids:
            for file in FILES:
                descriptor = os.open(f"/proc/{pid}/{file}", os.O_RDONLY)
                while os.read(descriptor, 65536):
                    pass
                os.close(descriptor)


def ours() -> None:
    with budget("1 TiB", tree=children > 0, measure_peak=bool(peak)):
        pass


def microseconds(call: object) -> float:
    start = time.perf_counter()
    call()  # type: ignore[operator]
    return (time.perf_counter() - start) * 1e6


# With the helper running, and every module loaded.
with budget(measure_peak=True):
    pass
for _ in range(3):
    raw()
    ours()
for _ in range(rounds):
    print(microseconds(raw), microseconds(ours))
sys.stdout.flush()
for child in idle:
    child.kill()
    child.communicate()
