"""
What can go wrong, as data first: a program reads the attributes, a person
reads the sentence made of them.

Every class is also the builtin exception that a caller would catch anyway,
and takes its fields positionally, so that it survives pickling.  Where the
builtin is an :class:`OSError`, ``errno`` and ``filename`` are set as well.

They are written out rather than made by attrs: with them ``import procmem``
and the first ``procmem.pss(pid)`` need none of it, and loading attrs takes
longer than all the rest.
"""

from __future__ import annotations

import errno

__all__ = [
    "AccessDeniedError",
    "ParseError",
    "ProcessChangedError",
    "ProcessGoneError",
    "ProcmemError",
    "UnsupportedError",
]

# A line that is not the kernel's may be of any length; a message is read by
# a person.
_SHOWN_BYTES = 200


class ProcmemError(Exception):
    """
    Base of everything that procmem raises on purpose.
    """

    def __init__(self, *values: object) -> None:
        # Not super(): the __init__ of an OSError would take the fields for
        # errno, strerror and filename.
        Exception.__init__(self, *values)

    def __repr__(self) -> str:
        values = ", ".join(map(repr, self.args))
        return f"{type(self).__name__}({values})"


class ParseError(ProcmemError, ValueError):
    """
    Some bytes do not have the shape that the kernel documents for that file.

    Attributes:
        reason: What is wrong, without the place.

        file: Name of the format, for example ``"smaps"``.

        line_number: 1-based number of the offending line.

        line: The offending line, undecoded and without its newline.
    """

    def __init__(self, reason: str, file: str, line_number: int, line: bytes) -> None:
        super().__init__(reason, file, line_number, line)
        self.reason = reason
        self.file = file
        self.line_number = line_number
        self.line = line

    def __str__(self) -> str:
        shown = repr(self.line[:_SHOWN_BYTES])
        if len(self.line) > _SHOWN_BYTES:
            shown += f"... ({len(self.line)} bytes)"
        return f"{self.file}:{self.line_number}: {self.reason}: {shown}"


class ProcessGoneError(ProcmemError, ProcessLookupError):
    """
    There is no such process, or not any more.

    A process that is pinned and ends is gone even if another one was given
    its number since.  On a ``/proc`` mounted with ``hidepid=2``, processes
    of other users look the same: the kernel denies that they exist.

    Attributes:
        pid: The number that was asked for.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid
        self.errno = errno.ESRCH
        self.filename = str(self.pid)

    def __str__(self) -> str:
        return f"no process {self.pid} (any more)"


class AccessDeniedError(ProcmemError, PermissionError):
    """
    The kernel refuses to show this file to this user.

    Attributes:
        pid: The process whose file it is.

        file: Name of the file inside ``/proc/PID``.

        needs: Which right would help, as a phrase.
    """

    def __init__(self, pid: int, file: str, needs: str) -> None:
        super().__init__(pid, file, needs)
        self.pid = pid
        self.file = file
        self.needs = needs
        self.errno = errno.EACCES
        self.filename = f"{self.pid}/{self.file}"

    def __str__(self) -> str:
        return (
            f"not permitted to read {self.file} of process {self.pid}: "
            f"needs {self.needs}"
        )


class UnsupportedError(ProcmemError, NotImplementedError):
    """
    This system does not offer that file, or does not print that counter.

    Attributes:
        file: Name of the file, or of the counter that it lacks as
            ``"smaps: rss"``.

        needs: Which kernel or option would help, as a phrase.
    """

    def __init__(self, file: str, needs: str) -> None:
        super().__init__(file, needs)
        self.file = file
        self.needs = needs

    def __str__(self) -> str:
        return f"{self.file} is not available here: needs {self.needs}"


class ProcessChangedError(ProcmemError, RuntimeError):
    """
    The process became another program each time its file was being read.

    A process that calls ``execve`` gets a new address space, and what was
    half read of the old one belongs to no answer.  Reads are repeated a few
    times; this error says that none of them found the process at rest.

    Attributes:
        pid: The process.

        file: Name of the file that could not be read in one piece.
    """

    def __init__(self, pid: int, file: str) -> None:
        super().__init__(pid, file)
        self.pid = pid
        self.file = file

    def __str__(self) -> str:
        return (
            f"process {self.pid} kept replacing its address space while "
            f"{self.file} was read"
        )
