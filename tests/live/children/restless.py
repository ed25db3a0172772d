"""
A process that maps, unmaps and touches memory all the time, but holds some.

Argument: bytes of anonymous memory that it always holds.
"""

from __future__ import annotations

import random
import sys
import threading

from tests.live.children import libc

_AT_ONCE = 8
_LARGEST = 64


def main(held: int) -> None:
    """
    Churn until the end of the input.
    """
    address = libc.hold(held)
    over = threading.Event()

    def wait() -> None:
        libc.wait_for_end()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    libc.report(held=address)
    churn(over)


def churn(over: threading.Event) -> None:
    """
    Map, touch, split, empty and unmap, in an order that is the same each time.
    """
    choose = random.Random(0)
    areas: list[tuple[int, int]] = []
    while not over.is_set():
        pages = choose.randint(2, _LARGEST)
        size = pages * libc.PAGE
        area = libc.map_memory(size)
        areas.append((area, size))
        libc.write(area, choose.randint(1, pages) * libc.PAGE)
        # Splits it in two, whose first half may grow together with a
        # neighbour when it is writable again.
        half = pages // 2 * libc.PAGE
        libc.protect(area, half, libc.PROT_READ)
        if choose.random() < 1 / 2:
            libc.protect(area, half, libc.PROT_READ | libc.PROT_WRITE)
        if choose.random() < 1 / 4:
            libc.advise(area, size, libc.MADV_DONTNEED)
        if len(areas) > _AT_ONCE:
            libc.unmap(*areas.pop(choose.randrange(len(areas))))


if __name__ == "__main__":
    main(int(sys.argv[1]))
