"""
``procmem PID``: a sentence and two short tables for each process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from procmem import accounting
from procmem.cli import complain, output
from procmem.cli.findings import Identity, Unreadable
from procmem.cli.scan import identity_of, sizes_of
from procmem.errors import ProcmemError, UnsupportedError
from procmem.reading.listing import read_mappings
from procmem.reading.status import read_status
from procmem.reading.totals import read_usage

if TYPE_CHECKING:
    from procmem.cli.options import Options
    from procmem.model.mapping import Mappings
    from procmem.model.status import Status
    from procmem.model.usage import Usage
    from procmem.sources.base import Source

__all__ = ["Details", "examine", "run"]


class Details(NamedTuple):
    """
    What there is to say about one process.

    Attributes:
        who: Its identity.

        status: Its status, read last, so that the peak is not below what was
            resident before.

        usage: Its totals.

        mappings: What it maps.
    """

    who: Identity
    status: Status
    usage: Usage
    mappings: Mappings

    @property
    def footprint(self) -> int | None:
        """
        Its footprint, from its mappings where the kernel is too old to tell
        it; None if those give no more than bounds.
        """
        found = sizes_of(self.usage, ["footprint"])["footprint"]
        if found is not None:
            return found
        try:
            return accounting.footprint(self.mappings)
        except UnsupportedError:
            return None

    @property
    def footprint_bounds(self) -> tuple[int, int] | None:
        """
        The least and the most that its footprint may be, if it is not known
        but those are.
        """
        if self.footprint is not None:
            return None
        try:
            return accounting.footprint_bounds(self.mappings)
        except UnsupportedError:
            return None


def run(options: Options, source: Source) -> int:
    """
    Print the processes that were named; the exit code.
    """
    outcomes: list[Details | Unreadable] = []
    printed = False
    for pid in options.pids:
        outcome = examine(source, pid)
        outcomes.append(outcome)
        if isinstance(outcome, Unreadable):
            about = "" if hasattr(outcome.error, "pid") else f"process {pid}: "
            complain(f"{about}{outcome.error}")
        elif not options.json:
            from procmem.render.process import process_text

            text = process_text(outcome, in_bytes=options.bytes, width=output.width())
            output.emit(f"\n{text}" if printed else text)
            printed = True
    if options.json:
        from procmem.cli import document

        output.emit(document.of_some(outcomes))
    failed = any(isinstance(outcome, Unreadable) for outcome in outcomes)
    return 1 if failed else 0


def examine(source: Source, pid: int) -> Details | Unreadable:
    """
    Read all there is to say about one process.
    """
    who = Identity(pid)
    try:
        with source.pin(pid) as process:
            who = identity_of(pid, read_status(process))
            usage = read_usage(process)
            mappings = read_mappings(process)
            return Details(who, read_status(process), usage, mappings)
    except (ProcmemError, OSError) as exc:
        return Unreadable(who, exc)
