"""
The mappings of a process, read as one listing that is whole.

A listing is printed page by page, and between two reads of a page anything
may happen.  If the process ends, the rest is missing without an error.  The
sum of the sizes listed is then less than the ``VmSize`` of status; where the
two differ because the process maps and unmaps memory, the file still can be
read again from its beginning, and where it ended, it cannot.
"""

from __future__ import annotations

import operator
import re
import time
from collections import abc

import attrs

from procmem.errors import UnsupportedError
from procmem.evidence import Evidence
from procmem.formats.maps import parse_maps
from procmem.formats.smaps import parse_smaps
from procmem.model.mapping import Mapping, Mappings
from procmem.reading.lifecycle import first_sound, nothing
from procmem.sources.base import OpenFile, PinnedProcess

__all__ = [
    "GATES",
    "Listing",
    "is_whole",
    "listing_of_maps",
    "listing_of_smaps",
    "read_mappings",
]

GATES = frozenset({"[vsyscall]", "[vectors]"})
"""
What x86 and arm list without being a mapping that ``VmSize`` counts; on arm64
``[vectors]`` of a 32-bit process is one.  They come last.
"""

_TRIES = 3

# Taking all of status apart would cost a tenth of what a small process does.
_VM_SIZE = re.compile(rb"^VmSize:[\t ]*([0-9]{1,20}) kB$", re.MULTILINE)

_START, _END = operator.attrgetter("start"), operator.attrgetter("end")

_MOVED = "The process mapped or unmapped memory while its mappings were read."
_CLIPPED = (
    "The kernel listed mappings that overlap, as they were changed while it "
    "printed them; the later one was clipped."
)


def read_mappings(process: PinnedProcess) -> Mappings:
    """
    The mappings with their usage; without it where only ``maps`` is offered.

    Raises:
        ProcessGoneError: If the process is gone.

        AccessDeniedError: If the kernel refuses.

        UnsupportedError: If it offers neither file.
    """
    started = time.perf_counter()
    try:
        file = "smaps"
        listing = first_sound(process, file, listing_of_smaps)
    except UnsupportedError:
        file = "maps"
        listing = first_sound(process, file, listing_of_maps)
    if listing is None:
        return Mappings((), evidence=nothing(started))
    mappings, notes = listing
    evidence = Evidence(
        method="kernel",
        files=(file, "status"),
        seconds=time.perf_counter() - started,
        missing=() if file == "smaps" else ("usage",),
        notes=notes,
    )
    return Mappings(mappings, evidence=evidence)


def is_whole(
    process: PinnedProcess, prefix: str, opened: OpenFile, sizes: abc.Set[int]
) -> tuple[bool, tuple[str, ...]]:
    """
    Whether a listing that was just read is not cut short, and what is to be
    said about it.

    Args:
        process: Whose it is.

        prefix: Of the names of its files.

        opened: The file, read to its end.

        sizes: The sum of the sizes listed, with and without the
            :data:`GATES`; empty if the kernel did not print sizes.
    """
    found = _VM_SIZE.search(process.read(f"{prefix}status"))
    if found is not None and int(found[1]) * 1024 in sizes:
        return True, ()
    if not opened.is_bound():
        return False, ()
    return True, (_MOVED,) if sizes else ()


Listing = tuple[tuple[Mapping, ...], tuple[str, ...]]
"""Mappings, and what is to be said about them."""


def listing_of_smaps(process: PinnedProcess, prefix: str) -> Listing | None:
    """
    The mappings with their usage, or None if the text was empty or cut.
    """
    return _listing(process, prefix, "smaps", parse_smaps)


def listing_of_maps(process: PinnedProcess, prefix: str) -> Listing | None:
    """
    The mappings without their usage, or None if the text was empty or cut.
    """
    return _listing(process, prefix, "maps", parse_maps)


def _listing(
    process: PinnedProcess,
    prefix: str,
    file: str,
    parse: abc.Callable[[bytes], tuple[Mapping, ...]],
) -> Listing | None:
    notes: tuple[str, ...] = ()
    mappings: tuple[Mapping, ...] = ()
    for _ in range(_TRIES):
        with process.open(f"{prefix}{file}") as opened:
            mappings = parse(opened.read())
            if not mappings:
                return None
            starts, ends = list(map(_START, mappings)), list(map(_END, mappings))
            size = sum(ends) - sum(starts)
            gates = sum(m.size for m in mappings[-2:] if m.name in GATES)
            whole, notes = is_whole(process, prefix, opened, {size, size - gates})
            if not whole:
                return None
        # The documentation of the kernel promises that mappings never
        # overlap.  maps of Linux 6.18, which does not lock the address
        # space, lists some twice while another thread splits them.
        if not any(map(operator.gt, ends, starts[1:])):
            return mappings, notes
    return _clipped(mappings), (*notes, _CLIPPED)


def _clipped(mappings: tuple[Mapping, ...]) -> tuple[Mapping, ...]:
    kept: list[Mapping] = []
    end = 0
    for mapping in mappings:
        if mapping.end <= end:
            continue
        start = max(mapping.start, end)
        kept.append(
            attrs.evolve(
                mapping,
                start=start,
                # What is no file has no offset to move.
                offset=mapping.offset + (start - mapping.start if mapping.inode else 0),
            )
        )
        end = mapping.end
    return tuple(kept)
