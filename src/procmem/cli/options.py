"""
What the arguments of ``procmem`` ask for.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from argparse import ArgumentParser

__all__ = ["Options", "parse"]

# Pids go up to 4,194,304 (PID_MAX_LIMIT in include/linux/threads.h).
_MAX_DIGITS = 10

_DESCRIPTION = """\
How much memory processes really use: what is shared is divided among those
who share it, and what can't be read is said to be unknown, never 0.

With PIDs, each gets a sentence and a short table. Without, all processes are
listed, the largest last."""

_EPILOG = """\
other commands, each with a -h of its own:
  procmem tree PID       a process, all below it, and what they cost together
  procmem save PID FILE  keep what there is now
  procmem diff A B       what changed between two of those, or since
  procmem run COMMAND    what a command and its children cost, perhaps limited
  procmem pages PID      a picture of all pages
  procmem doctor         what may be read here, and what each right would add

columns of the list:
  FOOTPRINT  share of memory that no file backs, and of swap: what a process
             costs, whoever else uses the same libraries
  PSS        all that is in memory, each page divided by its sharers
  USS        pages that nobody shares
  RSS        all that is in memory, shared pages counted in full
  SWAP       what is moved out to swap

FOOTPRINT and PSS can be added up; the others count shared pages too often or
not at all, so they have no total. Processes of other users can be read with
root's rights; otherwise they are listed with "?".

exit codes:
  0  done
  1  a process that was named could not be read; the reason is on stderr
  2  the arguments make no sense"""


class Options(NamedTuple):
    """
    What to show, and how.

    Attributes:
        pids: The processes that were named, each once; empty means all.

        json: Print one JSON document instead of tables.

        bytes: Print exact numbers of bytes.

        root: Where proc is mounted.

        version: Print the version and nothing else.
    """

    pids: tuple[int, ...] = ()
    json: bool = False
    bytes: bool = False
    root: str = "/proc"
    version: bool = False


def parse(arguments: abc.Sequence[str]) -> Options:
    """
    Read the arguments.

    Raises:
        SystemExit: If they make no sense, or ask for help.
    """
    if all(map(_is_pid, arguments)):
        # The usual case, without the time it takes to import argparse.
        return Options(pids=_unique(map(int, arguments)))
    found = _parser().parse_intermixed_args(arguments)
    return Options(
        pids=_unique(found.pids),
        json=found.json,
        bytes=found.bytes,
        root=found.root,
        version=found.version,
    )


def _is_pid(text: str) -> bool:
    return (
        text.isascii()
        and text.isdecimal()
        and len(text) <= _MAX_DIGITS
        and int(text) > 0
    )


def _unique(pids: abc.Iterable[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(pids))


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser, ArgumentTypeError, RawTextHelpFormatter

    def pid(text: str) -> int:
        if not _is_pid(text):
            msg = f"not the number of a process: {text!r}"
            raise ArgumentTypeError(msg)
        return int(text)

    parser = ArgumentParser(
        prog="procmem",
        usage="procmem [--json] [--bytes] [--root DIR] [PID ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=RawTextHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "pids",
        metavar="PID",
        nargs="*",
        type=pid,
        help="a process; without any, all that can be seen",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON document; sizes in bytes, null where unknown",
    )
    parser.add_argument(
        "--bytes", action="store_true", help="exact bytes instead of rounded units"
    )
    parser.add_argument(
        "--root",
        metavar="DIR",
        default="/proc",
        help="where proc is mounted, for example a host's in a container",
    )
    parser.add_argument(
        "--version", action="store_true", help="print the version and exit"
    )
    return parser
