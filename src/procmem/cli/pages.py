"""
``procmem pages PID``: the address space of a process as a page map.
"""

from __future__ import annotations

import os
import sys
from collections import abc
from typing import TYPE_CHECKING, NamedTuple

from procmem.cli import complain, output
from procmem.errors import ProcmemError

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from procmem.cli.findings import Identity
    from procmem.model.mapping import Mapping
    from procmem.model.status import Status
    from procmem.pagetable.table import PageTable
    from procmem.render.pagemap.ansi import Colour
    from procmem.render.pagemap.picture import Picture
    from procmem.sources.base import PinnedProcess, Source

__all__ = ["Options", "run"]

_DESCRIPTION = """\
Draw the address space of a process as a page map: one cell is one page or a
block of pages, coloured by what it is and how many share it."""

_EPILOG = """\
Hue tells anonymous memory (blue) from files and shared memory (orange), and
the darker a cell is, the fewer share its pages. In the terminal a cell of
several pages shows what most of those that are there are; in images it is
divided among them. Where colours cannot be shown, cells are letters.

How many share a page is known to root only (CAP_SYS_ADMIN). Without, pages
that are mapped once can be told from others.

exit codes:
  0  done
  1  the process could not be read, or a file not be written
  2  the arguments make no sense"""

_USUAL_WIDTH = 80
_MAX_DIGITS = 10
# The picture is to be about so many lines long, if there is enough to show,
# and a little less than half of each line is for its cells.
_LINES = 40
_SHARE = 0.45

_DRAWN = "\N{UPPER HALF BLOCK}\N{MIDDLE DOT}\N{HORIZONTAL ELLIPSIS}"
# Terminals of these kinds show 256 colours, even if they do not say so.
_CAPABLE = ("xterm", "screen", "tmux", "rxvt", "alacritty", "foot", "kitty", "wezterm")


class Options(NamedTuple):
    """
    What to show, and how.

    Attributes:
        pid: Of which process.

        svg: Where to write an SVG file.

        png: Where to write a PNG file.

        width: Columns, or None for those of the terminal.

        root: Where proc is mounted.

        no_color: Whether to use letters instead of colours.

        json: Print a JSON document.
    """

    pid: int
    svg: str | None = None
    png: str | None = None
    width: int | None = None
    root: str = "/proc"
    no_color: bool = False
    json: bool = False


class _Seen(NamedTuple):
    """
    What was read of a process.
    """

    who: Identity
    status: Status
    mappings: abc.Sequence[Mapping]
    table: PageTable


def run(arguments: abc.Sequence[str], source: Source | None = None) -> int:
    """
    Draw the process that was named; the exit code.
    """
    options = _parse(arguments)
    if source is None:
        from procmem.sources.procfs import ProcFS

        source = ProcFS(options.root)
    try:
        with source.pin(options.pid) as process:
            seen = _read(process)
    except (ProcmemError, OSError) as exc:
        about = "" if hasattr(exc, "pid") else f"process {options.pid}: "
        complain(f"{about}{exc}")
        return 1
    return _show(seen, options)


def _read(process: PinnedProcess) -> _Seen:
    from procmem.cli.scan import identity_of
    from procmem.reading.lifecycle import first_sound
    from procmem.reading.listing import listing_of_maps
    from procmem.reading.status import read_status
    from procmem.shortcuts.pages import pages

    status = read_status(process)
    listing = first_sound(process, "maps", listing_of_maps)
    mappings = () if listing is None else listing[0]
    who = identity_of(process.pid, status)
    return _Seen(who, status, mappings, pages(process))


def _show(seen: _Seen, options: Options) -> int:
    from procmem.render.pagemap.cells import CELLS, page_cells

    width = options.width or output.width() or _USUAL_WIDTH
    colour = _colour(options)
    images = options.svg is not None or options.png is not None
    picture = page_cells(
        seen.table,
        seen.mappings,
        subject=f"{seen.who.name or 'the process'} (pid {seen.who.pid})",
        cells=CELLS if images or options.json else _cells(width, colour),
    )
    _write(picture, options)
    if options.json:
        output.emit(_document(picture, seen))
    elif not seen.status.has_address_space:
        from procmem.render.figures import without_memory

        output.emit(f"{without_memory(seen.status, picture.subject)}\n")
    elif images:
        from procmem.render.pagemap.legend import sentence
        from procmem.render.text import wrapped

        lines = (sentence(picture), *picture.notes)
        output.emit("".join(wrapped(line, width=output.width()) for line in lines))
    else:
        from procmem.render.pagemap.text import to_text

        text = to_text(picture, width=width, colour=colour, unicode=_has_unicode())
        output.emit(text)
    return 0


def _write(picture: Picture, options: Options) -> None:
    if options.svg is not None:
        from procmem.render.pagemap.svg import to_svg

        _write_file(options.svg, to_svg(picture).encode())
    if options.png is not None:
        from procmem.render.pagemap.png import to_png

        _write_file(options.png, to_png(picture))


def _write_file(name: str, data: bytes) -> None:
    try:
        with open(name, "wb") as file:  # noqa: PTH123 (fast to import)
            file.write(data)
    except OSError as exc:
        raise output.WriteError(f"can't write {name}: {exc.strerror}") from None


def _colour(options: Options) -> Colour:
    """
    What can be shown: nothing unless it is a terminal that is known to.

    See https://no-color.org for NO_COLOR.
    """
    term = os.environ.get("TERM", "")
    if options.no_color or os.environ.get("NO_COLOR") or output.width() is None:
        return "none"
    if term == "dumb":
        return "none"
    if os.environ.get("COLORTERM") in {"truecolor", "24bit"} or "direct" in term:
        return "true"
    return "256" if "256" in term or term.startswith(_CAPABLE) else "none"


def _has_unicode() -> bool:
    try:
        _DRAWN.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _cells(width: int, colour: Colour) -> int:
    rows = 1 if colour == "none" or not _has_unicode() else 2
    return round(_LINES * rows * width * _SHARE)


def _document(picture: Picture, seen: _Seen) -> str:
    """
    The picture as JSON, as far as it goes like that of other commands.
    """
    import json

    from procmem.cli.document import SCHEMA
    from procmem.render.names import printable
    from procmem.render.pagemap.data import to_data

    evidence = seen.table.evidence
    document = {
        "schema": SCHEMA,
        "pid": seen.who.pid,
        "name": None if seen.who.name is None else printable(seen.who.name),
        **to_data(picture),
        "evidence": {
            "method": evidence.method,
            "files": list(evidence.files),
            "missing": list(evidence.missing),
            "moved": evidence.moved,
            "notes": list(evidence.notes),
        },
    }
    return json.dumps(document, indent=2) + "\n"


def _parse(arguments: abc.Sequence[str]) -> Options:
    found = _parser().parse_intermixed_args(arguments)
    return Options(**vars(found))


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser, RawTextHelpFormatter

    parser = ArgumentParser(
        prog="procmem pages",
        usage=(
            "procmem pages [--svg FILE] [--png FILE] [--width N] [--no-color]\n"
            "                     [--json] [--root DIR] PID"
        ),
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=RawTextHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("pid", metavar="PID", type=_number, help="a process")
    parser.add_argument("--svg", metavar="FILE", help="write the picture as SVG")
    parser.add_argument("--png", metavar="FILE", help="write the picture as PNG")
    parser.add_argument(
        "--width",
        metavar="N",
        type=_number,
        help="columns to draw in, instead of those of the terminal",
    )
    parser.add_argument(
        "--no-color",
        action="store_true",
        help="letters instead of colours, as with NO_COLOR set",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON document; sizes in bytes, null where unknown",
    )
    parser.add_argument(
        "--root",
        metavar="DIR",
        default="/proc",
        help="where proc is mounted, for example a host's in a container",
    )
    return parser


def _number(text: str) -> int:
    from argparse import ArgumentTypeError

    if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS and int(text):
        return int(text)
    raise ArgumentTypeError(f"not a positive number: {text!r}")
