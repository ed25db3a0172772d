"""
One process for a terminal: a sentence and two short tables.
"""

from __future__ import annotations

from collections import Counter, abc
from typing import TYPE_CHECKING

from procmem import accounting
from procmem.render.figures import (
    FIGURES,
    PEAK,
    amount_of,
    readable,
    sentence,
    weight,
    without_memory,
)
from procmem.render.names import printable
from procmem.render.text import NO_BREAK, UNKNOWN, exact, table, wrapped

if TYPE_CHECKING:
    from procmem.cli.single import Details
    from procmem.model.mapping import Mappings
    from procmem.model.usage import Usage

__all__ = ["process_text"]

# How many kinds of mappings get a line of their own.
_KINDS = 8
_KIND_SIZES = ("rss", "pss", "uss", "swap")
_KIND_HEADINGS = ("kind", "mappings", "resident", "proportional", "private", "swapped")

_Size = abc.Callable[[int], str]


def process_text(
    details: Details, *, in_bytes: bool = False, width: int | None = None
) -> str:
    """
    How much it uses, what the figures mean, and what it uses it for.

    Args:
        details: The process.

        in_bytes: Print exact numbers of bytes instead of rounded units.

        width: Columns of the terminal, or None if it is none.
    """
    name = UNKNOWN if details.who.name is None else printable(details.who.name)
    subject = f"{name} (pid {details.who.pid})"
    if not details.status.has_address_space:
        return wrapped(without_memory(details.status, subject), width=width)
    size: _Size = exact if in_bytes else readable
    opening = sentence(details.usage, subject, lambda n: _kept_together(n, in_bytes))
    return "\n".join(
        (
            wrapped(opening, width=width),
            table(_figures(details, size), "<><", width=width, indent="  "),
            table(_kinds(details.mappings, size), "<>>>>>", indent="  "),
        )
    )


def _figures(details: Details, size: _Size) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for label, name, meaning in FIGURES:
        amount = amount_of(details.usage, name)
        if name == "footprint":
            amount = details.footprint
        shown = _shown(amount, size)
        if name == "footprint" and (bounds := details.footprint_bounds):
            # Bounds that differ may print alike.
            shown = " to ".join(dict.fromkeys(map(size, bounds)))
        rows.append((label, shown, meaning))
    peak = _shown(details.status.vm_hwm, size)
    return [*rows, (PEAK.label, peak, PEAK.meaning)]


def _kinds(mappings: Mappings, size: _Size) -> list[tuple[str, ...]]:
    """
    What the process has in which kinds of mappings, the largest first.
    """
    counts = Counter(mapping.kind for mapping in mappings)
    kinds = sorted(
        accounting.by_kind(mappings).items(), key=lambda item: -weight(item[1])
    )
    shown = [item for item in kinds[:_KINDS] if weight(item[1])]
    rows: list[tuple[str, ...]] = [_KIND_HEADINGS]
    rows += [_kind(kind, counts[kind], usage, size) for kind, usage in shown]
    rest = kinds[len(shown) :]
    if rest:
        label = "others" if shown else "all kinds"
        count = sum(counts[kind] for kind, _ in rest)
        usage = sum((usage for _, usage in rest[1:]), start=rest[0][1])
        rows.append(_kind(label, count, usage, size))
    return rows


def _kind(label: str, count: int, usage: Usage, size: _Size) -> tuple[str, ...]:
    sizes = (_shown(amount_of(usage, name), size) for name in _KIND_SIZES)
    return (label, str(count), *sizes)


def _shown(amount: int | None, size: _Size) -> str:
    return UNKNOWN if amount is None else size(amount)


def _kept_together(amount: int, in_bytes: bool) -> str:
    text = f"{amount} bytes" if in_bytes else readable(amount)
    return text.replace(" ", NO_BREAK)
