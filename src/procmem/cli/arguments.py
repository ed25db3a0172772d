"""
The arguments of ``procmem run``.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING, NamedTuple

from procmem.sizes import parse_size

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from procmem.testing.sampling.sampled import Metric

__all__ = ["OVER_LIMIT", "Options", "parse"]

OVER_LIMIT = 117
"""The exit code of a command that did what it should and took too much."""

_METRICS = ("footprint", "pss", "uss", "rss")

# Those that have a value, which must not be taken for the command.
_VALUED = frozenset(
    {"--interval", "--json", "--limit", "--limit-exit-code", "--metric"}
)

_DESCRIPTION = """\
Run a command, and report on stderr how much memory it and all processes that
descend from it had at their peak, even those that it left behind. The command
gets this command's input, output, terminal and signals."""

_EPILOG = f"""\
Memory is summed over all processes each time that it is looked at: every 10 ms
or so, at a cost of at most 5 % of one core. What is shared between them counts
once in footprint (the default: memory that no file backs, and swap) and pss.
The limit is for the largest sum; a peak that equals it is within it.

exit codes:
  that of the command, or 128 + N if signal N ended it
  {OVER_LIMIT}  the command succeeded, and took more than the limit
    1  the report could not be written
    2  the arguments make no sense
  126  the command can't be executed
  127  there is no such command"""


class Options(NamedTuple):
    """
    What to run, and what of it to look at.

    Attributes:
        command: Its name, and its arguments.

        limit: How many bytes it may take, or None.

        metric: What is counted.

        strict: Whether the limit is for the most that it can have been.

        over: The exit code if it took more.

        interval: Seconds between two looks.

        wait: Whether to wait for what the command leaves behind.

        json: Where to write a JSON document.

        bytes: Print exact numbers of bytes.

        quiet: Print nothing unless it took more than the limit.
    """

    command: tuple[str, ...]
    limit: int | None = None
    metric: Metric = "footprint"
    strict: bool = False
    over: int = OVER_LIMIT
    interval: float = 0.01
    wait: bool = False
    json: str | None = None
    bytes: bool = False
    quiet: bool = False


def parse(arguments: abc.Sequence[str]) -> Options:
    """
    Read the arguments.

    Raises:
        SystemExit: If they make no sense, or ask for help.
    """
    ours, command = _divided(arguments)
    parser = _parser()
    found = parser.parse_args(ours)
    if not command:
        parser.error("no command to run: procmem run [OPTION ...] -- COMMAND ...")
    return Options(command=command, **vars(found))


def _divided(
    arguments: abc.Sequence[str],
) -> tuple[abc.Sequence[str], tuple[str, ...]]:
    """
    What is for this command, and what is the command to run: all that comes
    after ``--``, or from the first word on that is no option.
    """
    index = 0
    while index < len(arguments):
        word = arguments[index]
        if word == "--":
            return arguments[:index], tuple(arguments[index + 1 :])
        if not word.startswith("-"):
            return arguments[:index], tuple(arguments[index:])
        index += 2 if word in _VALUED else 1
    return arguments, ()


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser, ArgumentTypeError, RawTextHelpFormatter

    def size(text: str) -> int:
        try:
            return parse_size(text)
        except ValueError as exc:
            raise ArgumentTypeError(str(exc)) from None

    def code(text: str) -> int:
        if not text.isdecimal() or not 0 < int(text) < 256:
            msg = f"not an exit code from 1 to 255: {text!r}"
            raise ArgumentTypeError(msg)
        return int(text)

    def milliseconds(text: str) -> float:
        if not text.isdecimal() or not 0 < int(text) <= 60_000:
            msg = f"not a number of milliseconds from 1 to 60000: {text!r}"
            raise ArgumentTypeError(msg)
        return int(text) / 1000

    parser = ArgumentParser(
        prog="procmem run",
        usage="procmem run [--limit SIZE] [OPTION ...] -- COMMAND [ARGUMENT ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=RawTextHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--limit",
        metavar="SIZE",
        type=size,
        help="the most that it may take: 256MiB, '1.5 GiB'",
    )
    parser.add_argument(
        "--metric",
        choices=_METRICS,
        default="footprint",
        help="what is summed (footprint)",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="judge by the most that it can have been",
    )
    parser.add_argument(
        "--limit-exit-code",
        metavar="CODE",
        dest="over",
        type=code,
        default=OVER_LIMIT,
        help=f"exit code if it took more than the limit ({OVER_LIMIT})",
    )
    parser.add_argument(
        "--interval",
        metavar="MS",
        type=milliseconds,
        default=0.01,
        help="milliseconds between two looks, at the least (10)",
    )
    parser.add_argument(
        "--wait",
        action="store_true",
        help="wait until all that the command left behind has ended",
    )
    parser.add_argument(
        "--json", metavar="FILE", help="write a JSON document; sizes in bytes"
    )
    parser.add_argument(
        "--bytes", action="store_true", help="exact bytes instead of rounded units"
    )
    parser.add_argument(
        "--quiet", action="store_true", help="no report unless the limit is exceeded"
    )
    return parser
