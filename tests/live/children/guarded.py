"""
A process with the rights of some user that may be closed to its equals.

Arguments: bytes of anonymous memory that it holds, 1 or 0 for whether it is
dumpable, and user and group to become, if any.
"""

from __future__ import annotations

import sys

from tests.live.children import libc


def main(held: int, dumpable: int, uid: int = -1, gid: int = -1) -> None:
    """
    Take the rights and wait.
    """
    address = libc.hold(held)
    if uid == -1:
        libc.set_dumpable(bool(dumpable))
    else:
        libc.drop_to(uid, gid, dumpable=bool(dumpable))
    libc.report(held=address)
    libc.wait_for_end()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
