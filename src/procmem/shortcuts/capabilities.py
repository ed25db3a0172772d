"""
``procmem.capabilities``: what this process may read here, and what each right
that it lacks would add.
"""

from __future__ import annotations

from collections import abc

import attrs

from procmem.shortcuts.abilities import (
    Ability,
    Method,
    abilities_of,
    capability_names,
    method,
)
from procmem.sources.base import Source
from procmem.sources.procfs import ProcFS
from procmem.sources.rights import find_out

__all__ = ["Capabilities", "capabilities"]


@attrs.frozen(kw_only=True)
class Capabilities:
    """
    What this process may read here.

    Each :class:`~procmem.Ability` is true if it is there, and says what it
    would need if it is not.

    Attributes:
        own: How the memory of this process can be found out: ``"pages
            exact"``, ``"pages with bounds"``, ``"kernel"`` (its own counters)
            or ``"none"``.

        same_user: The same for processes of its user that may be dumped and
            have no more capabilities.

        other_users: The same for processes of other users.

        uid: Its effective user; None if that could not be found out.

        effective: Its effective capabilities, as ``"CAP_SYS_ADMIN"``.

        first_user_namespace: Whether it is in the user namespace that the
            machine began with.  In any other, frame numbers are hidden
            whatever the capabilities.

        kernel: Its release, or None.

        page_size: Size of one page, in bytes.

        swap: Size of all swap areas, in bytes, or None if unknown.

        merging: Whether KSM has merged pages, or None if unknown.

        maps: ``maps`` of this process.

        smaps: ``smaps`` of this process.

        smaps_rollup: ``smaps_rollup`` of this process.

        pss_anon: ``Pss_Anon`` in ``smaps_rollup``.

        pagemap: ``pagemap`` of this process.

        frame_numbers: Frame numbers in ``pagemap``.

        kpagecount: ``/proc/kpagecount``.

        kpageflags: ``/proc/kpageflags``.

        kpagecgroup: ``/proc/kpagecgroup``.

        same_user_smaps: ``smaps`` of processes of the same user.

        same_user_pagemap: ``pagemap`` of processes of the same user.

        other_users_smaps: ``smaps`` of processes of other users.

        other_users_pagemap: ``pagemap`` of processes of other users.

        all_processes: Seeing processes of other users at all.

        pagemap_scan: The request ``PAGEMAP_SCAN``.

        procmap_query: The request ``PROCMAP_QUERY``.

        cachestat: The system call ``cachestat``.

        kcmp: The system call ``kcmp``.

        map_files: Opening what is mapped, through ``map_files``.
    """

    own: Method
    same_user: Method
    other_users: Method
    uid: int | None
    effective: frozenset[str]
    first_user_namespace: bool | None
    kernel: str | None
    page_size: int
    swap: int | None
    merging: bool | None
    maps: Ability
    smaps: Ability
    smaps_rollup: Ability
    pss_anon: Ability
    pagemap: Ability
    frame_numbers: Ability
    kpagecount: Ability
    kpageflags: Ability
    kpagecgroup: Ability
    same_user_smaps: Ability
    same_user_pagemap: Ability
    other_users_smaps: Ability
    other_users_pagemap: Ability
    all_processes: Ability
    pagemap_scan: Ability
    procmap_query: Ability
    cachestat: Ability
    kcmp: Ability
    map_files: Ability

    @property
    def abilities(self) -> abc.Mapping[str, Ability]:
        """
        All abilities by name, in the order above.
        """
        values = ((field.name, getattr(self, field.name)) for field in _FIELDS)
        return {name: value for name, value in values if isinstance(value, Ability)}

    @property
    def missing(self) -> abc.Mapping[str, Ability]:
        """
        Those that are not there, or not known to be.
        """
        return {name: one for name, one in self.abilities.items() if not one}


_FIELDS = attrs.fields(Capabilities)


def capabilities(source: Source | None = None) -> Capabilities:
    """
    What this process may read here, and what each right that it lacks would
    add.

    It is found out by trying, which takes some milliseconds, and never
    raises: what can't be found out is unknown.

    Args:
        source: Where to look; None means the live ``/proc``.
    """
    facts = find_out(ProcFS() if source is None else source)
    status = facts.status
    mask = dict(status.other).get("CapEff", "") if status else ""
    try:
        effective = capability_names(int(str(mask), 16))
    except ValueError:
        effective = frozenset[str]()
    abilities = abilities_of(facts, effective)
    return Capabilities(
        own=method(abilities, ["smaps", "smaps_rollup"], "pagemap"),
        same_user=method(abilities, ["same_user_smaps"], "same_user_pagemap"),
        other_users=method(abilities, ["other_users_smaps"], "other_users_pagemap"),
        uid=status.uid[1] if status and status.uid else None,
        effective=effective,
        first_user_namespace=facts.first_user_namespace,
        kernel=facts.kernel,
        page_size=facts.page_size,
        swap=facts.swap,
        merging=facts.merged,
        **abilities,
    )
