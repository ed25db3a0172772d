"""
What changed between two readings, for a notebook.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING

from procmem.differences.row import figure_or_none
from procmem.errors import UnsupportedError
from procmem.render import markup
from procmem.render.differences import best_metric, change_sentence, notes
from procmem.render.text import NO_BREAK

if TYPE_CHECKING:
    from procmem.differences.diff import Diff, MemberChange
    from procmem.differences.row import DiffRow, Metric

__all__ = ["diff_table"]

# How many rows stand in the open, and how many are listed at all.
_ROWS = 8
_MOST = 200

_SIZES = (">before", ">after", ">change")


def diff_table(diff: Diff) -> str:
    """
    The sentence, what changed most, and everything else folded away.
    """
    metric = best_metric(diff)
    try:
        opening = change_sentence(diff, metric).replace(NO_BREAK, " ")
    except UnsupportedError:
        return markup.page(markup.paragraph("What changed is not known."))
    total = markup.row(
        markup.amount(figure_or_none(diff.before, metric)),
        markup.amount(figure_or_none(diff.after, metric)),
        markup.change(diff.growth(metric)),
        markup.label(""),
        markup.label("total"),
    )
    rows = [_row(row, metric) for row in diff.top(_ROWS, metric)]
    return markup.page(
        markup.paragraph(opening),
        _table([*rows, total]),
        _members(diff.members, metric),
        _all(diff, metric),
        *map(markup.paragraph, notes(diff, metric)),
    )


def _row(row: DiffRow, metric: Metric) -> str:
    kind = "" if row.kind is None else str(row.kind)
    word = f"{kind}, {row.change}" if row.change in {"new", "gone"} else kind
    count = row.mappings_after or row.mappings_before
    more = f" ({count} mappings)" if count > 1 and row.kind is not None else ""
    return markup.row(
        markup.amount(row.size(metric, "before")),
        markup.amount(row.size(metric, "after")),
        markup.change(row.growth(metric)),
        markup.label(word.strip(", ")),
        markup.cell(f"{row.label}{more}", title=row.name or ""),
    )


def _table(rows: abc.Iterable[str]) -> str:
    return markup.table((*_SIZES, "kind", "what"), rows)


def _members(members: abc.Sequence[MemberChange], metric: Metric) -> str:
    if len(members) < 2:
        return ""
    rows = [
        markup.row(
            *(
                markup.label("")
                if usage is None
                else markup.amount(figure_or_none(usage, metric))
                for usage in (member.before, member.after)
            ),
            markup.change(figure_or_none(member.delta, metric)),
            markup.label(member.change),
            markup.cell(f"{member.name or 'process'} (pid {member.pid})"),
        )
        for member in members[:_MOST]
    ]
    if len(members) > _MOST:
        rows.append(markup.row(markup.label(f"and {len(members) - _MOST} more")))
    listing = markup.table((*_SIZES, "", "process"), rows)
    return markup.folded(f"{len(members)} processes", listing)


def _all(diff: Diff, metric: Metric) -> str:
    if len(diff.grouped()) <= _ROWS:
        return ""
    rows = diff.top(_MOST, metric)
    listing = _table(_row(row, metric) for row in rows)
    return markup.folded("all that changed", listing)
