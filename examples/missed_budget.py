"""
What does a test fail with that costs too much?

Code that takes 20 MiB and has a child take 60 is given 50 MiB.  The text of
the exception has all of this and more; its values can be used one by one.
"""

from __future__ import annotations

import subprocess
import sys

from procmem import format_size
from procmem.testing import MemoryBudgetExceeded, budget

CHILD = "data = b'x' * (60 * 2**20); print('ready', flush=True); input()"


def main() -> None:
    """
    Miss a budget.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    try:
        with budget(growth="50 MiB", info="test_import"):
            data = b"x" * (20 * 2**20)
            child.stdout.readline()
    except MemoryBudgetExceeded as error:
        print(str(error).splitlines()[0])
        largest = error.diff.top(1)[0]
        grown = format_size(largest.growth(), decimals=1)
        print(f"mostly {largest.label}: {grown} more")
        for process in error.measurement.by_pid.values():
            assert process.before is not None
            assert process.after is not None
            grown = format_size(process.after - process.before, decimals=1)
            print(f"process {process.pid} {process.name!r}: {grown} more")
    del data
    child.communicate(b"\n")


if __name__ == "__main__":
    main()
