"""
What the facts about a machine mean: which answers there are, and which right
would give more.
"""

from __future__ import annotations

from typing import Literal

import attrs

from procmem.sources.rights import Access, Facts

__all__ = ["Ability", "Method", "abilities_of", "capability_names", "method"]

Method = Literal["pages exact", "pages with bounds", "kernel", "none"]
"""How the memory of a process can be found out here."""

# By the bits of CapEff, as in include/uapi/linux/capability.h.
_NAMES = """
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP
    LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK
    IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
    SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
    AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM
    BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
"""
_CAPABILITIES = _NAMES.split()

_PAGE_MONITOR = "a kernel with CONFIG_PROC_PAGE_MONITOR"
_DUMPABLE = "a process that may be dumped, so not one that was set-user-ID"
_READ_ANY = "CAP_DAC_READ_SEARCH, or to be the user root"
_FIRST = "in the first user namespace"
_BEYOND = f"{_FIRST}, which root of a container with users of its own has not"
_PTRACE = "CAP_SYS_PTRACE (since Linux 6.15 CAP_PERFMON suffices)"
_LET_THROUGH = "no seccomp filter against it"

_OWN: dict[str, tuple[str, str]] = {
    "maps": ("a proc file system of this machine", "knowing what is mapped"),
    "smaps": (_PAGE_MONITOR, "counters for each mapping"),
    "smaps_rollup": ("Linux 4.14", "totals that are rounded once, and faster"),
    "pagemap": (_PAGE_MONITOR, "looking at each page"),
}
_FRAMES: dict[str, tuple[str, str]] = {
    "kpagecount": (_PAGE_MONITOR, "how many share each page: exact PSS by page"),
    "kpageflags": (_PAGE_MONITOR, "what each page is: zero page, KSM, huge page"),
    "kpagecgroup": (
        "Linux 4.3 with CONFIG_MEMCG",
        "the cgroup that each page is charged to",
    ),
}
_BY_PAGE = "exact figures by page, and who shares a page with whom"


@attrs.frozen(kw_only=True)
class Ability:
    """
    Something that may be possible here; true if it is.

    Attributes:
        possible: Whether it is, or None if that could not be found out.

        found: How it is, in a few words.

        needs: If it is not possible: which right, kernel or option would
            help, and what for.
    """

    possible: bool | None
    found: str
    needs: str | None = None

    def __bool__(self) -> bool:
        return self.possible is True


def capability_names(mask: int) -> frozenset[str]:
    """
    The names of the bits of a set of capabilities.
    """
    return frozenset(
        f"CAP_{_CAPABILITIES[bit] if bit < len(_CAPABILITIES) else bit}"
        for bit in range(mask.bit_length())
        if mask >> bit & 1
    )


def abilities_of(facts: Facts, effective: frozenset[str]) -> dict[str, Ability]:
    """
    All abilities, by their names in :class:`procmem.Capabilities`.
    """
    first = facts.first_user_namespace is not False
    administer = f"CAP_SYS_ADMIN {_FIRST if first else _BEYOND}"
    return {
        **{name: _own(facts, name) for name in _OWN},
        "pss_anon": _known(
            facts.tells_anon, "Linux 5.4, for footprints without reading smaps"
        ),
        "frame_numbers": _known(
            facts.frame_numbers,
            f"{administer}, for {_BY_PAGE}",
            words=("visible", "hidden"),
        ),
        **{name: _frame_file(facts.frame_files[name], name) for name in _FRAMES},
        **_same_user(facts),
        **_other_users(facts, effective),
        "all_processes": _all_processes(facts, effective),
        "pagemap_scan": _known(
            facts.pagemap_scan, "Linux 6.7, for large mappings that are hardly used"
        ),
        "procmap_query": _known(
            facts.procmap_query, "Linux 6.11, for telling hugetlb without smaps"
        ),
        "cachestat": _known(
            facts.cachestat,
            f"Linux 6.5 and {_LET_THROUGH}, for shared memory that is swapped out",
        ),
        "kcmp": _known(
            facts.kcmp,
            f"a kernel with CONFIG_KCMP and {_LET_THROUGH}, for counting an address "
            "space of several processes once",
        ),
        "map_files": _known(
            facts.map_files,
            f"CAP_CHECKPOINT_RESTORE (since Linux 5.9) or {administer}, for shared "
            "memory that is swapped out",
        ),
    }


def method(abilities: dict[str, Ability], totals: list[str], pagemap: str) -> Method:
    """
    How the memory of some processes can be found out.

    Args:
        abilities: All there are.

        totals: The names of those that give totals; one will do.

        pagemap: The name of the one that gives pages.
    """
    exact = ("frame_numbers", "kpagecount", "kpageflags")
    if abilities[pagemap] and all(abilities[name] for name in exact):
        return "pages exact"
    if abilities[pagemap]:
        return "pages with bounds"
    return "kernel" if any(abilities[name] for name in totals) else "none"


def _known(
    possible: bool | None, needs: str, *, words: tuple[str, str] = ("yes", "no")
) -> Ability:
    if possible is None:
        return Ability(possible=None, found="unknown", needs=needs)
    if possible:
        return Ability(possible=True, found=words[0])
    return Ability(possible=False, found=words[1], needs=needs)


def _file(access: Access, by_access: dict[Access, str], purpose: str) -> Ability:
    if access == "readable":
        return Ability(possible=True, found=access)
    needs = f"{by_access[access]}, for {purpose}"
    return Ability(possible=False, found=access, needs=needs)


def _own(facts: Facts, name: str) -> Ability:
    kernel, purpose = _OWN[name]
    return _file(
        facts.own[name],
        {"denied": _DUMPABLE, "missing": kernel, "masked": kernel},
        purpose,
    )


def _frame_file(access: Access, name: str) -> Ability:
    kernel, purpose = _FRAMES[name]
    return _file(
        access,
        {
            "denied": _READ_ANY,
            "missing": f"{kernel} and a /proc without subset=pid",
            "masked": f"a container that does not mask /proc/{name}",
        },
        purpose,
    )


def _same_user(facts: Facts) -> dict[str, Ability]:
    """
    For processes of the same user, unless they keep their memory to
    themselves.
    """
    needs = f"{_PTRACE}, or that they may be dumped and have no other capabilities"
    purpose = "processes of the same user"
    abilities: dict[str, Ability] = {}
    for file, possible in facts.same_user.items():
        name = f"same_user_{file}"
        if possible is None and facts.status is not None:
            # There is none to try it with.
            own = facts.own[file] == "readable"
            abilities[name] = _known(own, f"{needs}, for {purpose}")
        else:
            abilities[name] = _known(possible, f"{needs}, for {purpose}")
    return abilities


def _other_users(facts: Facts, effective: frozenset[str]) -> dict[str, Ability]:
    first = facts.first_user_namespace is not False
    needs = _PTRACE if first else f"{_PTRACE} {_BEYOND}"
    purpose = "processes of other users"
    smaps, pagemap = facts.other_users["smaps"], facts.other_users["pagemap"]
    if smaps is None and facts.status is not None and first:
        # There is none to try it with, so by the rules.  Perhaps the two that
        # make no difference here suffice, but that depends on the kernel.
        perhaps = None if effective & {"CAP_PERFMON", "CAP_SYS_ADMIN"} else False
        smaps = True if "CAP_SYS_PTRACE" in effective else perhaps
        reads_any = effective & {"CAP_DAC_READ_SEARCH", "CAP_DAC_OVERRIDE"}
        pagemap = smaps if reads_any else False
    both = f"{needs} and CAP_DAC_READ_SEARCH"
    return {
        "other_users_smaps": _known(smaps, f"{needs}, for {purpose}"),
        "other_users_pagemap": _known(pagemap, f"{both}, for pages of {purpose}"),
    }


def _all_processes(facts: Facts, effective: frozenset[str]) -> Ability:
    """
    Whether those of other users are shown at all.
    """
    needs = (
        "CAP_SYS_PTRACE, or a /proc mounted without hidepid, for processes of "
        "other users"
    )
    if facts.options is None:
        return _known(None, needs)
    hidden = facts.options.get("hidepid", "off")
    exempt: set[str] = set()
    if facts.status is not None and hidden in {"1", "2", "noaccess", "invisible"}:
        groups = dict(facts.status.other).get("Groups", "")
        exempt = {*str(groups).split(), *map(str, facts.status.gid or ())}
    if (
        hidden in {"0", "off"}
        or "CAP_SYS_PTRACE" in effective
        or facts.options.get("gid") in exempt
    ):
        return Ability(possible=True, found="yes")
    return Ability(possible=False, found=f"hidepid={hidden}", needs=needs)
