"""
A process with many mappings and two children like it, who wait to be killed.

Arguments: how many mappings, and 1 if who was killed stays a zombie until the
next one is.
"""

from __future__ import annotations

import os
import select
import signal
import sys

from tests.live.children import libc
from tests.live.children.mosaic import lay

_AT_ONCE = 2


def main(count: int, linger: int) -> None:
    """
    Replace each child that is killed, until the end of the input.
    """
    pieces = lay(count)
    living = [_fork() for _ in range(_AT_ONCE)]
    ended: list[int] = []
    libc.report(pieces=pieces)
    while not select.select([sys.stdin], [], [], 0.0005)[0]:
        for child in filter(_has_ended, tuple(living)):
            living.remove(child)
            living.append(_fork())
            ended.append(child)
        while len(ended) > linger:
            os.waitpid(ended.pop(0), 0)
    for child in living:
        os.kill(child, signal.SIGKILL)
    for child in living + ended:
        os.waitpid(child, 0)


def _fork() -> int:
    child = os.fork()
    if child == 0:
        while True:
            signal.pause()
    return child


def _has_ended(child: int) -> bool:
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, child, flags) is not None


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
