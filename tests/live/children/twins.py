"""
A process and a second one, not a thread, in the same address space.

Argument: bytes of anonymous memory that they hold.
"""

from __future__ import annotations

import os
import signal
import sys

from tests.live.children import libc

# The other ends by itself after that, should nobody be left to end it.
_SECONDS = 3600


def main(held: int) -> None:
    """
    Start the other and wait.
    """
    address = libc.hold(held)
    other = libc.sleep_in_same_memory(_SECONDS, libc.CLONE_VM | signal.SIGCHLD)
    libc.report(held=address, other=other)
    libc.wait_for_end()
    os.kill(other, signal.SIGKILL)
    os.waitpid(other, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
