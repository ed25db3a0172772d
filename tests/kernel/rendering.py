"""
Prints values as a kernel would have printed them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

import procmem
from tests.kernel.eras import COUNTERS, LINUX_6_18, Era

# In the order of their bits in vm_flags.
FLAGS = [
    *("rd", "wr", "ex", "sh", "mr", "mw", "me", "ms", "gd", "um", "pf", "gu", "dw"),
    *("uw", "lo", "io", "sr", "rr", "dc", "de", "lf", "ac", "nr", "ht", "sf", "nl"),
    *("ar", "wf", "dd", "bt", "mt", "sd", "mm", "hg", "nh", "mg", "ur", "ui", "ss"),
    *("dp", "sl", "mp", "??"),
]

_STATES = {
    "R": "running",
    "S": "sleeping",
    "D": "disk sleep",
    "T": "stopped",
    "t": "tracing stop",
    "X": "dead",
    "Z": "zombie",
    "I": "idle",
}


def encode(text: str) -> bytes:
    """
    The bytes that procmem decoded to *text*.
    """
    return text.encode("utf-8", "surrogateescape")


def render_header(mapping: procmem.Mapping, era: Era = LINUX_6_18) -> bytes:
    """
    The line of ``maps``, with its newline.
    """
    major, minor = mapping.device
    addresses, pair = f"0{era.address}x", f"0{era.device}x"
    line = encode(
        f"{mapping.start:{addresses}}-{mapping.end:{addresses}} "
        f"{mapping.permissions} {mapping.offset:{addresses}} "
        f"{major:{pair}}:{minor:{pair}} {mapping.inode} "
    )
    name = mapping.name
    if name is None or _has_name_line(mapping, era):
        return line + b"\n"
    if era.column is not None:
        # seq_pad() adds one space even if the line is longer already.
        line = line.ljust(era.column - 1) + b" "
    return line + encode(name) + b"\n"


def render_maps(mappings: Iterable[procmem.Mapping], era: Era = LINUX_6_18) -> bytes:
    """
    The whole of ``maps``.
    """
    return b"".join(render_header(mapping, era) for mapping in mappings)


def render_smaps(mappings: Iterable[procmem.Mapping], era: Era = LINUX_6_18) -> bytes:
    """
    The whole of ``smaps``; what a mapping lacks has no line.
    """
    return b"".join(
        render_header(mapping, era) + b"".join(_lines(mapping, era))
        for mapping in mappings
    )


def _lines(mapping: procmem.Mapping, era: Era) -> Iterable[bytes]:
    usage = mapping.usage
    assert usage is not None
    for key in era.keys:
        if key == "VmFlags":
            # Whatever a later kernel adds goes somewhere before the flags.
            yield from _unknown(usage)
        if key in COUNTERS:
            yield from _counter(key, usage.get(COUNTERS[key]))
        else:
            yield from _attribute(key, mapping, era)
    if "VmFlags" not in era.keys:
        yield from _unknown(usage)


def _attribute(key: str, mapping: procmem.Mapping, era: Era) -> Iterable[bytes]:
    match key:
        case "KernelPageSize":
            yield from _counter(key, mapping.kernel_page_size)
        case "MMUPageSize":
            yield from _counter(key, mapping.mmu_page_size)
        case "THPeligible" if mapping.thp_eligible is not None:
            yield b"THPeligible:    %*d\n" % (era.thp_width, mapping.thp_eligible)
        case "ProtectionKey" if mapping.protection_key is not None:
            yield b"ProtectionKey:  %8d\n" % mapping.protection_key
        case "VmFlags" if mapping.vm_flags is not None:
            yield b"VmFlags: " + b"".join(_flags(mapping.vm_flags)) + b"\n"
        case "Name" if _has_name_line(mapping, era):
            yield b"Name:".ljust(16) + encode(mapping.name or "") + b"\n"


def _has_name_line(mapping: procmem.Mapping, era: Era) -> bool:
    return era.name_lines and mapping.name is not None and mapping.inode == 0


def _counter(key: str, value: int | str | None) -> Iterable[bytes]:
    if isinstance(value, int):
        prefix = f"{key}: ".ljust(16)
        yield encode(f"{prefix}{value // 1024:{24 - len(prefix)}} kB\n")


def _unknown(usage: procmem.Usage) -> Iterable[bytes]:
    for key, value in usage.other:
        if isinstance(value, int):
            yield from _counter(key, value)
        else:
            yield encode(f"{key}: ".ljust(16) + value + "\n")


def _flags(flags: frozenset[str]) -> Iterable[bytes]:
    order = [*FLAGS, *sorted(flags - set(FLAGS))]
    return (encode(flag) + b" " for flag in order if flag in flags)


def render_rollup(
    usage: procmem.Usage,
    era: Era = LINUX_6_18,
    *,
    start: int = 0x562656B9A000,
    end: int = 0x7FFD0A5F6000,
) -> bytes:
    """
    The whole of ``smaps_rollup``.
    """
    header = procmem.Mapping(
        start=start, end=end, permissions=procmem.Permissions("---p"), name="[rollup]"
    )
    text = render_header(header, attrs.evolve(era, name_lines=False))
    for key in era.rollup_keys:
        text += b"".join(_counter(key, usage.get(COUNTERS[key])))
    return text + b"".join(_unknown(usage))


def render_status(status: procmem.Status, keys: Sequence[str]) -> bytes:
    """
    The whole of ``status`` with *keys* in this order, then the others.
    """
    other = dict(status.other)
    unnamed = [key for key in other if key not in keys]
    lines = (_field(status, key, other.get(key)) for key in (*keys, *unnamed))
    return b"".join(lines)


def field_name(key: str) -> str:
    """
    The attribute of a status for a key of the kernel.
    """
    for kernel, ours in (("Vm", "vm_"), ("Rss", "rss_")):
        if key.startswith(kernel):
            return ours + key.removeprefix(kernel).lower()
    special = {"HugetlbPages": "hugetlb_pages", "CoreDumping": "core_dumping"}
    return special.get(key, key.lower())


def _field(status: procmem.Status, key: str, other: str | None) -> bytes:
    if other is not None:
        # There is a space behind every group, and one if there is none.
        other = other or " " if key == "Groups" else other
        return encode(f"{key}:\t{other}\n")
    value: object = getattr(status, field_name(key), None)
    if value is None:
        return b""
    if key == "Name":
        value = str(value).replace("\\", "\\\\").replace("\n", "\\n")
    elif key == "State":
        value = f"{value} ({_STATES[str(value)]})"
    elif isinstance(value, tuple):
        value = "\t".join(map(str, value))
    elif isinstance(value, bool):
        value = int(value)
    elif key.startswith(("Vm", "Rss", "Huge")):
        assert isinstance(value, int)
        value = f"{value // 1024:8} kB"
    return encode(f"{key}:\t{value}\n")


def render_statm(statm: procmem.Statm, page_size: int = 4096) -> bytes:
    """
    The whole of ``statm``.
    """
    sizes: tuple[int, ...] = attrs.astuple(statm)
    return b" ".join(b"%d" % (size // page_size) for size in sizes) + b"\n"


def render_stat(
    stat: procmem.Stat, page_size: int = 4096, *, rest: Sequence[int] = (0,) * 28
) -> bytes:
    """
    The whole of ``stat``; *rest* stands behind the 24th field.
    """
    fields = dict.fromkeys(range(4, 25), 0)
    # Process group, terminal, its process group; times; priority, niceness.
    fields |= {5: 1, 7: -1, 8: -1, 14: 12, 18: -100, 19: -20}
    fields |= {
        4: stat.ppid,
        6: stat.session,
        9: stat.flags,
        10: stat.minor_faults,
        11: stat.child_minor_faults,
        12: stat.major_faults,
        13: stat.child_major_faults,
        20: stat.threads,
        22: stat.start_time,
        23: stat.vsize,
        24: stat.rss // page_size,
    }
    numbers = " ".join(map(str, [*fields.values(), *rest]))
    return encode(f"{stat.pid} ({stat.name}) {stat.state} {numbers}\n")
