"""
What only one process maps, however often.
"""

from __future__ import annotations

from collections import Counter, abc
from functools import partial
from itertools import compress

from procmem.errors import AccessDeniedError, UnsupportedError
from procmem.pagetable.columns import table_of
from procmem.reading.lifecycle import first_sound
from procmem.sources.base import PinnedProcess
from procmem.walk.blocks import Block
from procmem.walk.frames import FrameCounts
from procmem.walk.limits import Limits
from procmem.walk.walker import Walker

__all__ = ["read_true_uss"]

_IF_PRESENT = table_of(lambda top: top >> 7)


def read_true_uss(
    process: PinnedProcess, *, check_drift: bool = True, limits: Limits | None = None
) -> int:
    """
    The frames whose every mapping belongs to *process*, in bytes, each
    counted once.

    Takes no more memory for anonymous pages than for one block of them, and
    some 100 bytes for each shared page of a file.

    Raises:
        AccessDeniedError: If frames are not shown, or the kernel refuses.

        UnsupportedError: If a limit ended the walk.
    """
    limits = limits or Limits()
    attempt = partial(_attempt, check_drift=check_drift, limits=limits)
    found = first_sound(process, "pagemap", attempt) or 0
    if limits.reached is not None:
        raise UnsupportedError("true_uss", f"a walk to the end: {limits.reached}")
    return found


def _attempt(
    process: PinnedProcess, prefix: str, *, check_drift: bool, limits: Limits
) -> int | None:
    walker = Walker.open(process, prefix, limits=limits, check_drift=check_drift)
    if walker is None:
        return None
    with walker:
        counts = walker.frame_file("kpagecount")
        if counts is None:
            needs = "CAP_SYS_ADMIN in the initial user namespace"
            raise AccessDeniedError(process.pid, "pagemap", needs)
        private = 0
        mine: Counter[int] = Counter()
        all_of: dict[int, int] = {}
        for index, hugetlb in enumerate(walker.plan.hugetlb):
            if hugetlb:
                walker.plan.pieces[index] = []
        for _, _, (once, shared), _ in walker.blocks(partial(_of_each, counts)):
            private += once
            mine.update(frame for frame, _ in shared)
            all_of.update(shared)
        if not walker.pagemap.is_bound():
            return None
    frames = sum(mine[frame] >= count for frame, count in all_of.items())
    return (private + frames) * walker.page_size


def _of_each(
    counts: FrameCounts, blocks: abc.Sequence[Block]
) -> list[tuple[int, list[tuple[int, int]]]]:
    return [_shared_of_file(counts, block) for block in blocks]


def _shared_of_file(
    counts: FrameCounts, block: Block
) -> tuple[int, list[tuple[int, int]]]:
    """
    How many pages are mapped once, and the frame and count of the others.
    """
    present = block.tops.translate(_IF_PRESENT)
    frames = list(compress(block.frames(), present))
    values = counts.values(frames)
    shared = [pair for pair in zip(frames, values, strict=True) if pair[1] > 1]
    return values.count(1), shared
