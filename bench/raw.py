"""
What nobody can beat: reading a file of ``/proc`` and not looking at it.
"""

from __future__ import annotations

import os

_BUFFER = 64 * 1024


def read(pid: int, file: str) -> None:
    """
    Have the kernel print the whole file.
    """
    descriptor = os.open(f"/proc/{pid}/{file}", os.O_RDONLY)
    try:
        while os.read(descriptor, _BUFFER):
            pass
    finally:
        os.close(descriptor)
