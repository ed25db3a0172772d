"""
Why is VIRT so large?

Usage: where_virt_goes.py [PID]  (without PID: the script itself, which first
reserves 1 GiB and touches 1 MiB of it)
"""

from __future__ import annotations

import mmap
import sys
from collections import Counter

import procmem

MIB = 2**20


def main() -> None:
    """
    For each kind of mapping, what is reserved and what is there.
    """
    pid = int(sys.argv[1]) if len(sys.argv) > 1 else None
    with mmap.mmap(-1, 1024 * MIB) as reserved:
        reserved[:MIB] = b"x" * MIB
        mappings = procmem.mappings(pid)
    sizes: Counter[procmem.MappingKind] = Counter()
    for mapping in mappings:
        sizes[mapping.kind] += mapping.size
    resident = procmem.accounting.by_kind(mappings)
    print("reserved, MiB  resident, MiB  kind")
    for kind, size in sizes.most_common():
        print(f"{size / MIB:>13.1f} {resident[kind].rss / MIB:>14.1f}  {kind}")


if __name__ == "__main__":
    main()
