"""
``procmem diff A B``: what changed between two readings.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING, NamedTuple

from procmem.cli import complain, output
from procmem.cli.save import pid_of, taken
from procmem.errors import ProcmemError, UnsupportedError

if TYPE_CHECKING:
    from procmem.differences.diff import Diff
    from procmem.differences.row import DiffRow, Metric
    from procmem.groups.group import Group
    from procmem.model.usage import Usage
    from procmem.snapshots import Snapshot
    from procmem.sources.base import Source

__all__ = ["run"]

_DESCRIPTION = """\
Show what changed between two readings of a process or of a group: what is new
or gone, what grew and what shrank, in rows that add up to the total.

A and B are files that `procmem save` wrote, or pids: these mean the process as
it is now."""

_EPILOG = """\
Where addresses say nothing, as between two runs of a program, mappings are
recognised by what they show. A file whose name is a number is ./NUMBER.

exit codes:
  0  done, whether or not anything changed
  1  a file or process could not be read; the reason is on stderr
  2  the arguments make no sense"""


class _Options(NamedTuple):
    """
    What to compare, and how to show it.

    Attributes:
        readings: The two, as they were named.

        metric: What to measure by; None for the best that there is.

        all: Show what did not change, too.

        json: Print a JSON document.

        bytes: Print exact numbers of bytes.

        tree: Pids mean all that descend from them too.

        root: Where proc is mounted.
    """

    readings: tuple[str, str]
    metric: Metric | None
    all: bool
    json: bool
    bytes: bool
    tree: bool
    root: str


def run(arguments: abc.Sequence[str], source: Source | None = None) -> int:
    """
    Compare the two readings that were named; the exit code.
    """
    options = _parse(arguments)
    if source is None:
        from procmem.sources.procfs import ProcFS

        source = ProcFS(options.root)
    readings = _read(options, source)
    if readings is None:
        return 1
    diff = _difference(*readings)
    if diff is None:
        complain(
            "one is a process and one a group, which can't be compared; with pids, "
            "--tree makes groups"
        )
        return 2
    from procmem.render.differences import best_metric, diff_text

    metric = options.metric or best_metric(diff)
    try:
        if options.json:
            text = _document(diff, metric)
        else:
            text = diff_text(
                diff,
                metric=metric,
                everything=options.all,
                in_bytes=options.bytes,
                width=output.width(),
            )
    except UnsupportedError as exc:
        complain(str(exc))
        return 1
    output.emit(text)
    return 0


def _read(options: _Options, source: Source) -> list[Snapshot | Group] | None:
    """
    The two readings; None if one failed, which has been said then.

    A pid beside the file of a group means its tree.
    """
    from procmem.saving import load

    found: dict[int, Snapshot | Group] = {}
    tree = options.tree
    # Files first: they tell what pids are to mean.
    for index, word in sorted(enumerate(options.readings), key=lambda i: _is_pid(i[1])):
        pid = pid_of(word)
        try:
            if pid is None:
                found[index] = load(word)
                tree = tree or not hasattr(found[index], "pid")
            else:
                found[index] = taken(pid, source, tree=tree)
        except OSError as exc:
            about = f"{word}: {exc.strerror}" if pid is None else str(exc)
            complain(about)
            return None
        except ProcmemError as exc:
            about = "" if pid is None or hasattr(exc, "pid") else f"process {pid}: "
            complain(f"{about}{exc}")
            return None
    return [found[0], found[1]]


def _is_pid(word: str) -> bool:
    return pid_of(word) is not None


def _difference(before: Snapshot | Group, after: Snapshot | Group) -> Diff | None:
    """
    What changed; None if they can't be compared.
    """
    from procmem.groups.group import Group
    from procmem.snapshots import Snapshot

    if isinstance(before, Snapshot) and isinstance(after, Snapshot):
        return after - before
    if isinstance(before, Group) and isinstance(after, Group):
        return after - before
    return None


def _document(diff: Diff, metric: Metric) -> str:
    """
    The difference as JSON; sizes in bytes, null where unknown.
    """
    import json

    from procmem.cli.document import SCHEMA

    document = {
        "schema": SCHEMA,
        "metric": metric,
        "before": _sizes(diff.before),
        "after": _sizes(diff.after),
        "change": _sizes(diff.total),
        "rows": [_row(row) for row in diff.grouped()],
        "members": [
            {
                "pid": member.pid,
                "start_time": member.start_time,
                "name": _string(member.name),
                "change": member.change,
                "before": None if member.before is None else _sizes(member.before),
                "after": None if member.after is None else _sizes(member.after),
            }
            for member in diff.members
        ],
        "complete": diff.complete,
        "missing": [_string(phrase) for phrase in diff.missing],
    }
    return json.dumps(document, indent=2) + "\n"


def _row(row: DiffRow) -> dict[str, object]:
    before, after = _sizes(row.before), _sizes(row.after)
    before["footprint"], after["footprint"] = row.footprint_before, row.footprint_after
    return {
        "label": _string(row.label),
        "change": row.change,
        "kind": row.kind,
        "name": _string(row.name),
        "pid": row.pid,
        "mappings_before": row.mappings_before,
        "mappings_after": row.mappings_after,
        "before": before,
        "after": after,
    }


def _sizes(usage: Usage) -> dict[str, int | None]:
    from procmem.differences.row import METRICS, figure_or_none

    return {metric: figure_or_none(usage, metric) for metric in METRICS}


def _string(text: str | None) -> str | None:
    from procmem.render.names import printable

    return None if text is None else printable(text)


def _parse(arguments: abc.Sequence[str]) -> _Options:
    from argparse import ArgumentParser, RawTextHelpFormatter

    from procmem.differences.row import METRICS

    parser = ArgumentParser(
        prog="procmem diff",
        usage=(
            "procmem diff [--metric M] [--all] [--bytes] [--json] [--tree]\n"
            "                    [--root DIR] A B"
        ),
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=RawTextHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("before", metavar="A", help="the earlier reading")
    parser.add_argument("after", metavar="B", help="the later one")
    parser.add_argument(
        "--metric",
        metavar="M",
        choices=METRICS,
        help=f"what to measure by: {', '.join(METRICS)}",
    )
    parser.add_argument(
        "--all", action="store_true", help="every row, also those that did not change"
    )
    parser.add_argument(
        "--bytes", action="store_true", help="exact bytes instead of rounded units"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON document; sizes in bytes, null where unknown",
    )
    parser.add_argument(
        "--tree",
        action="store_true",
        help="a pid means all processes that descend from it, too",
    )
    parser.add_argument(
        "--root",
        metavar="DIR",
        default="/proc",
        help="where proc is mounted, for example a host's in a container",
    )
    found = vars(parser.parse_intermixed_args(arguments))
    return _Options(readings=(found.pop("before"), found.pop("after")), **found)
