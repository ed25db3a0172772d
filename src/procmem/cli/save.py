"""
``procmem save PID FILE``: a process as a file that can be compared with later
ones.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING, NamedTuple

from procmem.cli import complain, output
from procmem.errors import ProcmemError

if TYPE_CHECKING:
    from procmem.groups.group import Group
    from procmem.snapshots import Snapshot
    from procmem.sources.base import Source

__all__ = ["pid_of", "run", "taken"]

# Pids go up to 4,194,304 (PID_MAX_LIMIT in include/linux/threads.h).
_MAX_DIGITS = 10

_DESCRIPTION = """\
Write what a process occupies, mapping by mapping, to a JSON file, for
`procmem diff` to compare it with later readings. Pages are not in it."""

_EPILOG = """\
The file is readable by its user only, as it tells names and addresses.

exit codes:
  0  done
  1  the process could not be read, or the file not be written
  2  the arguments make no sense"""


class _Options(NamedTuple):
    pid: int
    file: str
    tree: bool
    root: str


def run(arguments: abc.Sequence[str], source: Source | None = None) -> int:
    """
    Read the process that was named and write the file; the exit code.
    """
    options = _parse(arguments)
    if source is None:
        from procmem.sources.procfs import ProcFS

        source = ProcFS(options.root)
    try:
        thing = taken(options.pid, source, tree=options.tree)
    except (ProcmemError, OSError) as exc:
        about = "" if hasattr(exc, "pid") else f"process {options.pid}: "
        complain(f"{about}{exc}")
        return 1
    from procmem.saving import save

    try:
        save(thing, options.file)
    except OSError as exc:
        msg = f"can't write {options.file}: {exc.strerror}"
        raise output.WriteError(msg) from None
    return 0


def taken(pid: int, source: Source, *, tree: bool = False) -> Snapshot | Group:
    """
    A process as it is now, or with *tree* all that descend from it too.

    Raises:
        ProcmemError: If it can't be read.
    """
    if tree:
        from procmem.groups.group import Group

        return Group.tree(pid, source=source, mappings=True)
    from procmem.snapshots import take

    with source.pin(pid) as process:
        return take(process)


def pid_of(text: str) -> int | None:
    """
    The process that an argument means, or None if it means none.
    """
    if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS:
        return int(text) or None
    return None


def _parse(arguments: abc.Sequence[str]) -> _Options:
    from argparse import ArgumentParser, ArgumentTypeError, RawTextHelpFormatter

    def pid(text: str) -> int:
        number = pid_of(text)
        if number is None:
            msg = f"not the number of a process: {text!r}"
            raise ArgumentTypeError(msg)
        return number

    parser = ArgumentParser(
        prog="procmem save",
        usage="procmem save [--tree] [--root DIR] PID FILE",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=RawTextHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("pid", metavar="PID", type=pid, help="a process")
    parser.add_argument("file", metavar="FILE", help="is replaced if it is there")
    parser.add_argument(
        "--tree", action="store_true", help="and all processes that descend from it"
    )
    parser.add_argument(
        "--root",
        metavar="DIR",
        default="/proc",
        help="where proc is mounted, for example a host's in a container",
    )
    return _Options(**vars(parser.parse_intermixed_args(arguments)))
