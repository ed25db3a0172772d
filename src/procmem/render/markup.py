"""
Pieces of HTML: escaped text, cells, tables, and the style around them.

There is no script in it, and no colour of its own for text or background, so
that it is readable in light and in dark notebooks and survives where styles
are stripped.
"""

from __future__ import annotations

from collections import abc
from html import escape

from procmem.render.figures import readable
from procmem.render.names import printable

__all__ = [
    "amount",
    "cell",
    "change",
    "code",
    "folded",
    "label",
    "page",
    "paragraph",
    "row",
    "table",
    "text",
]

# The class twice, to count for more than what notebooks say about tables.
_STYLE = (
    "<style>"
    ".procmem.procmem{color:inherit;margin:.4em 0;overflow-x:auto}"
    ".procmem.procmem p{margin:.4em 0;max-width:60em}"
    ".procmem.procmem table.procmem-t{border-collapse:collapse;margin:.4em 0;"
    "border:0;color:inherit;font-size:.95em;font-variant-numeric:tabular-nums}"
    ".procmem.procmem table.procmem-t tr{background:none}"
    ".procmem.procmem table.procmem-t th,.procmem.procmem table.procmem-t td{"
    "text-align:left;vertical-align:top;padding:.15em .8em .15em 0;border:0;"
    "border-bottom:1px solid rgba(128,128,128,.35);color:inherit;"
    "background:none;max-width:none;white-space:nowrap}"
    ".procmem.procmem table.procmem-t th{font-weight:600}"
    ".procmem.procmem table.procmem-t .n{text-align:right}"
    ".procmem.procmem table.procmem-t .w{white-space:normal;"
    "overflow-wrap:anywhere;min-width:16em}"
    ".procmem.procmem summary{cursor:pointer}"
    "</style>"
)


def page(*parts: str) -> str:
    """
    What a notebook shows for one value.
    """
    return f'<div class="procmem">{_STYLE}{"".join(parts)}</div>'


def text(value: str) -> str:
    """
    Any text as HTML that shows it and does nothing else.
    """
    return escape(printable(value))


def paragraph(value: str) -> str:
    """
    Plain text as a paragraph.
    """
    return f"<p>{text(value)}</p>"


def folded(summary: str, content: str) -> str:
    """
    Something that shows when its summary is clicked.
    """
    return f"<details><summary>{text(summary)}</summary>{content}</details>"


def label(value: str) -> str:
    """
    A few words in a table.
    """
    return f"<td>{text(value)}</td>"


def cell(value: str, *, title: str = "") -> str:
    """
    Text in a table that may be broken anywhere; *title* shows when a mouse
    rests on it.
    """
    more = f' title="{text(title)}"' if title else ""
    return f'<td class="w"{more}>{text(value)}</td>'


def code(value: str) -> str:
    """
    Short text in a table, all characters of the same width.
    """
    return f"<td><code>{text(value)}</code></td>"


def amount(size: int | None, why: str = "this system did not print it") -> str:
    """
    A number of bytes in a table; a dash, and why, where it is missing.
    """
    if size is None:
        return f'<td class="n" title="not known: {text(why)}">\N{EN DASH}</td>'
    return f'<td class="n" title="{size:,} bytes">{readable(size)}</td>'


def change(size: int | None, why: str = "missing before or after") -> str:
    """
    The same for a difference, always with its sign.
    """
    if not size or size < 0:
        return amount(size, why)
    return f'<td class="n" title="+{size:,} bytes">+{readable(size)}</td>'


def row(*parts: str) -> str:
    """
    A row of cells.
    """
    return f"<tr>{''.join(parts)}</tr>"


def table(headings: abc.Sequence[str], rows: abc.Iterable[str]) -> str:
    """
    A table.

    Args:
        headings: One for each column; ``>`` before it for a column of
            numbers.

        rows: What :func:`row` gave.
    """
    head = "".join(
        f'<th class="n">{text(heading[1:])}</th>'
        if heading.startswith(">")
        else f"<th>{text(heading)}</th>"
        for heading in headings
    )
    return (
        f'<table class="procmem-t"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
