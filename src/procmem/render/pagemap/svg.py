"""
A page map as SVG: text stays text, and pointing at a band explains it.

It has no script, loads nothing, and follows the reader's choice of a dark or
light page.
"""

from __future__ import annotations

from collections import abc
from html import escape

from procmem.render.pagemap.colours import DARK, LIGHT, Ground, Rgb
from procmem.render.pagemap.kinds import LOOKS, Kind
from procmem.render.pagemap.layout import GAP, PITCH, Grid, Label, laid_out
from procmem.render.pagemap.picture import PARTS, Cell, Picture

__all__ = ["to_svg"]

# A monospaced font at this size is 7 pixels wide, more or less.
_FONT_SIZE = 11.6
_BASELINE = 11

_OWN_COLOURS = frozenset({Kind.ABSENT, Kind.FOLD})

# From the upper left corner of a cell.
_MARKS = {
    "/": "m0 8l8-8",
    "x": "m1 1l6 6m0-6l-6 6",
    "o": "m2.5 2.5h3v3h-3z",
    "-": "m1 4h6",
}


def to_svg(picture: Picture) -> str:
    """
    The picture as the text of an SVG file.
    """
    page = laid_out(picture)
    size = f'width="{page.width}" height="{page.height}"'
    items = (
        _label(item) if isinstance(item, Label) else _grid(item) for item in page.items
    )
    box = f'viewBox="0 0 {page.width} {page.height}"'
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} role="img">',
            f"<title>{escape(picture.subject)}</title>",
            _style(),
            _definitions(),
            f'<rect class="p" {size}/>',
            *items,
            "</svg>\n",
        )
    )


def _hex(colour: Rgb) -> str:
    return "#" + bytes(colour).hex()


def _style() -> str:
    fixed = "".join(
        f".k{kind}{{fill:{_hex(look.colour)}}}"
        for kind, look in LOOKS.items()
        if kind not in _OWN_COLOURS
    )
    return (
        f"<style>text{{font:{_FONT_SIZE}px ui-monospace,Menlo,Consolas,"
        '"DejaVu Sans Mono",monospace;white-space:pre}'
        f".r{{text-anchor:end}}.strong{{font-weight:bold}}{fixed}"
        f".m{{fill:none;stroke-width:1.2}}{_ground(LIGHT)}"
        f"@media (prefers-color-scheme:dark){{{_ground(DARK)}}}</style>"
    )


def _ground(ground: Ground) -> str:
    return (
        f".p{{fill:{_hex(ground.paper)}}}.m,.l{{stroke:{_hex(ground.paper)}}}"
        f"text{{fill:{_hex(ground.ink)}}}"
        f".dim,.k{Kind.FOLD}{{fill:{_hex(ground.dim)}}}"
        f".k{Kind.ABSENT}{{fill:{_hex(ground.absent)}}}"
    )


def _definitions() -> str:
    # Cells are drawn without gaps, as one shape for each kind; this makes
    # the gaps.
    edge = PITCH - GAP / 2
    return (
        f'<defs><pattern id="g" width="{PITCH}" height="{PITCH}" '
        'patternUnits="userSpaceOnUse">'
        f'<path class="l" fill="none" stroke-width="{GAP}" '
        f'd="M{edge} 0V{PITCH}M0 {edge}H{PITCH}"/></pattern></defs>'
    )


def _label(label: Label) -> str:
    classes = [label.tone] * (label.tone != "plain") + ["r"] * label.right
    which = f' class="{" ".join(classes)}"' if classes else ""
    return (
        f'<text{which} x="{label.x}" y="{label.y + _BASELINE}">'
        f"{escape(label.text)}</text>"
    )


def _grid(grid: Grid) -> str:
    shapes: dict[Kind, list[str]] = {}
    marks: list[str] = []
    for row, cells in enumerate(grid.rows):
        y = row * PITCH
        column = 0
        while column < len(cells):
            run = _run(cells, column)
            _draw(cells[column], column * PITCH, y, run * PITCH, shapes)
            for place in range(column, column + run):
                marks += _mark(cells[place], place * PITCH, y)
            column += run
    width = len(grid.rows[0]) * PITCH
    height = len(grid.rows) * PITCH
    hint = escape("\n".join(grid.hint))
    return "".join(
        (
            f'<g transform="translate({grid.x} {grid.y})">',
            f"<title>{hint}</title>" if hint else "",
            *(f'<path class="k{k}" d="{"".join(d)}"/>' for k, d in shapes.items()),
            f'<path class="m" d="{"".join(marks)}"/>' if marks else "",
            f'<rect width="{width}" height="{height}" fill="url(#g)"/></g>',
        )
    )


def _run(cells: abc.Sequence[Cell], first: int) -> int:
    """
    How many cells from *first* on are drawn as one.
    """
    if cells[first].folded:
        return 1
    parts = cells[first].parts
    last = first
    while last < len(cells) and cells[last].parts == parts:
        last += 1
    return last - first


def _draw(
    cell: Cell, x: int, y: int, width: int, shapes: dict[Kind, list[str]]
) -> None:
    """
    Add the shapes of a cell, or of several in a row, by their kind.
    """
    if cell.folded:
        dots = "".join(f"M{x + 3} {y + place}h2v1h-2z" for place in (1, 4, 7))
        shapes.setdefault(Kind.FOLD, []).append(dots)
        return
    top = 0
    while top < PARTS:
        kind = cell.parts[top]
        height = cell.parts.count(kind)
        shape = f"M{x} {y + top}h{width}v{height}h-{width}z"
        shapes.setdefault(Kind(kind), []).append(shape)
        top += height


def _mark(cell: Cell, x: int, y: int) -> list[str]:
    """
    What is drawn over a cell that is all of one kind.
    """
    mark = LOOKS[Kind(cell.parts[0])].mark
    if not mark or cell.parts.count(cell.parts[0]) < PARTS:
        return []
    return [f"M{x} {y}{_MARKS[mark]}"]
