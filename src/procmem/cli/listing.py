"""
``procmem`` without a pid: all processes, the largest last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from procmem.cli import complain, output
from procmem.cli.people import Users
from procmem.cli.scan import scan
from procmem.errors import ProcmemError

if TYPE_CHECKING:
    from procmem.cli.options import Options
    from procmem.sources.base import Source

__all__ = ["run"]


def run(options: Options, source: Source) -> int:
    """
    Print all processes of *source*; the exit code.
    """
    try:
        found = scan(source)
    except (ProcmemError, OSError) as exc:
        # Of single processes it tells; so the listing itself has failed.
        complain(str(exc))
        return 2
    if not any((found.seen, found.unreadable, found.empty)):
        complain(f"no processes in {options.root}: is a proc file system there?")
        return 2
    if options.json:
        from procmem.cli import document

        output.emit(document.of_all(found))
        return 0
    from procmem.render.processes import processes_text

    output.emit(
        processes_text(
            found,
            user_name=Users().name,
            in_bytes=options.bytes,
            width=output.width(),
        )
    )
    return 0
