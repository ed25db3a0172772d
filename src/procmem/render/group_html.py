"""
What notebooks show for a group: one sentence, its processes, and the sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from procmem.errors import UnsupportedError
from procmem.render import markup
from procmem.render.figures import amount_of, readable

if TYPE_CHECKING:
    from procmem.groups.group import Group
    from procmem.groups.member import Member

__all__ = ["group_table"]

_SIZES = ("pss", "uss", "rss", "swap")
_HEADINGS = (
    ">pid",
    ">footprint",
    ">proportional",
    ">private",
    ">resident",
    ">swapped",
    "process",
)
_NO_SUM = "pages that several of them share would count too often or not at all"

# How many of the largest stand in the open.
_ROWS = 20


def group_table(group: Group) -> str:
    """
    The processes of a group, the largest first.
    """
    ordered = sorted(group.members, key=lambda member: -(_footprint(member) or 0))
    rows = [_row(member) for member in ordered]
    total = markup.row(
        markup.label("total" if group.complete else "at least"),
        markup.amount(_sum(group, "footprint")),
        markup.amount(_sum(group, "pss")),
        *[markup.amount(None, _NO_SUM)] * 3,
        markup.label(""),
    )
    parts = [
        markup.paragraph(_sentence(group)),
        markup.table(_HEADINGS, [*rows[:_ROWS], total]),
    ]
    if len(rows) > _ROWS:
        others = markup.table(_HEADINGS, rows[_ROWS:])
        parts.append(markup.folded(f"{len(rows) - _ROWS} smaller ones", others))
    if group.missing:
        reasons = "".join(map(markup.paragraph, group.missing))
        parts.append(markup.folded("what is missing", reasons))
    return markup.page(*parts)


def _sentence(group: Group) -> str:
    count = len(group.members)
    some = f"{count} process{'es' * (count != 1)}"
    least = "" if group.complete else "at least "
    footprint, pss = (_sum(group, name) for name in ("footprint", "pss"))
    costs = "unknown" if footprint is None else f"{least}{readable(footprint)}"
    files = "unknown" if pss is None else f"{least}{readable(pss)}"
    return f"{some}: footprint {costs}; with the files in memory, {files}."


def _row(member: Member) -> str:
    name = member.name
    if member.same_memory_as is not None:
        name += f" (counted in {member.same_memory_as})"
    return markup.row(
        f'<td class="n">{member.pid}</td>',
        markup.amount(_footprint(member)),
        *(markup.amount(amount_of(member.usage, size)) for size in _SIZES),
        markup.cell(name),
    )


def _footprint(member: Member) -> int | None:
    try:
        return member.footprint
    except UnsupportedError:
        return None


def _sum(group: Group, name: str) -> int | None:
    try:
        return int(getattr(group, name))
    except UnsupportedError:
        return None
