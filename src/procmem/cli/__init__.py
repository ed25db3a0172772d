"""
The command ``procmem``.

This module decides what was asked for and what becomes of errors.  What it
prints for processes is in :mod:`procmem.cli.single` (``procmem PID``) and
:mod:`procmem.cli.listing` (``procmem`` alone); every other command is a
module too, with a ``run`` like theirs, and is named in ``_COMMANDS``.

Each call is a fresh interpreter, and reading all processes of a machine takes
no longer than starting it: so everything is imported where it is used.
"""

from __future__ import annotations

import sys
from collections import abc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from procmem.sources.base import Source

__all__ = ["main"]

# The word after `procmem`, and the module of this package that answers it:
# run(arguments, source) gives the exit code.
_COMMANDS: dict[str, str] = {
    "diff": "diff",
    "doctor": "doctor",
    "pages": "pages",
    "run": "run",
    "save": "save",
    "tree": "tree",
}

_SUCCESS = 0
_FAILURE = 1
_USAGE = 2
# What shells report for a program that SIGINT or SIGPIPE ended.
_INTERRUPTED = 130
_BROKEN_PIPE = 141


def main(
    arguments: abc.Sequence[str] | None = None, *, source: Source | None = None
) -> int:
    """
    Run the command.

    Args:
        arguments: Those after its name; None means those of this process.

        source: Where to look, instead of ``/proc`` or what ``--root`` says.

    Returns:
        The exit code: 0; 1 if a process that was named could not be read, or
        nothing could be written; 2 if the arguments make no sense; 130 after
        an interrupt, and 141 if the reader of the output went away.
    """
    if arguments is None:
        _hurry()
        arguments = sys.argv[1:]
    from procmem.cli.output import WriteError

    try:
        return _run(arguments, source)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        return _BROKEN_PIPE
    except WriteError as exc:
        complain(str(exc))
        return _FAILURE
    except SystemExit as exc:
        # That is how argparse ends.
        return exc.code if isinstance(exc.code, int) else _SUCCESS


def _hurry() -> None:
    """
    Have the garbage collector leave this short-lived process alone.

    What has been imported stays until the end, and the rest is small; looking
    through all of it would take several milliseconds, most of them at exit.
    """
    import gc

    gc.disable()
    gc.freeze()


def _run(arguments: abc.Sequence[str], source: Source | None) -> int:
    word = arguments[0] if arguments else ""
    if word and not word.startswith("-") and not word[0].isdecimal():
        if word in _COMMANDS:
            from importlib import import_module

            module = import_module(f"procmem.cli.{_COMMANDS[word]}")
            code: int = module.run(arguments[1:], source)
            return code
        complain(_no_such_command(word))
        return _USAGE

    from procmem.cli.options import parse

    options = parse(arguments)
    if options.version:
        from procmem import __version__
        from procmem.cli.output import emit

        emit(f"procmem {__version__}\n")
        return _SUCCESS
    if source is None:
        from procmem.sources.procfs import ProcFS

        source = ProcFS(options.root)
    if options.pids:
        from procmem.cli import single

        return single.run(options, source)
    from procmem.cli import listing

    return listing.run(options, source)


def complain(message: str) -> None:
    """
    One line for the person who ran the command.
    """
    from procmem.render.names import printable

    if sys.stderr is not None:
        print(f"procmem: {printable(message)}", file=sys.stderr)


def _no_such_command(word: str) -> str:
    known = ", ".join(_COMMANDS) or "none so far"
    return (
        f"neither a pid nor a command: {word!r} (commands: {known}); "
        "procmem -h explains"
    )
