"""
What a command cost, for a terminal or the log of a CI: one line that says it
all, a table of its processes, and how it was measured.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING

from procmem.render.names import printable
from procmem.render.text import NO_BREAK, table, wrapped
from procmem.sizes import format_size

if TYPE_CHECKING:
    from procmem.cli.outcome import Outcome
    from procmem.testing.sampling.sampled import MemberPeak

__all__ = ["outcome_text"]

# How many processes get a line of their own.
_SHOWN = 10
_HEADINGS = ("pid", "at the peak", "own peak", "seen for", "command")
_ALIGNMENT = ">>>><"

_Size = abc.Callable[[int], str]


def outcome_text(outcome: Outcome, *, in_bytes: bool, width: int) -> str:
    """
    The report.

    Args:
        outcome: What became of the command.

        in_bytes: Print exact numbers of bytes instead of rounded units.

        width: Columns of the terminal.
    """
    size: _Size = _exact if in_bytes else _readable
    lines = [wrapped(f"procmem: {_headline(outcome, size)}", width=width, indent="  ")]
    if len(outcome.sampled.members) > 1:
        rows = [_HEADINGS, *_rows(outcome, size)]
        lines.append(table(rows, _ALIGNMENT, width=width, indent="  "))
    lines += [
        wrapped(f"  {note}", width=width, indent="    ")
        for note in _notes(outcome, size)
    ]
    return "".join(lines)


def _headline(outcome: Outcome, size: _Size) -> str:
    name = printable(outcome.command[0].rpartition("/")[2])
    others = len(outcome.sampled.members) - 1
    who = name if others < 1 else f"{name} and {_counted(others, 'descendant')}"
    metric, peak, limit = outcome.sampled.metric, outcome.judged, outcome.limit
    if peak is None:
        text = f"the peak {metric} of {who} is not known"
        return text if limit is None else f"{text}; limit {size(limit)}"
    verb = "may have been as much as" if outcome.strict else "was"
    if limit is None:
        return f"peak {metric} of {who} {verb} {_kept(size(peak))}"
    shown, allowed = _distinct(peak, limit, size)
    text = f"peak {metric} of {who} {verb} {_kept(shown)}, limit {_kept(allowed)}"
    if not outcome.is_over:
        return f"{text}: within the limit"
    percent = f", {100 * (peak - limit) / limit:.1f}{NO_BREAK}%" if limit else ""
    return f"{text}: OVER by {_kept(size(peak - limit))}{percent}"


def _rows(outcome: Outcome, size: _Size) -> abc.Iterator[tuple[str, ...]]:
    sampled = outcome.sampled

    def weight(member: MemberPeak) -> tuple[int, int]:
        return sampled.at.get(member.pid, 0), member.estimate

    members = sorted(sampled.members, key=weight, reverse=True)
    # One line for one process is as short as one line for "1 other".
    shown = members if len(members) == _SHOWN + 1 else members[:_SHOWN]
    for member in shown:
        yield (
            str(member.pid),
            size(sampled.at.get(member.pid, 0)),
            size(member.estimate),
            _seconds(max(0.0, member.last_seen - member.first_seen)),
            printable(member.name),
        )
    rest = members[len(shown) :]
    if rest:
        there = sum(sampled.at.get(member.pid, 0) for member in rest)
        largest = max(member.estimate for member in rest)
        label = f"{len(rest)} others; the largest"
        yield ("", size(there), size(largest), "", label)
    if sampled.lower is not None:
        yield ("", size(sampled.lower), "", "", "sum, as read")


def _notes(outcome: Outcome, size: _Size) -> abc.Iterator[str]:
    sampled = outcome.sampled
    end = f"exit status {outcome.status}"
    if outcome.signal is not None:
        end = f"ended by signal {outcome.signal} (exit status {outcome.status})"
    text = f"{end} after {_seconds(outcome.seconds)}"
    if sampled.last is not None:
        text += f"; {_kept(size(sampled.last))} when last seen"
    yield text
    yield _measured(outcome, size)
    yield from _unseen(outcome, size)
    if sampled.denied:
        pids = ", ".join(map(str, sampled.denied))
        yield f"not permitted to read, and counted by cheap counters: {pids}"
    yield from sampled.notes
    if outcome.left:
        pids = ", ".join(f"{printable(one.name)} ({one.pid})" for one in outcome.left)
        yield f"still running: {pids}; --wait waits for them"


def _measured(outcome: Outcome, size: _Size) -> str:
    sampled = outcome.sampled
    text = f"measured: looked at {_counted(sampled.ticks, 'time')}"
    if sampled.ticks > 1:
        text += f", at most {_seconds(sampled.longest_gap)} apart"
    if sampled.lower is not None:
        text += (
            f", and {_counted(sampled.full_reads, 'time')} in full, when it was "
            f"{_kept(size(sampled.lower))} at the most"
        )
    return text


def _unseen(outcome: Outcome, size: _Size) -> abc.Iterator[str]:
    """
    What there may have been beyond what was seen.
    """
    limit, most = outcome.limit, outcome.most
    if most is None:
        yield "bounds: how much it can have been at most is not known"
    else:
        text = f"bounds: at most {_kept(size(most))}, by the kernel's marks"
        if outcome.sampled.unobserved:
            unseen = _kept(size(outcome.sampled.unobserved))
            text += f" and {unseen} for page faults of what was not seen"
        yield text
    if outcome.sampled.unobserved_children:
        yield "some processes were too short-lived to be seen"
    if not outcome.adopted:
        yield "this kernel does not let processes be kept in sight that lost a parent"
    if limit is not None and not outcome.is_over and (most is None or most > limit):
        yield "so perhaps it was over the limit for a moment; --strict judges by that"


def _distinct(peak: int, limit: int, size: _Size) -> tuple[str, str]:
    """
    Both as text; not the same text unless they are equal.
    """
    if peak == limit or size is _exact:
        return size(peak), size(limit)
    for decimals in range(1, 5):
        shown = format_size(peak, decimals=decimals)
        allowed = format_size(limit, decimals=decimals)
        if shown != allowed:
            return shown, allowed
    return format_size(peak), format_size(limit)


def _readable(size: int) -> str:
    return format_size(size, decimals=1)


def _exact(size: int) -> str:
    return f"{size} bytes"


def _kept(text: str) -> str:
    return text.replace(" ", NO_BREAK)


def _seconds(seconds: float) -> str:
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:,.0f} s"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
