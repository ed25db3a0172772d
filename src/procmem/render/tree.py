"""
A process and all that descend from it, for a terminal.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING

from procmem.render.figures import amount_of, readable, weight
from procmem.render.names import printable
from procmem.render.text import NO_BREAK, UNKNOWN, exact, mebibytes, table, wrapped

if TYPE_CHECKING:
    from procmem.cli.tree import Seen
    from procmem.groups.group import Group
    from procmem.groups.member import Member

__all__ = ["tree_text"]

_COLUMNS = ("footprint", "pss", "uss", "rss", "swap")
_HEADINGS = (*(name.upper() for name in _COLUMNS), "PROCESS")
_ALIGNMENT = ">>>>><"

# What stands for figures that are those of another process, or of nothing.
_NOTHING = "-"

# How far rows are moved to the right for each generation, and how often at
# most: further ones have a number instead.
_STEP = "  "
_DEEPEST = 10

_KIND_COLUMNS = ("rss", "pss", "uss", "swap")

_Size = abc.Callable[[int | None], str]


def tree_text(
    seen: Seen, *, in_bytes: bool = False, kinds: bool = False, width: int | None = None
) -> str:
    """
    What they cost together, each of them, and what one must know about it.

    Args:
        seen: What was found.

        in_bytes: Print exact numbers of bytes instead of MiB.

        kinds: Show the kinds of memory, too.

        width: Columns of the terminal, or None if it is none.
    """
    size = exact if in_bytes else mebibytes
    rows = [_HEADINGS]
    rows += [_row(seen, pid, depth, size) for pid, depth in generations(seen)]
    rows.append(_total(seen.group, size))
    parts = [
        wrapped(_sentence(seen, in_bytes), width=width),
        "\n",
        table(rows, _ALIGNMENT, width=width),
    ]
    if kinds:
        parts += ["\n", table(_kinds(seen.group, size), ">>>><", width=width)]
    parts.append("\n")
    notes = _notes(seen.group, in_bytes)
    parts += [wrapped(note, width=width, indent="  ") for note in notes]
    return "".join(parts)


def generations(seen: Seen) -> list[tuple[int, int]]:
    """
    All processes of a tree, each before its children, with how far below the
    root it is.

    Whoever has left the tree stands at the end, below nobody.
    """
    group = seen.group
    pids = sorted({*group.pids, *group.unreadable, *group.unread})
    parents = {pid: who.parent for pid, who in seen.identities.items()}
    parents.update({member.pid: member.parent or 0 for member in group.members})
    children: dict[int, list[int]] = {}
    for pid in pids:
        parent = parents.get(pid, 0)
        is_below = pid != seen.root and parent in pids
        children.setdefault(parent if is_below else 0, []).append(pid)
    tops = sorted(children.pop(0, []), key=lambda pid: (pid != seen.root, pid))
    ordered: list[tuple[int, int]] = []
    waiting = [(pid, 0) for pid in reversed(tops)]
    while waiting:
        pid, depth = waiting.pop()
        ordered.append((pid, depth))
        waiting += [(child, depth + 1) for child in reversed(children.pop(pid, []))]
    # Parents that were read one after the other may seem to make a ring.
    rest = [pid for some in children.values() for pid in some]
    return ordered + [(pid, 0) for pid in sorted(rest)]


def _row(seen: Seen, pid: int, depth: int, size: _Size) -> tuple[str, ...]:
    indent = _STEP * min(depth, _DEEPEST)
    if depth > _DEEPEST:
        indent += f"[{depth}] "
    member = next((one for one in seen.group.members if one.pid == pid), None)
    if member is None:
        who = seen.identities.get(pid)
        name = UNKNOWN if who is None else printable(who.name)
        figures = [UNKNOWN] * len(_COLUMNS)
        return (*figures, f"{indent}{pid} {name}")
    label = f"{indent}{pid} {printable(member.name)}"
    if not member.has_memory:
        return (*[_NOTHING] * len(_COLUMNS), f"{label} (no memory)")
    if member.same_memory_as is not None:
        return (*[_NOTHING] * len(_COLUMNS), f"{label} (in {member.same_memory_as})")
    return (*(size(_figure(member, name)) for name in _COLUMNS), label)


def _figure(member: Member, name: str) -> int | None:
    from procmem.errors import UnsupportedError

    if name != "footprint":
        return amount_of(member.usage, name)
    try:
        return member.footprint
    except UnsupportedError:
        return None


def _total(group: Group, size: _Size) -> tuple[str, ...]:
    from procmem.cli.tree import totals

    sums = totals(group)
    # Where amounts can't be added up, nothing stands.
    shown = [size(sums[name]) if name in sums else "" for name in _COLUMNS]
    return (*shown, "total" if group.complete else "total, AT LEAST")


def _sentence(seen: Seen, in_bytes: bool) -> str:
    from procmem.cli.tree import totals

    def size(amount: int | None) -> str:
        if amount is None:
            return "an unknown amount"
        text = f"{amount} bytes" if in_bytes else readable(amount)
        return text.replace(" ", NO_BREAK)

    group = seen.group
    who = seen.identities.get(seen.root)
    name = UNKNOWN if who is None else printable(who.name)
    below = len({*group.pids, *group.unreadable, *group.unread} - {seen.root})
    subject = f"{name} (pid {seen.root})"
    if below:
        subject += f" and {_counted(below, 'process', 'processes')} below it cost"
    else:
        subject += ", which has no children, costs"
    sums = totals(group)
    least = "" if group.complete else "at least "
    return (
        f"{subject} {least}{size(sums['footprint'])}; with the files in memory, "
        f"{least}{size(sums['pss'])}."
    )


def _kinds(group: Group, size: _Size) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [(*(n.upper() for n in _KIND_COLUMNS), "KIND")]
    kinds = sorted(group.by_kind().items(), key=lambda item: -weight(item[1]))
    # The vvar of each process and its like have no memory of their own.
    for kind, usage in (item for item in kinds if weight(item[1])):
        amounts = (amount_of(usage, name) for name in _KIND_COLUMNS)
        rows.append((*map(size, amounts), str(kind)))
    return rows


def _notes(group: Group, in_bytes: bool) -> abc.Iterator[str]:
    """
    What a reader must know about the table, a paragraph each.
    """
    from procmem.cli.tree import totals

    unit = "bytes" if in_bytes else "MiB"
    size = exact if in_bytes else mebibytes
    sums = totals(group)
    yield (
        f"Sizes in {unit}. FOOTPRINT and PSS divide what is shared and can be added "
        "up; the others can't."
    )
    if len(group.members) > 1:
        yield (
            f"RSS would add up to {size(sums['rss_sum'])}, with shared pages counted "
            f"for each; USS to {size(sums['uss_sum'])}, with none of them."
        )
    if sums["hugetlb"]:
        yield f"On top come {size(sums['hugetlb'])} in huge pages of hugetlbfs."
    if any(not member.counts for member in group.members):
        yield '"(in PID)": it has the address space of that process, counted there.'
    if not group.complete:
        yield "The total is INCOMPLETE:"
        for phrase in group.missing:
            yield f"  {printable(phrase)}"
    yield from group.evidence.notes


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
