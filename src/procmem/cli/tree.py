"""
``procmem tree PID``: what a process and all that descend from it cost.
"""

from __future__ import annotations

import json
from collections import abc
from typing import TYPE_CHECKING, NamedTuple

from procmem.cli import complain, output
from procmem.errors import ProcmemError

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from procmem.groups.group import Group
    from procmem.groups.identity import Identity
    from procmem.sources.base import Source

__all__ = ["Options", "run"]

_DESCRIPTION = """\
What a process and all that descend from it cost together: each page counts
once, however many of them share it."""

_EPILOG = """\
columns:
  FOOTPRINT  share of memory that no file backs, and of swap: what a process
             costs, whoever else uses the same libraries
  PSS        all that is in memory, each page divided by its sharers
  USS        pages that nobody shares
  RSS        all that is in memory, shared pages counted in full
  SWAP       what is moved out to swap

FOOTPRINT and PSS can be added up; the others count shared pages too often or
not at all, so they have no total. What can't be read is listed with "?", and
a total without it is said to be "at least" that. The process of this command
itself is left out.

exit codes:
  0  done
  1  the process that was named could not be read
  2  the arguments make no sense"""

_MAX_DIGITS = 10
_SIZES = ("footprint", "pss", "uss", "shared", "rss", "swap", "swap_pss")
_OF_KIND = ("size", "rss", "pss", "uss", "shared", "swap")


class Options(NamedTuple):
    """
    What to show, and how.

    Attributes:
        pid: The process at the root.

        json: Print one JSON document instead of tables.

        bytes: Print exact numbers of bytes.

        kinds: Show what kinds of memory it is, too.

        timeout: Seconds after which what has not been read is left out.

        root: Where proc is mounted.
    """

    pid: int
    json: bool = False
    bytes: bool = False
    kinds: bool = False
    timeout: float | None = None
    root: str = "/proc"


class Seen(NamedTuple):
    """
    What was found.

    Attributes:
        root: The process that was named.

        group: It, and all below it.

        identities: Who all of them are, as far as that is known, also if
            their memory could not be read.
    """

    root: int
    group: Group
    identities: abc.Mapping[int, Identity]


def run(arguments: abc.Sequence[str], source: Source | None = None) -> int:
    """
    Show the tree of the process that was named; the exit code.
    """
    options = Options(**vars(_parser().parse_intermixed_args(arguments)))
    if source is None:
        from procmem.sources.procfs import ProcFS

        source = ProcFS(options.root)
    try:
        seen = _read(options, source)
    except (ProcmemError, OSError) as exc:
        about = "" if hasattr(exc, "pid") else f"process {options.pid}: "
        complain(f"{about}{exc}")
        return 1
    if options.json:
        output.emit(document(seen, kinds=options.kinds))
    else:
        from procmem.render.tree import tree_text

        output.emit(
            tree_text(
                seen,
                in_bytes=options.bytes,
                kinds=options.kinds,
                width=output.width(),
            )
        )
    error = seen.group.unreadable.get(seen.root)
    if error is None:
        return 0
    complain(str(error))
    return 1


def _read(options: Options, source: Source) -> Seen:
    from procmem.groups.deadline import Deadline
    from procmem.groups.descendants import Descendants
    from procmem.groups.members import Members

    deadline = Deadline(options.timeout)
    leave_out = {_own_pid(source)} - {options.pid}
    tree = Descendants(options.pid, leave_out=leave_out)
    with Members(tree, source=source, deadline=deadline) as members:
        # The number of a thread means its process.
        root = next(iter(members.named), options.pid)
        identities = members.identities
        group = members.read_found(deadline, mappings=options.kinds)
        return Seen(root, group, identities)


def _own_pid(source: Source) -> int:
    try:
        with source.pin(None) as process:
            return process.pid
    except ProcmemError:
        # In this proc file system we are not to be seen.
        return 0


def document(seen: Seen, *, kinds: bool = False) -> str:
    """
    The tree as JSON, as far as it goes like that of other commands.
    """
    from procmem.cli.document import SCHEMA
    from procmem.cli.people import Users
    from procmem.cli.scan import sizes_of
    from procmem.render.names import printable

    group, users = seen.group, Users()

    def known(pid: int) -> dict[str, object]:
        who = seen.identities.get(pid)
        return {
            "pid": pid,
            "name": None if who is None else printable(who.name),
            "parent": None if who is None else who.parent or None,
        }

    processes = [
        {
            **known(member.pid),
            "name": printable(member.name),
            "parent": member.parent,
            "uid": member.uid,
            "user": users.name(member.uid),
            "start_time": member.start_time,
            "has_address_space": member.has_memory,
            "same_memory_as": member.same_memory_as,
            **sizes_of(member.usage, _SIZES),
        }
        for member in group.members
    ]
    unreadable = [
        {**known(pid), "error": type(error).__name__, "message": printable(str(error))}
        for pid, error in group.unreadable.items()
    ]
    found: dict[str, object] = {
        "schema": SCHEMA,
        "root": seen.root,
        "complete": group.complete,
        "processes": processes,
        "unreadable": unreadable,
        "unread": [known(pid) for pid in group.unread],
        "gone": list(group.gone),
        "total": totals(group),
        "evidence": {
            "method": group.evidence.method,
            "files": list(group.evidence.files),
            "missing": [printable(phrase) for phrase in group.missing],
            "notes": list(group.evidence.notes),
        },
    }
    if kinds:
        found["kinds"] = {
            str(kind): sizes_of(usage, _OF_KIND)
            for kind, usage in group.by_kind().items()
        }
    return json.dumps(found, indent=2) + "\n"


def totals(group: Group) -> dict[str, int | None]:
    """
    The sums of a group by name, None where the kernel does not tell one.
    """
    from procmem.errors import UnsupportedError

    found: dict[str, int | None] = {}
    for name in ("footprint", "pss", "swap_pss", "hugetlb", "rss_sum", "uss_sum"):
        try:
            found[name] = int(getattr(group, name))
        except UnsupportedError:
            found[name] = None
    return found


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser, RawTextHelpFormatter

    parser = ArgumentParser(
        prog="procmem tree",
        usage=(
            "procmem tree [--json] [--bytes] [--kinds] [--timeout SECONDS]\n"
            "                    [--root DIR] PID"
        ),
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=RawTextHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("pid", metavar="PID", type=_number, help="a process")
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON document; sizes in bytes, null where unknown",
    )
    parser.add_argument(
        "--bytes", action="store_true", help="exact bytes instead of rounded units"
    )
    parser.add_argument(
        "--kinds", action="store_true", help="also by kinds of memory, over all of them"
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        help="leave out what has not been read by then",
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
    raise ArgumentTypeError(f"not the number of a process: {text!r}")


def _seconds(text: str) -> float:
    from argparse import ArgumentTypeError

    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if 0 <= seconds < float("inf"):
        return seconds
    raise ArgumentTypeError(f"not a number of seconds: {text!r}")
