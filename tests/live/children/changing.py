"""
A process that holds memory, and becomes another program when it is told to.

Arguments: bytes of anonymous memory that it holds, the number of mappings
beside it, and how often it has changed.  SIGUSR1 makes it exec, holding twice
as much after the first time.
"""

from __future__ import annotations

import os
import signal
import sys

from tests.live.children import libc


def main(held: int, mappings: int, changes: int = 0) -> None:
    """
    Hold the memory and wait.
    """
    addresses = [libc.hold(libc.PAGE) for _ in range(mappings)]
    address = libc.hold(2 * held if changes else held)

    def change(*_: object) -> None:
        words = (held, len(addresses), changes + 1)
        module = "tests.live.children.changing"
        arguments = [sys.executable, "-S", "-m", module, *map(str, words)]
        os.execv(sys.executable, arguments)

    signal.signal(signal.SIGUSR1, change)
    # It is blocked in the new program if that begins within the handler of it.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
    libc.report(held=address)
    libc.wait_for_end()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
