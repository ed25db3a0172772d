"""
A leak of known size, with which a test proves that it would notice one.
"""

from __future__ import annotations

import mmap
from typing import Final

from procmem.sizes import format_size, parse_size

__all__ = ["KnownLeak"]

_CHUNK: Final = 1 << 20


class KnownLeak:
    """
    A function that keeps exactly so much memory with each call.

    Put it where the code under test would lose memory, and see the test fail::

        leak = KnownLeak("100 B")

        def handle_request() -> None:
            ...
            leak()

    The memory is mapped in pieces of 1 MiB and written to as the calls go
    on, so that no allocator adds anything or rounds it up: after *n* calls
    the process has *n* times *bytes_per_call* more than before, to the page.

    Args:
        bytes_per_call: How much each call keeps: bytes as an integer, or text
            such as ``"100 B"``.

    Raises:
        ValueError: If that is no size, or 0.
    """

    __slots__ = ("_chunks", "_room", "bytes_per_call")

    def __init__(self, bytes_per_call: int | str) -> None:
        self.bytes_per_call = parse_size(bytes_per_call)
        if not self.bytes_per_call:
            msg = "a leak of nothing is none"
            raise ValueError(msg)
        self._chunks: list[mmap.mmap] = []
        self._room = 0

    @property
    def leaked(self) -> int:
        """
        Bytes that it keeps now.
        """
        return sum(map(len, self._chunks)) - self._room

    def __call__(self) -> None:
        """
        Keep some more.
        """
        wanted = self.bytes_per_call
        while wanted > 0:
            if not self._room:
                self._chunks.append(_new_chunk())
                self._room = _CHUNK
            size = min(wanted, self._room)
            # Pages are there only once they are written to.
            self._chunks[-1].write(b"\x01" * size)
            self._room -= size
            wanted -= size

    def clear(self) -> None:
        """
        Give all of it back.
        """
        for chunk in self._chunks:
            chunk.close()
        self._chunks.clear()
        self._room = 0

    def __repr__(self) -> str:
        kept = format_size(self.leaked)
        return f"<a leak of {format_size(self.bytes_per_call)} a call, {kept} so far>"


def _new_chunk() -> mmap.mmap:
    chunk = mmap.mmap(-1, _CHUNK, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        # Or the kernel might make 2 MiB of it at once.
        chunk.madvise(mmap.MADV_NOHUGEPAGE)
    except (AttributeError, OSError):
        # A kernel without huge pages does not know what that means.
        pass
    return chunk
