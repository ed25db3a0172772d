"""
Does a piece of code stay within its budget of memory?

Measures what a call leaves behind, and ends with status 1 if that is too much.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import procmem

BUDGET = "24 MiB"


def growth(call: Callable[[], object]) -> int:
    """
    By how many bytes the footprint of this process grows while *call* runs
    and its result is held.  What it used in between and gave back is not seen.
    """
    before = procmem.footprint()
    result = call()
    after = procmem.footprint()
    del result
    return after - before


def main() -> int:
    """
    Check a call that needs 16 MiB.
    """
    budget = procmem.parse_size(BUDGET)
    grown = growth(lambda: b"x" * (16 * 2**20))
    within = grown <= budget
    shown = procmem.format_size(grown, decimals=1)
    print(f"{'ok' if within else 'too much'}: grew by {shown}, budget {BUDGET}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
