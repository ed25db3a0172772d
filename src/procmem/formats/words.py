"""
64-bit words in the byte order of some machine.
"""

from __future__ import annotations

import sys
from typing import Literal

__all__ = ["WORD", "ByteOrder", "native", "words"]

ByteOrder = Literal["little", "big"]

WORD = 8
"""Size of a word, in bytes."""


def native(data: bytes, byteorder: ByteOrder) -> bytes:
    """
    The words of *data* in the byte order of this machine.
    """
    if byteorder == sys.byteorder:
        return data
    import array

    swapped = array.array("Q", data)
    swapped.byteswap()
    return swapped.tobytes()


def words(data: bytes, byteorder: ByteOrder) -> memoryview:
    """
    The words of *data* as integers, without a copy if they are this
    machine's.
    """
    return memoryview(native(data, byteorder)).cast("Q")
