"""
All processes as a table for a terminal, the largest last.
"""

from __future__ import annotations

from collections import Counter, abc
from typing import TYPE_CHECKING

from procmem.errors import AccessDeniedError, UnsupportedError
from procmem.render.names import printable
from procmem.render.text import UNKNOWN, exact, mebibytes, table, wrapped

if TYPE_CHECKING:
    from procmem.cli.findings import Identity, Scan, Seen

__all__ = ["processes_text"]

_COLUMNS = ("footprint", "pss", "uss", "rss", "swap")
_HEADINGS = ("PID", "USER", *(name.upper() for name in _COLUMNS), "COMMAND")
_ALIGNMENT = "><>>>>><"


def processes_text(
    found: Scan,
    *,
    user_name: abc.Callable[[int | None], str | None],
    in_bytes: bool = False,
    width: int | None = None,
) -> str:
    """
    The table and what one must know about it.

    Args:
        found: The processes.

        user_name: What a user is called.

        in_bytes: Print exact numbers of bytes instead of MiB.

        width: Columns of the terminal, or None if it is none.
    """
    size = exact if in_bytes else mebibytes

    def row(who: Identity, sizes: abc.Iterable[str]) -> tuple[str, ...]:
        user = user_name(who.uid)
        return (
            str(who.pid),
            UNKNOWN if user is None else printable(user),
            *sizes,
            UNKNOWN if who.name is None else printable(who.name),
        )

    rows = [_HEADINGS]
    rows += [row(who, [UNKNOWN] * len(_COLUMNS)) for who, _ in found.unreadable]
    for who, sizes in sorted(found.seen, key=_order):
        rows.append(row(who, [size(sizes[name]) for name in _COLUMNS]))
    # Where amounts can't be added up, nothing stands.
    added = found.totals
    sums = [size(added[name]) if name in added else "" for name in _COLUMNS]
    rows.append(("", "total", *sums, "" if found.complete else "INCOMPLETE"))
    unit = "bytes" if in_bytes else "MiB"
    lines = [table(rows, _ALIGNMENT, width=width), "\n"]
    lines += [wrapped(note, width=width, indent="  ") for note in _notes(found, unit)]
    return "".join(lines)


def _order(seen: Seen) -> tuple[int, ...]:
    """
    By footprint; by what comes nearest where the kernel is too old for it.
    """
    known = [seen.sizes[name] for name in ("footprint", "pss", "rss")]
    return (*(-1 if size is None else size for size in known), seen.who.pid)


def _notes(found: Scan, unit: str) -> abc.Iterator[str]:
    """
    What a reader must know about the table, a paragraph each.
    """
    yield (
        f"Sizes in {unit}. FOOTPRINT and PSS divide what is shared and can be added "
        "up; the others can't."
    )
    some = _counted(len(found.seen) + len(found.unreadable), "process", "processes")
    if found.complete:
        yield f"The total is complete: {some}."
    if found.unreadable:
        yield (
            f"The total is INCOMPLETE: {len(found.unreadable)} of {some} could not be "
            f"read ({UNKNOWN}):"
        )
        reasons = Counter(_reason(error) for _, error in found.unreadable)
        for reason, count in reasons.most_common():
            yield f"  {count}: {printable(reason)}"
    if found.hides_some:
        yield (
            "The total is INCOMPLETE: processes of other users are hidden, as under "
            "hidepid=2."
        )
    missing = [
        name.upper()
        for name in _COLUMNS
        if any(seen.sizes[name] is None for seen in found.seen)
    ]
    if missing:
        yield (
            f"{UNKNOWN} under {', '.join(missing)}: this system does not print that "
            "for each process."
        )
    zombies = sum(empty.is_zombie for empty in found.empty)
    threads = len(found.empty) - zombies
    left_out = [
        _counted(count, one, many)
        for count, one, many in (
            (threads, "kernel thread", "kernel threads"),
            (zombies, "zombie", "zombies"),
        )
        if count
    ]
    if left_out:
        yield f"Not listed, as they have no memory of their own: {', '.join(left_out)}."


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _reason(error: Exception) -> str:
    match error:
        case AccessDeniedError(needs=needs):
            return f"not permitted; needs {needs}"
        case UnsupportedError(needs=needs):
            return f"not supported; needs {needs}"
        case _:
            return str(error)
