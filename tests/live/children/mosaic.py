"""
A process with many mappings that differ in size, permissions and residency.

Argument: how many.
"""

from __future__ import annotations

import sys

from tests.live.children import libc

_LARGEST = 16


def main(count: int) -> None:
    """
    Lay the mappings and wait.
    """
    libc.report(pieces=lay(count))
    libc.wait_for_end()


def lay(count: int) -> list[tuple[int, int, int]]:
    """
    Lay mappings side by side, alternately read-only and writable; the address,
    size and touched bytes of each.
    """
    # One reservation around all keeps them in order, and its inaccessible rim
    # keeps the outer ones from growing together with what is next to them.
    pages = [1 + number % _LARGEST for number in range(count)]
    rim = libc.PAGE
    total = sum(pages) * libc.PAGE + 2 * rim
    start = libc.map_memory(total, protection=libc.PROT_NONE)
    libc.use_small_pages(start, total)
    pieces = []
    address = start + rim
    for number, length in enumerate(pages):
        size = length * libc.PAGE
        # 0 to all pages; 7 has no divisor in common with the sizes' period.
        touched = (number * 7 % (length + 1)) * libc.PAGE
        libc.protect(address, size, libc.PROT_READ | libc.PROT_WRITE)
        if touched:
            libc.write(address, touched)
        if number % 2:
            # Neighbours with equal permissions would become one mapping.
            libc.protect(address, size, libc.PROT_READ)
        pieces.append((address, size, touched))
        address += size
    return pieces


if __name__ == "__main__":
    main(int(sys.argv[1]))
