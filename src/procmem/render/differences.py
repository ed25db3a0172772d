"""
What changed between two readings, for a terminal: a sentence, and tables whose
rows add up.
"""

from __future__ import annotations

from collections import Counter, abc
from typing import TYPE_CHECKING

from procmem.differences.row import figure_or_none
from procmem.render.difference_rows import Line, Writer, fitted, rows_table, signed
from procmem.render.figures import FIGURES, readable
from procmem.render.names import printable
from procmem.render.text import NO_BREAK, UNKNOWN, exact, wrapped

if TYPE_CHECKING:
    from procmem.differences.diff import Diff, MemberChange
    from procmem.differences.row import Metric
    from procmem.model.usage import Usage

__all__ = [
    "best_metric",
    "change_sentence",
    "diff_text",
    "notes",
]

ROWS = 12
"""How many rows are shown unless all are asked for."""

_MEANINGS = {figure.name: figure.meaning for figure in FIGURES} | {
    "swap_pss": "moved out to swap, shared pages divided",
    "hugetlb": "huge pages of hugetlbfs, which the other figures leave out",
}
_NAMES = {
    "footprint": "footprint",
    "pss": "PSS",
    "uss": "USS",
    "rss": "RSS",
    "swap": "swap",
    "swap_pss": "share of swap",
    "hugetlb": "hugetlb memory",
}


def best_metric(diff: Diff) -> Metric:
    """
    The footprint, or what comes nearest on a system that does not tell it.
    """
    for metric in ("footprint", "pss", "rss"):
        if metric == "footprint" and any(
            None in {row.footprint_before, row.footprint_after} for row in diff.rows
        ):
            continue
        if None not in {figure_or_none(u, metric) for u in (diff.before, diff.after)}:
            return metric
    return "rss"


def diff_text(
    diff: Diff,
    *,
    metric: Metric = "footprint",
    everything: bool = False,
    in_bytes: bool = False,
    width: int | None = None,
) -> str:
    """
    What a person is to know of a difference.

    Args:
        diff: The difference.

        metric: What to measure by.

        everything: Show every row, also those that did not change.

        in_bytes: Print exact numbers of bytes instead of rounded units.

        width: Columns of the terminal, or None if it is none.

    Raises:
        UnsupportedError: If the readings have no such figure.
    """
    size: Writer = exact if in_bytes else readable
    if everything:
        rows = sorted(diff.grouped(), key=lambda row: -abs(row.growth(metric)))
    else:
        # Where nothing changed, all would be "others".
        rows = [*diff.top(ROWS, metric)] if _has_changed(diff, metric) else []
    parts = [
        wrapped(change_sentence(diff, metric, in_bytes=in_bytes), width=width),
        rows_table(rows, diff, metric, size=size, width=width),
    ]
    if len(diff.members) > 1 and not _are_two_runs(diff.members):
        shown = None if everything else ROWS
        parts.append(_members_table(diff.members, metric, size, shown, width))
    parts.append("".join(wrapped(note, width=width) for note in notes(diff, metric)))
    return "\n".join(parts)


def _has_changed(diff: Diff, metric: Metric) -> bool:
    return any(row.growth(metric) for row in diff.grouped())


def change_sentence(diff: Diff, metric: Metric, *, in_bytes: bool = False) -> str:
    """
    By how much it changed, in one sentence.
    """

    def size(amount: int) -> str:
        text = f"{amount} bytes" if in_bytes else readable(amount)
        return text.replace(" ", NO_BREAK)

    before, after = diff.size(metric, "before"), diff.size(metric, "after")
    by = size(abs(after - before))
    what = f"The {_NAMES[metric]} of"
    members = diff.members
    if _are_two_runs(members):
        old, new = map(_subject, members)
        if after == before:
            return f"{what} {new} is that of {old}: {size(after)}."
        more = "more" if after > before else "less"
        return (
            f"{what} {new} is {by} {more} than that of {old}: {size(after)} against "
            f"{size(before)}."
        )
    subject = _subject(members[0]) if len(members) == 1 else _processes(members)
    if after == before:
        return f"{what} {subject} did not change: {size(after)}."
    verb = "grew" if after > before else "shrank"
    return f"{what} {subject} {verb} by {by}, from {size(before)} to {size(after)}."


def _are_two_runs(members: abc.Sequence[MemberChange]) -> bool:
    return [member.change for member in members] == ["gone", "new"]


def _subject(member: MemberChange) -> str:
    name = "process" if member.name is None else printable(member.name)
    return f"{name} (pid{NO_BREAK}{member.pid})"


def _processes(members: abc.Sequence[MemberChange]) -> str:
    counts = Counter(member.change for member in members)
    parts = [f"{counts[word]} {word}" for word in ("new", "gone") if counts[word]]
    which = f" ({', '.join(parts)})" if parts else ""
    return f"{len(members)} processes{which}"


def _members_table(
    members: abc.Sequence[MemberChange],
    metric: Metric,
    size: Writer,
    shown: int | None,
    width: int | None,
) -> str:
    """
    What each process has to do with it, the largest change first.
    """

    def growth(member: MemberChange) -> int:
        return abs(figure_or_none(member.delta, metric) or 0)

    ordered = sorted(members, key=lambda member: -growth(member))
    lines = [Line("", "before", "after", "change", "process")]
    for member in ordered[:shown]:
        by = figure_or_none(member.delta, metric)
        lines.append(
            Line(
                _subject(member).replace(NO_BREAK, " "),
                _amount(member.before, metric, size),
                _amount(member.after, metric, size),
                UNKNOWN if by is None else signed(by, size),
                "" if member.change == "stayed" else member.change,
            )
        )
    text = fitted(lines, width, "  ")
    if shown is not None and len(ordered) > shown:
        text += f"  and {len(ordered) - shown} more\n"
    return text


def _amount(usage: Usage | None, metric: Metric, size: Writer) -> str:
    if usage is None:
        return ""
    amount = figure_or_none(usage, metric)
    return UNKNOWN if amount is None else size(amount)


def notes(diff: Diff, metric: Metric) -> list[str]:
    """
    What a reader must know about the tables, a paragraph each.
    """
    counts = Counter(row.change for row in diff.rows if not row.is_rest)
    parts = [
        f"{counts[change]} {change}"
        for change in ("new", "gone", "grown", "shrunk", "same")
        if counts[change]
    ]
    found: list[str] = []
    if parts:
        found.append(f"Mappings: {', '.join(parts)}.")
    name = _NAMES[metric]
    meaning = _MEANINGS[metric].removesuffix(f" ({name})")
    found.append(f"{name[0].upper()}{name[1:]}: {meaning}.")
    if not diff.complete:
        found.append(f"INCOMPLETE: {printable('; '.join(diff.missing))}.")
    return found
