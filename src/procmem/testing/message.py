"""
What a missed budget says: in the first line what, of whom and by how much;
then what grew, in which process, how it was measured, and where to look
further.
"""

from __future__ import annotations

from collections import abc
from typing import TYPE_CHECKING

from procmem.sizes import format_size
from procmem.testing.table import Row, Total, table
from procmem.testing.wording import clean, several, sized

if TYPE_CHECKING:
    from pathlib import Path

    from procmem.differences.row import DiffRow
    from procmem.differences.row import Metric as DiffMetric
    from procmem.testing.judging import Missed
    from procmem.testing.limits import LimitName
    from procmem.testing.measurement import Measurement
    from procmem.testing.parts import ProcessFigures

__all__ = ["failure", "first_line", "report"]

# Rows of each table, before the others are put together.
_ROWS = 8

_SAYS: dict[LimitName, str] = {
    "limit": "{metric} of {subject} {verb} {value}",
    "peak": "peak {metric} of {subject} {past} {value}",
    "growth": "{metric} of {subject} {grew} {value}",
    "swap": "swapped memory of {subject} {verb} {value}",
    "hugetlb": "hugetlb memory of {subject} {verb} {value}",
}

# What the rows are measured by, where it is not the metric of the budget.
_MEASURED_BY: dict[LimitName, DiffMetric] = {
    "swap": "swap_pss",
    "hugetlb": "hugetlb",
}


def failure(
    measurement: Measurement,
    missed: abc.Sequence[Missed],
    saved: abc.Sequence[Path] = (),
) -> str:
    """
    The text of a :class:`~procmem.testing.MemoryBudgetExceeded`.

    Args:
        measurement: What was measured.

        missed: The limits that were not kept, the worst first.

        saved: Files with what there was before and after.
    """
    lines = [first_line(measurement, missed[0])]
    lines += [f"also: {_said(measurement, one)}" for one in missed[1:]]
    lines += _details(measurement, missed[0])
    if saved:
        lines.append(f"saved: {' '.join(clean(str(path)) for path in saved)}")
    return "\n  ".join(lines)


def report(measurement: Measurement) -> str:
    """
    What was measured, as text for people.
    """
    if not measurement.ended:
        return repr(measurement)
    least = "" if measurement.exact else "at least "
    sign = "-" if measurement.growth < 0 else "+"
    first = (
        f"{measurement.metric} of {measurement.subject} is {least}"
        f"{sized(measurement.after)} "
        f"({sign}{sized(abs(measurement.growth))} since the block started)"
    )
    return "\n  ".join([_with_info(measurement, first), *_details(measurement, None)])


def first_line(measurement: Measurement, missed: Missed) -> str:
    """
    A sentence that is complete in itself, for reports with one line a test.
    """
    return _with_info(measurement, _said(measurement, missed))


def _with_info(measurement: Measurement, text: str) -> str:
    # It must stay one line, whatever the name of the test is.
    info = clean(" ".join(measurement.info.split()))
    return f"{info}: {text}" if info else text


def _said(measurement: Measurement, missed: Missed) -> str:
    value, limit = _distinct(missed.value, missed.limit)
    up = missed.at_most
    text = _SAYS[missed.what].format(
        metric=measurement.metric,
        subject=measurement.subject,
        value=value,
        verb="may be as much as" if up else "is",
        past="may have been as much as" if up else "was",
        grew="may have grown by as much as" if up else "grew by",
    )
    return f"{text}, budget {limit} (over by {_excess(missed)})"


def _distinct(value: int, limit: int) -> tuple[str, str]:
    """
    Both as text that is not the same.
    """
    for decimals in range(1, 4):
        texts = (
            format_size(value, decimals=decimals),
            format_size(limit, decimals=decimals),
        )
        if texts[0] != texts[1]:
            return texts
    # Exact, however many digits that takes.
    return format_size(value), format_size(limit)


def _excess(missed: Missed) -> str:
    text = sized(missed.excess)
    if not missed.limit:
        return text
    percent = 100 * missed.excess / missed.limit
    if percent >= 10:
        return f"{text}, {percent:.0f} %"
    return f"{text}, {percent:.1f} %" if percent >= 0.1 else f"{text}, <0.1 %"


def _details(measurement: Measurement, missed: Missed | None) -> list[str]:
    lines: list[str] = []
    for part in (_changes, _processes, _provenance):
        try:
            lines += part(measurement, missed)
        except Exception as exc:  # noqa: BLE001 (the first line must be seen)
            lines.append(f"not known: {clean(str(exc) or repr(exc))}")
    return lines


def _provenance(measurement: Measurement, _: Missed | None) -> list[str]:
    from procmem.testing.provenance import provenance

    return provenance(measurement)


def _changes(measurement: Measurement, missed: Missed | None) -> list[str]:
    """
    What grew; or what there is most of, where the block is not to blame.
    """
    metric: DiffMetric = measurement.metric
    if missed:
        metric = _MEASURED_BY.get(missed.what, metric)
    lines: list[str] = []
    diff = measurement.diff
    grouped = diff.grouped()
    if missed and missed.what == "limit" and measurement.before > missed.limit:
        was = sized(measurement.before)
        lines.append(f"it was {was}, above the budget, when the block started")
        title = "what there is most of"
        shown = _largest(grouped, lambda row: row.size(metric, "after"))
    else:
        title = "what grew since the block started"
        shown = _largest(grouped, lambda row: row.growth(metric))
    rows = [_row(metric, row) for row in shown]
    rest = [row for row in grouped if row not in shown]
    if rest:
        before = sum(row.size(metric, "before") for row in rest)
        after = sum(row.size(metric, "after") for row in rest)
        rows.append(Row(several(len(rest), "other", "others"), before, after))
    if metric == measurement.metric:
        # Those are known also where the kernel prints no such totals.
        total = Total(measurement.before, measurement.after)
    else:
        total = Total(diff.size(metric, "before"), diff.size(metric, "after"))
    return lines + table(title, rows, total, "kind")


def _largest(
    rows: abc.Sequence[DiffRow], size: abc.Callable[[DiffRow], int]
) -> list[DiffRow]:
    by_size = sorted(rows, key=lambda row: -abs(size(row)))
    return [row for row in by_size[:_ROWS] if size(row)]


def _row(metric: DiffMetric, row: DiffRow) -> Row:
    label = clean(row.label)
    count = max(row.mappings_before, row.mappings_after)
    if count > 1:
        label += f" ({count} mappings)"
    kind = "" if row.kind is None else str(row.kind).replace("_", " ")
    return Row(label, row.size(metric, "before"), row.size(metric, "after"), kind)


def _processes(measurement: Measurement, _: Missed | None) -> list[str]:
    """
    One row for each process, if there are several.
    """
    by_pid = list(measurement.by_pid.values())
    if len(by_pid) < 2:
        return []
    by_pid.sort(key=_change, reverse=True)
    rows = [
        Row(
            f"{one.pid} {clean(one.name)}",
            one.before or 0,
            one.after or 0,
            _remark(one),
        )
        for one in by_pid[:_ROWS]
    ]
    rest = by_pid[_ROWS:]
    total = Total(measurement.before, measurement.after)
    # Of a pid that was taken again only one is listed: what is left is theirs.
    left = (
        total.before - sum(row.before for row in rows),
        total.after - sum(row.after for row in rows),
    )
    if rest or left != (0, 0):
        rows.append(Row(f"{len(rest)} other processes", *left))
    return table("process", rows, total)


def _change(one: ProcessFigures) -> tuple[int, int]:
    return abs((one.after or 0) - (one.before or 0)), one.after or 0


def _remark(one: ProcessFigures) -> str:
    parts: list[str] = [] if one.change == "stayed" else [one.change]
    if one.peak is not None:
        parts.append(f"peak {sized(one.peak)}")
    return ", ".join(parts)
