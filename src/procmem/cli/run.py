"""
``procmem run -- COMMAND``: what a command and all that it starts cost.
"""

from __future__ import annotations

import os
import sys
from collections import abc
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple, TextIO

from procmem.cli import complain
from procmem.cli.outcome import Left, Outcome
from procmem.cli.supervising import CannotStartError, Command, children
from procmem.sizes import parse_size

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from procmem.sources.base import Source
    from procmem.testing.sampling.sampled import Metric

__all__ = ["OVER_LIMIT", "Options", "run"]

OVER_LIMIT = 117
"""The exit code of a command that did what it should and took too much."""

_FAILURE = 1
_USUAL_WIDTH = 80
_METRICS = ("footprint", "pss", "uss", "rss")

# Of one core: more than budgets take, because a command may be over soon, and
# this process has nothing else to do.
_SHARE = 0.05

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


def run(arguments: abc.Sequence[str], source: Source | None = None) -> int:  # noqa: ARG001 (all commands take it)
    """
    Run the command and print the report; the exit code.
    """
    options = _parse(arguments)
    with ExitStack() as stack:
        document: TextIO | None = None
        if options.json is not None:
            # Now, so that nothing runs in vain.
            try:
                document = stack.enter_context(
                    open(options.json, "w", encoding="utf-8")  # noqa: PTH123
                )
            except (OSError, ValueError) as exc:
                reason = getattr(exc, "strerror", None) or exc
                complain(f"can't write {options.json}: {reason}")
                return _FAILURE
        try:
            outcome = _watched(options)
        except CannotStartError as exc:
            complain(str(exc))
            return exc.code
        wrote = _report(outcome, options, document)
    if outcome.status:
        return outcome.status
    if outcome.is_over:
        return options.over
    return 0 if wrote else _FAILURE


def _watched(options: Options) -> Outcome:
    """
    Run the command, and look at it until it ends.
    """
    from procmem.sources.subreaper import adopting_orphans
    from procmem.testing.sampling.engine import Engine
    from procmem.testing.sampling.sampled import Target

    engine = Engine(share=_SHARE, interval=options.interval)
    # Not the command: what it leaves behind becomes a child of this process,
    # and may never have been seen while its parent was there.
    target = Target(
        pids=(os.getpid(),),
        only_descendants=True,
        leave_out=children(),
        metric=options.metric,
    )
    with adopting_orphans() as adopts:
        number = engine.open(target)
        try:
            with Command(options.command) as command:
                while command.status is None or (options.wait and command.orphans()):
                    command.wait(engine.tick())
                sampled = engine.close(number)
                left = [Left.of(pid) for pid in command.orphans()]
        finally:
            engine.shut()
    return Outcome(
        command=options.command,
        pid=command.pid,
        status=command.status or 0,
        signal=command.signal,
        seconds=command.seconds,
        limit=options.limit,
        strict=options.strict,
        sampled=sampled,
        left=tuple(one for one in left if one is not None),
        adopted=adopts,
        mark_error=_mark_error(),
    )


def _mark_error() -> int:
    """
    How far the kernel's marks can be off, in bytes.
    """
    from procmem.sources.marks import mark_error
    from procmem.sources.procfs import ProcFS

    return mark_error(ProcFS().page_size)


def _report(outcome: Outcome, options: Options, document: TextIO | None) -> bool:
    """
    Print what there is to say; whether that worked.
    """
    from procmem.render.run import outcome_text

    wrote = True
    if document is not None:
        from procmem.cli.outcome import document_of

        try:
            document.write(document_of(outcome))
            document.flush()
        except OSError as exc:
            complain(f"can't write {options.json}: {exc.strerror}")
            wrote = False
    if options.quiet and not outcome.is_over:
        return wrote
    stderr = sys.stderr
    if stderr is not None:
        text = outcome_text(outcome, in_bytes=options.bytes, width=_width(stderr))
        try:
            stderr.write(text)
            stderr.flush()
        except OSError:
            # Nobody listens; the exit code still says what matters.
            pass
    return wrote


def _width(stream: TextIO) -> int:
    """
    Columns of a terminal; those of a usual one if it is none, as nobody is
    there to fold long lines in the log of a CI.
    """
    try:
        if stream.isatty():
            return os.get_terminal_size(stream.fileno()).columns or _USUAL_WIDTH
    except (OSError, ValueError):
        pass
    return _USUAL_WIDTH


def _parse(arguments: abc.Sequence[str]) -> Options:
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
