"""
What has grown, and which lines of Python asked for it: looked for only once
it is certain that there is growth.

Two looks, each around some more calls, because they disturb each other:
``smaps`` tells the mappings that grew, whoever made them, and
:mod:`tracemalloc` the lines whose memory was not given back, as far as it
came from Python's allocators.
"""

from __future__ import annotations

import tracemalloc
from collections import Counter, abc
from typing import TYPE_CHECKING, NamedTuple

import attrs

from procmem.reading.listing import read_mappings
from procmem.sizes import format_size

if TYPE_CHECKING:
    from procmem.sources.base import PinnedProcess

__all__ = ["Grown", "Where", "look_around"]

# How many mappings and lines are shown.
_SHOWN = 3
# What is worth a line, as a share of what so many calls must have added.
_WORTH = 0.05


class Grown(NamedTuple):
    """
    Something that grew.

    Attributes:
        what: A kind of mapping with its name, or a line of a file.

        growth: Bytes by which it grew.
    """

    what: str
    growth: int


@attrs.frozen(kw_only=True)
class Where:
    """
    Where growth comes from.

    Attributes:
        calls: Around how many calls each look was taken.

        mappings: The mappings that grew, the most first.

        lines: The lines of Python that allocated what is still there.
    """

    calls: int
    mappings: tuple[Grown, ...]
    lines: tuple[Grown, ...]

    def report(self) -> str:
        """
        Some lines of text.
        """
        calls = f"{self.calls:,} more call{'' if self.calls == 1 else 's'}"
        lines = [f"what grew in {calls}:", *_listed(self.mappings)]
        if not self.mappings:
            lines.append("    nothing that could be told from noise")
        if self.lines:
            lines.append("lines of Python that allocated what stayed (tracemalloc; a")
            lines.append("list or dict that had to move counts in full):")
            lines += _listed(self.lines)
        elif self.mappings:
            lines.append("    (by no line of Python that tracemalloc knows: C code,")
            lines.append("    mapped memory, or free memory in pieces)")
        return "".join(f"  {line}\n" for line in lines)


def _listed(rows: abc.Iterable[Grown]) -> abc.Iterator[str]:
    from procmem.render.names import printable

    for row in rows:
        size = format_size(row.growth, decimals=1)
        yield f"{'+' + size:>12}  {printable(row.what)}"


def look_around(
    process: PinnedProcess, calls: int, per_call: float
) -> abc.Generator[int, object, Where]:
    """
    Take both looks: yields how often to call next, returns what was seen.

    Args:
        process: This process.

        calls: How many calls to look at.

        per_call: What each of them adds, in bytes.
    """
    worth = _WORTH * calls * per_call
    # Once for nothing: to look takes memory, too.
    _sizes(process)
    before = _sizes(process)
    yield calls
    grown = _grown(_sizes(process), before, worth)
    traced = yield from _trace(calls)
    return Where(calls=calls, mappings=grown, lines=_grown(traced, Counter(), worth))


def _sizes(process: PinnedProcess) -> Counter[str]:
    """
    What mappings of each kind and name have that is not just a file's.
    """
    sizes = Counter[str]()
    for mapping in read_mappings(process):
        if (usage := mapping.usage) is None:
            continue
        label = str(mapping.kind)
        if mapping.name is not None:
            label = f"{mapping.name} ({label})"
        private = not mapping.is_shared_mapping
        for name in ("anonymous" if private else "pss", "swap_pss"):
            size = usage.get(name)
            sizes[label] += size if isinstance(size, int) else 0
    return sizes


def _trace(calls: int) -> abc.Generator[int, object, Counter[str]]:
    """
    How much each line allocated that was not given back.
    """
    was_tracing = tracemalloc.is_tracing()
    if not was_tracing:
        tracemalloc.start()
    try:
        # What was there before is not traced, but what replaces it is.
        yield 1
        before = tracemalloc.take_snapshot()
        yield calls
        after = tracemalloc.take_snapshot()
    finally:
        if not was_tracing:
            tracemalloc.stop()
    sizes = Counter[str]()
    for difference in after.compare_to(before, "lineno"):
        frame = difference.traceback[0]
        sizes[f"{frame.filename}:{frame.lineno}"] += difference.size_diff
    return sizes


def _grown(
    after: Counter[str], before: Counter[str], worth: float
) -> tuple[Grown, ...]:
    growth = [Grown(what, after[what] - before[what]) for what in after]
    large = [grown for grown in growth if grown.growth >= max(worth, 1)]
    return tuple(sorted(large, key=lambda grown: -grown.growth)[:_SHOWN])
