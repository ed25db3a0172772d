"""
``procmem doctor``: what can be read here, and what each missing right would
add.
"""

from __future__ import annotations

import sys
from collections import abc
from typing import TYPE_CHECKING, NamedTuple

from procmem.cli import output

if TYPE_CHECKING:
    from procmem.shortcuts.abilities import Ability
    from procmem.shortcuts.capabilities import Capabilities
    from procmem.sources.base import Source

__all__ = ["report", "run"]

SCHEMA = 1
"""Rises when a key goes or changes its meaning; new ones may come any time."""

_DESCRIPTION = """\
Tell what can be read on this machine, how exact it makes the answers, and what
each missing right, kernel or option would add."""

_EPILOG = """\
exit codes:
  0  done, whatever is missing
  2  the arguments make no sense"""

_USUAL_WIDTH = 80

_METHODS = {
    "pages exact": "page by page, exactly",
    "pages with bounds": "page by page, some figures with bounds",
    "kernel": "by the kernel's own counters",
    "none": "not at all",
}

# Those that allow more than others.
_MATTER = (
    *("CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_PERFMON", "CAP_DAC_READ_SEARCH"),
    *("CAP_DAC_OVERRIDE", "CAP_CHECKPOINT_RESTORE", "CAP_KILL"),
)

_GROUPS = {
    "Files of this process": ("maps", "frame_numbers"),
    "Frames of the machine": ("kpagecount", "kpagecgroup"),
    "Other processes": ("same_user_smaps", "all_processes"),
    "Requests and calls": ("pagemap_scan", "map_files"),
}
"""The first and the last ability of each."""

_INDENT = " " * 6
_DRAWN = "\N{CHECK MARK}\N{BALLOT X}"
_PLAIN = "+-"


class Options(NamedTuple):
    """
    What to show.

    Attributes:
        json: Print a JSON document.

        root: Where proc is mounted.
    """

    json: bool
    root: str


def run(arguments: abc.Sequence[str], source: Source | None = None) -> int:
    """
    Print the report; the exit code.
    """
    options = _parse(arguments)
    from procmem.shortcuts.capabilities import capabilities
    from procmem.sources.procfs import ProcFS

    found = capabilities(ProcFS(options.root) if source is None else source)
    if options.json:
        output.emit(_document(found))
    else:
        width = output.width() or _USUAL_WIDTH
        output.emit(report(found, width=width, marks=_marks()))
    return 0


def _parse(arguments: abc.Sequence[str]) -> Options:
    from argparse import ArgumentParser, RawDescriptionHelpFormatter

    parser = ArgumentParser(
        prog="procmem doctor",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument(
        "--root",
        metavar="DIR",
        default="/proc",
        help="where proc is mounted, for example a host's in a container",
    )
    parsed = parser.parse_args(arguments)
    return Options(json=parsed.json, root=parsed.root)


def _marks() -> str:
    """
    For what there is and for what there is not.
    """
    try:
        _DRAWN.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return _PLAIN
    return _DRAWN


def report(found: Capabilities, *, width: int, marks: str = _PLAIN) -> str:
    """
    What was found, for people.

    Args:
        found: What was found.

        width: Columns of the terminal.

        marks: A character for what there is, and one for what there is not.
    """
    from procmem.render.text import table, wrapped

    rows = [
        ("this process", _METHODS[found.own]),
        ("the same user's", _METHODS[found.same_user]),
        ("other users'", _METHODS[found.other_users]),
    ]
    parts = [
        *(wrapped(line, width=width) for line in _machine(found)),
        "\nMemory of processes can be found out:\n",
        table(rows, "<<", width=width, indent="  "),
    ]
    abilities = found.abilities
    names = list(abilities)
    longest = max(map(len, names))
    for heading, (first, last) in _GROUPS.items():
        parts.append(f"\n{heading}:\n")
        for name in names[names.index(first) : names.index(last) + 1]:
            one = abilities[name]
            parts.append(f"  {_mark(one, marks)} {name:{longest}}  {one.found}\n")
            if one.needs is not None:
                parts.append(
                    wrapped(f"      needs {one.needs}", width=width, indent=" " * 6)
                )
    return "".join(parts)


def _mark(one: Ability, marks: str) -> str:
    return "?" if one.possible is None else marks[not one.possible]


def _machine(found: Capabilities) -> abc.Iterator[str]:
    """
    Sentences about the machine and this process.
    """
    from procmem.render.names import printable
    from procmem.sizes import format_size

    kernel = "unknown kernel" if found.kernel is None else f"Linux {found.kernel}"
    merging = {None: "unknown", True: "in use", False: "not in use"}[found.merging]
    swap = "unknown" if found.swap is None else format_size(found.swap, decimals=1)
    yield printable(
        f"{kernel}, pages of {format_size(found.page_size)}, swap: "
        f"{swap if found.swap != 0 else 'none'}, KSM: {merging}"
    )
    rights = ", ".join(name for name in _MATTER if name in found.effective)
    user = "unknown user" if found.uid is None else f"user {found.uid}"
    yield f"{user}, with {rights or 'none of the capabilities that matter here'}"
    if found.first_user_namespace is False:
        yield (
            "This is not the first user namespace: frame numbers stay hidden, "
            "whatever the capabilities."
        )


def _document(found: Capabilities) -> str:
    import json

    document = {
        "schema": SCHEMA,
        "kernel": found.kernel,
        "page_size": found.page_size,
        "swap": found.swap,
        "merging": found.merging,
        "uid": found.uid,
        "effective": sorted(found.effective),
        "first_user_namespace": found.first_user_namespace,
        "methods": {
            "own": found.own,
            "same_user": found.same_user,
            "other_users": found.other_users,
        },
        "abilities": {
            name: {"possible": one.possible, "found": one.found, "needs": one.needs}
            for name, one in found.abilities.items()
        },
    }
    return json.dumps(document, indent=2) + "\n"
