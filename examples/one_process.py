"""
How much memory does one process use, by five measures?

Usage: one_process.py [PID]  (without PID: the script itself)
"""

from __future__ import annotations

import sys

import procmem

MEASURES = {
    "rss": "every page in memory, whoever shares it",
    "pss": "each page divided by its sharers",
    "uss": "the pages that are mapped only here",
    "swap": "what is swapped out",
    "footprint": "what it costs: PSS without files, plus swap",
}


def main() -> None:
    """
    Read the process once and print a line for each measure.
    """
    pid = int(sys.argv[1]) if len(sys.argv) > 1 else None
    usage = procmem.usage(pid)
    for name, meaning in MEASURES.items():
        value = usage.get(name)
        shown = (
            "unknown" if value is None else procmem.format_size(int(value), decimals=1)
        )
        print(f"{name:>9} {shown:>10}  {meaning}")
    print(f"read: {', '.join(usage.evidence.files)}")


if __name__ == "__main__":
    main()
