"""
What does another version of a program need more?

Two runs of a program, the second with a larger table; each writes a snapshot
of itself to a file, and the files are compared.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import procmem

PROGRAM = """
import sys, procmem
table = bytearray(int(sys.argv[1]) * 2**20)
procmem.snapshot().save(sys.argv[2])
"""


def run(size: int, path: Path) -> procmem.Snapshot:
    """
    One run; what it had when its table was made.
    """
    subprocess.run([sys.executable, "-c", PROGRAM, str(size), str(path)], check=True)
    return procmem.Snapshot.load(path)


def main() -> None:
    """
    Run it twice and compare.
    """
    with tempfile.TemporaryDirectory() as folder:
        before = run(16, Path(folder, "before.json"))
        after = run(40, Path(folder, "after.json"))
    difference = after - before
    largest = difference.top(1)[0]
    print(f"{procmem.format_size(difference.growth(), decimals=1)} more in all")
    print(f"{procmem.format_size(largest.growth(), decimals=1)} of it {largest.label}")
    rows = sum(row.growth() for row in difference.rows)
    print(f"the rows add up: {rows == difference.growth()}")


if __name__ == "__main__":
    main()
