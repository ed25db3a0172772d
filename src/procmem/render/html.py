"""
What notebooks show: one plain sentence, the largest items, and everything
else folded away.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING

from procmem import accounting
from procmem.model.usage import COUNTERS, UsageDelta
from procmem.render import markup
from procmem.render.figures import (
    FIGURES,
    PEAK,
    amount_of,
    readable,
    sentence,
    weight,
    without_memory,
)

if TYPE_CHECKING:
    from procmem.model.mapping import Mapping
    from procmem.model.usage import Usage
    from procmem.snapshots import Snapshot

__all__ = ["mappings_table", "snapshot_table", "usage_table"]

# How many of the largest items stand in the open.
_ITEMS = 5
# How many mappings are listed one by one; the rest is one row.
_MAPPINGS = 100

_SIZES = ("rss", "pss", "uss", "shared", "swap")
_SIZE_HEADINGS = (">resident", ">proportional", ">private", ">shared", ">swapped")


def usage_table(usage: Usage) -> str:
    """
    A usage, or the difference of two.
    """
    if isinstance(usage, UsageDelta):
        shown, opening = markup.change, _change_sentence(usage)
    else:
        shown, opening = markup.amount, sentence(usage)
    return markup.page(
        markup.paragraph(opening), _figures(usage, shown), _counters(usage, shown)
    )


def mappings_table(mappings: abc.Sequence[Mapping]) -> str:
    """
    The mappings of a process.
    """
    return markup.page(
        markup.paragraph(_mappings_sentence(mappings)),
        _largest(mappings),
        _listing(mappings),
    )


def snapshot_table(snapshot: Snapshot) -> str:
    """
    One process, read once.
    """
    status = snapshot.status
    subject = f"{status.name or 'the process'} (pid {snapshot.pid})"
    if status.has_address_space:
        opening = sentence(snapshot.usage, subject)
    else:
        opening = without_memory(status, subject)
    peak = markup.row(
        markup.label(PEAK.label),
        markup.amount(status.vm_hwm),
        markup.cell(PEAK.meaning),
    )
    return markup.page(
        markup.paragraph(opening),
        _figures(snapshot.usage, markup.amount, peak),
        _largest(snapshot.mappings),
        _counters(snapshot.usage, markup.amount),
        _listing(snapshot.mappings),
    )


def _change_sentence(delta: UsageDelta) -> str:
    def signed(name: str) -> str:
        value = delta.get(name)
        if not isinstance(value, int):
            return "unknown"
        return f"{'+' if value > 0 else ''}{readable(value)}"

    return (
        f"Memory in use changed by {signed('pss')}: private {signed('uss')}, "
        f"shared in full {signed('shared')}; swapped out {signed('swap')}."
    )


def _mappings_sentence(mappings: abc.Sequence[Mapping]) -> str:
    if not mappings:
        return "No mappings: a kernel thread or a zombie has none."
    space = readable(sum(mapping.size for mapping in mappings))
    opening = f"{_counted(len(mappings), 'mapping')}, {space} of address space."
    if all(mapping.usage is None for mapping in mappings):
        return f"{opening} How much of it is in memory was not read."
    return f"{opening} {sentence(accounting.total(mappings))}"


def _figures(usage: Usage, shown: abc.Callable[[int | None], str], *more: str) -> str:
    rows = [
        markup.row(
            markup.label(figure.label),
            shown(amount_of(usage, figure.name)),
            markup.cell(figure.meaning),
        )
        for figure in FIGURES
    ]
    return markup.table(("", ">", ""), [*rows, *more])


def _counters(usage: Usage, shown: abc.Callable[[int | None], str]) -> str:
    rows = [
        markup.row(markup.code(name), shown(amount_of(usage, name)))
        for name in COUNTERS
    ]
    for key, value in usage.other:
        written = shown(value) if isinstance(value, int) else markup.cell(value)
        rows.append(markup.row(markup.code(key), written))
    listing = markup.table(("counter", ">"), rows)
    return markup.folded(f"all {len(rows)} counters", listing)


def _largest(mappings: abc.Sequence[Mapping]) -> str:
    """
    What occupies most, by file, or by name where there is none.
    """
    files = sorted(
        accounting.by_file(mappings).items(), key=lambda item: -weight(item[1])
    )
    items = [(key, usage) for key, usage in files[:_ITEMS] if weight(usage)]
    if not items:
        return ""
    rows = [
        markup.row(*_sizes(usage), markup.cell(key.name or "memory without a name"))
        for key, usage in items
    ]
    rest = [usage for _, usage in files[len(items) :]]
    if rest:
        others = _counted(len(rest), "other")
        rows.append(
            markup.row(*_sizes(sum(rest[1:], start=rest[0])), markup.cell(others))
        )
    return markup.table((*_SIZE_HEADINGS, "the largest"), rows)


def _listing(mappings: abc.Sequence[Mapping]) -> str:
    """
    All mappings by address, or the largest and the sum of the rest.
    """
    if not mappings:
        return ""
    shown = set(range(len(mappings)))
    if len(mappings) > _MAPPINGS:
        by_weight = sorted(
            shown,
            key=lambda i: (weight(mappings[i].usage), mappings[i].size),
            reverse=True,
        )
        shown = set(by_weight[:_MAPPINGS])
    rows = [
        markup.row(
            markup.code(f"{mapping.start:x}-{mapping.end:x}"),
            markup.code(mapping.permissions),
            markup.amount(mapping.size),
            *_sizes(mapping.usage),
            markup.cell(mapping.name or mapping.kind, title=mapping.kind),
        )
        for index, mapping in enumerate(mappings)
        if index in shown
    ]
    rest = [mapping for i, mapping in enumerate(mappings) if i not in shown]
    summary = f"all {_counted(len(mappings), 'mapping')}"
    if rest:
        summary = f"the {_MAPPINGS} largest of {len(mappings)} mappings"
        rows.append(
            markup.row(
                markup.label("the rest"),
                markup.label(""),
                markup.amount(sum(mapping.size for mapping in rest)),
                *_sizes(accounting.total(rest)),
                markup.cell(_counted(len(rest), "smaller mapping")),
            )
        )
    headings = ("address", "", ">size", *_SIZE_HEADINGS, "name or kind")
    return markup.folded(summary, markup.table(headings, rows))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _sizes(usage: Usage | None) -> list[str]:
    if usage is None:
        return [markup.amount(None, "only maps was read")] * len(_SIZES)
    return [markup.amount(amount_of(usage, name)) for name in _SIZES]
