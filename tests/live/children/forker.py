"""
A process whose children live for a few milliseconds each.

Argument: bytes of anonymous memory that it and its children hold.
"""

from __future__ import annotations

import os
import select
import sys
import time

from tests.live.children import libc

_AT_ONCE = 4


def main(held: int) -> None:
    """
    Fork until the end of the input.
    """
    address = libc.hold(held)
    libc.report(held=address)
    living = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        if os.fork() == 0:
            # Half of what was shared becomes its own.
            libc.write(address, held // 2)
            time.sleep(0.003)
            os._exit(0)
        living += 1
        if living == _AT_ONCE:
            os.wait()
            living -= 1
    for _ in range(living):
        os.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]))
