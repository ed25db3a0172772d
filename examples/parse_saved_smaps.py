"""
What did a process use when somebody saved its smaps?

Usage: parse_saved_smaps.py [FILE]  (without FILE: bash.smaps beside it)

bash.smaps is that of a subshell of bash, on Linux 6.18.
"""

from __future__ import annotations

import sys
from pathlib import Path

import procmem


def main() -> None:
    """
    Parse the text and add it up by what the mappings are for.
    """
    beside = Path(__file__).with_name("bash.smaps")
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else beside
    mappings = procmem.parse_smaps(path.read_bytes())
    print(f"{len(mappings)} mappings; bytes by kind:")
    print(f"{'kind':>15} {'rss':>12} {'pss':>12} {'uss':>12}")
    kinds = procmem.accounting.by_kind(mappings)
    for kind, usage in sorted(kinds.items(), key=lambda item: -item[1].pss):
        print(f"{kind:>15} {usage.rss:>12,} {usage.pss:>12,} {usage.uss:>12,}")
    low, high = procmem.accounting.footprint_bounds(mappings)
    print(f"footprint: between {low:,} and {high:,} bytes")


if __name__ == "__main__":
    main()
