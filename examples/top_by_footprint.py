"""
Which processes of a user cost the most?

Usage: top_by_footprint.py [USER]  (without USER: whoever runs it)
"""

from __future__ import annotations

import os
import pwd
import sys

import procmem

ROWS = 5


def main() -> None:
    """
    Ask every process of the user, sort, and say what was left out.
    """
    uid = pwd.getpwnam(sys.argv[1]).pw_uid if len(sys.argv) > 1 else os.getuid()
    rows: list[tuple[int, int, str]] = []
    unreadable = 0
    for pid in procmem.ProcFS().pids():
        try:
            # Held, so that name and size are those of the same process.
            with procmem.pinned(pid) as process:
                status = procmem.status(process)
                if status.uid and status.uid[0] == uid and status.has_address_space:
                    size = procmem.footprint(process)
                    rows.append((size, pid, status.name or "?"))
        except procmem.ProcessGoneError:
            continue
        except (procmem.AccessDeniedError, procmem.ProcessChangedError):
            unreadable += 1
    for size, pid, name in sorted(rows, reverse=True)[:ROWS]:
        # A name may hold anything, a newline too.
        print(f"{procmem.format_size(size, decimals=1):>10} {pid:>7} {name!r}")
    total = procmem.format_size(sum(size for size, _, _ in rows), decimals=1)
    print(f"{total:>10} in all {len(rows)} processes; {unreadable} may not be read")


if __name__ == "__main__":
    main()
