"""
What the running kernel lets this process read, found out by trying.

Nothing here raises: what can't be found out is None.
"""

from __future__ import annotations

import os
from collections import abc

import attrs

from procmem.formats.maps import parse_maps
from procmem.formats.smaps_rollup import parse_smaps_rollup
from procmem.formats.status import parse_status
from procmem.model.mapping import Mapping
from procmem.model.status import Status
from procmem.sources.base import PinnedProcess, Source
from procmem.sources.kcmp import same_memory
from procmem.sources.probes import (
    OTHERS,
    Access,
    Opened,
    access,
    frame_file,
    has_cachestat,
    is_first_user_namespace,
    map_files,
    mount_options,
    others,
    shows_frames,
    swap_size,
    tried,
)
from procmem.sources.procfs import ProcFS

__all__ = ["Access", "Facts", "find_out"]

OWN = ("maps", "smaps", "smaps_rollup", "pagemap")
FRAMES = ("kpagecount", "kpageflags", "kpagecgroup")


@attrs.frozen(kw_only=True)
class Facts:
    """
    What was found out; each is None if it could not be.

    Attributes:
        kernel: Its release.

        page_size: In bytes.

        status: Of this process.

        first_user_namespace: Whether this process is in it.

        options: Of the proc file system: ``{"hidepid": "invisible"}``.

        own: How files of this process are, by name.

        tells_anon: Whether its ``smaps_rollup`` has ``Pss_Anon``.

        same_user: Whether files of its user's processes can be opened, by
            name; None without such a process.

        other_users: Whether those of other users' processes can be.

        frame_numbers: Whether ``pagemap`` shows them.

        frame_files: How ``kpagecount`` and its like are, by name.

        pagemap_scan: Whether the kernel has it.

        procmap_query: Whether the kernel has it.

        cachestat: Whether the kernel has it, and nothing forbids it.

        kcmp: Whether the kernel has it, and nothing forbids it.

        map_files: Whether what is mapped can be opened.

        swap: Size of all swap areas, in bytes.

        merged: Whether KSM has merged pages.
    """

    page_size: int
    kernel: str | None = None
    status: Status | None = None
    first_user_namespace: bool | None = None
    options: dict[str, str] | None = None
    own: dict[str, Access]
    tells_anon: bool | None = None
    same_user: Opened
    other_users: Opened
    frame_numbers: bool | None = None
    frame_files: dict[str, Access]
    pagemap_scan: bool | None = None
    procmap_query: bool | None = None
    cachestat: bool | None = None
    kcmp: bool | None = None
    map_files: bool | None = None
    swap: int | None = None
    merged: bool | None = None


def find_out(source: Source) -> Facts:
    """
    Try everything; takes some milliseconds.
    """
    is_live = isinstance(source, ProcFS)
    kernel = tried(lambda: source.read("sys/kernel/osrelease"))
    facts = Facts(
        page_size=source.page_size,
        kernel=kernel.decode("ascii", "replace").strip() if kernel else None,
        own=dict.fromkeys(OWN, "missing"),
        same_user=dict.fromkeys(OTHERS),
        other_users=dict.fromkeys(OTHERS),
        frame_files={file: frame_file(source, file) for file in FRAMES},
        cachestat=has_cachestat() if is_live else None,
        kcmp=same_memory(os.getpid(), os.getpid()) is not None if is_live else None,
        swap=swap_size(tried(lambda: source.read("swaps"))),
        merged=tried(source.has_merged_pages),
    )
    own = tried(lambda: source.pin(None))
    if own is None:
        return facts
    with own:
        return _of_process(own, facts)


def _of_process(own: PinnedProcess, facts: Facts) -> Facts:
    """
    *facts*, with those that this process itself is needed for.
    """
    source = own.source
    status = tried(lambda: parse_status(own.read("status")))
    rollup = tried(lambda: parse_smaps_rollup(own.read("smaps_rollup")))
    uid = status.uid[1] if status and status.uid else None
    same, other = (
        (facts.same_user, facts.other_users)
        if uid is None
        else others(source, uid, own.pid)
    )
    facts = attrs.evolve(
        facts,
        status=status,
        first_user_namespace=is_first_user_namespace(source),
        options=mount_options(source, own),
        own={file: access(own, file) for file in OWN},
        tells_anon=None if rollup is None else rollup.pss_anon is not None,
        same_user=same,
        other_users=other,
    )
    mappings = tried(lambda: parse_maps(own.read("maps"))) or ()
    for mapping in mappings:
        if mapping.name == "[stack]":
            return _of_stack(own, mapping, mappings, facts)
    return facts


def _of_stack(
    own: PinnedProcess,
    stack: Mapping,
    mappings: abc.Sequence[Mapping],
    facts: Facts,
) -> Facts:
    """
    *facts*, with those that a mapping is needed for.
    """
    size = tried(lambda: own.page_size_at(stack.start))
    facts = attrs.evolve(
        facts, procmap_query=size is not None, map_files=map_files(own, mappings)
    )
    pagemap = tried(own.pagemap)
    if pagemap is None:
        return facts
    with pagemap:
        regions = tried(lambda: pagemap.regions(stack.start, stack.end))
        return attrs.evolve(
            facts,
            pagemap_scan=regions is not None,
            frame_numbers=tried(lambda: shows_frames(own.source, pagemap, stack)),
        )
