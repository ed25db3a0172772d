"""
A process whose first thread has ended while another lives on.

Argument: bytes of anonymous memory that it holds.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from tests.live.children import libc


def main(held: int) -> None:
    """
    Leave the process to a second thread.
    """
    address = libc.hold(held)

    def live_on() -> None:
        leader = Path(f"/proc/self/task/{os.getpid()}/stat")
        while b") Z " not in leader.read_bytes():
            pass
        libc.report(held=address, task=threading.get_native_id())
        libc.wait_for_end()
        # Python would wait for its main thread, for ever.
        os._exit(0)

    threading.Thread(target=live_on).start()
    libc.exit_thread()


if __name__ == "__main__":
    main(int(sys.argv[1]))
