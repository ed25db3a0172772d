"""
Who maps the C library, and what does each process pay for it?

Usage: who_pays_for_libc.py [PART_OF_NAME]
"""

from __future__ import annotations

import sys

import procmem

ROWS = 5


def paid_by(pid: int, part: str) -> tuple[int, int]:
    """
    PSS and RSS of all files of a process whose name holds *part*.
    """
    files = procmem.accounting.by_file(procmem.mappings(pid))
    found = [usage for key, usage in files.items() if part in (key.name or "")]
    return sum(usage.pss for usage in found), sum(usage.rss for usage in found)


def main() -> None:
    """
    Ask every process that may be read.
    """
    part = sys.argv[1] if len(sys.argv) > 1 else "/libc.so"
    rows: list[tuple[int, int, int]] = []
    for pid in procmem.ProcFS().pids():
        try:
            pss, rss = paid_by(pid, part)
        except procmem.ProcmemError:
            # Gone, not ours to read, or busy becoming another program.
            continue
        if rss:
            rows.append((pss, rss, pid))
    print("  PSS, bytes  RSS, bytes     pid")
    for pss, rss, pid in sorted(rows, reverse=True)[:ROWS]:
        print(f"{pss:>12,}{rss:>12,}{pid:>8}")
    print(f"{len(rows)} processes pay {sum(row[0] for row in rows):,} bytes together;")
    print(f"their RSS counts {sum(row[1] for row in rows):,}")


if __name__ == "__main__":
    main()
