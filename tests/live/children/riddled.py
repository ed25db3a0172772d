"""
A process that takes memory and gives every second page of it back, again and
again, so that the kernel has holes to fill.

Argument: bytes of memory.
"""

from __future__ import annotations

import sys
import threading
import time

from tests.live.children import libc

_AT_ONCE = 3


def main(size: int) -> None:
    """
    Make holes until the end of the input.
    """
    over = threading.Event()

    def wait() -> None:
        libc.wait_for_end()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    areas = [_riddled(size)]
    libc.report(held=areas[0])
    while not over.is_set():
        areas.append(_riddled(size))
        if len(areas) > _AT_ONCE:
            libc.unmap(areas.pop(0), size)
        time.sleep(0.01)


def _riddled(size: int) -> int:
    address = libc.map_memory(size)
    libc.use_small_pages(address, size)
    libc.write(address, size)
    for page in range(address, address + size, 2 * libc.PAGE):
        libc.advise(page, libc.PAGE, libc.MADV_DONTNEED)
    return address


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
