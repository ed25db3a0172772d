"""
``procmem run -- COMMAND``: what a command and all that it starts cost.
"""

from __future__ import annotations

import os
import sys
from collections import abc
from contextlib import ExitStack
from typing import TYPE_CHECKING, TextIO

from procmem.cli import complain
from procmem.cli.arguments import OVER_LIMIT, Options, parse
from procmem.cli.looking import Looking
from procmem.cli.outcome import Left, Outcome
from procmem.cli.supervising import CannotStartError, Command, children

if TYPE_CHECKING:
    from procmem.sources.base import Source

__all__ = ["OVER_LIMIT", "Options", "run"]

_FAILURE = 1
_USUAL_WIDTH = 80


def run(arguments: abc.Sequence[str], source: Source | None = None) -> int:  # noqa: ARG001 (all commands take it)
    """
    Run the command and print the report; the exit code.
    """
    options = parse(arguments)
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

    with adopting_orphans() as adopts:
        looking = Looking(options.metric, options.interval, children())
        try:
            with Command(options.command) as command:
                while command.status is None or (options.wait and command.orphans()):
                    command.wait(looking.look())
                sampled = looking.close()
                left = [Left.of(pid) for pid in command.orphans()]
        finally:
            looking.shut()
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
