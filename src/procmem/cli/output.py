"""
Where the command writes to: a terminal of some width, or anything else.
"""

from __future__ import annotations

import io
import os
import sys

from procmem.errors import ProcmemError

__all__ = ["WriteError", "emit", "width"]

_USUAL_WIDTH = 80


class WriteError(ProcmemError):
    """
    What was to be printed could not be written.
    """


def width() -> int | None:
    """
    Columns of the terminal, or None if the output goes elsewhere.
    """
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        # Not shutil's, which brings a dozen modules along.  Serial lines and
        # some pseudo-terminals say 0.
        return os.get_terminal_size(sys.stdout.fileno()).columns or _USUAL_WIDTH
    except OSError:
        return _USUAL_WIDTH


def emit(text: str) -> None:
    """
    Print *text*, whatever the encoding of the output can't express escaped.

    Raises:
        BrokenPipeError: If nobody reads it any more.

        WriteError: If it can't be written for any other reason.
    """
    stdout = sys.stdout
    if stdout is None:
        raise WriteError("can't write: the output is closed")
    if isinstance(stdout, io.TextIOWrapper):
        stdout.reconfigure(errors="backslashreplace")
    try:
        stdout.write(text)
        stdout.flush()
    except BrokenPipeError:
        _discard()
        raise
    except OSError as exc:
        _discard()
        raise WriteError(f"can't write: {exc.strerror}") from None


def _discard() -> None:
    """
    Let what is still buffered go nowhere, or Python would try again at exit
    and complain.
    """
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (fast to import)
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
