"""
What a budget costs beyond the kernel's own reads of the files that it reads:
its end and its beginning together, in a process that does nothing else.

A budget reads and keeps ``smaps``, ``smaps_rollup``, ``stat`` and ``status``
at both ends; the same is read raw, in turns.
"""

from __future__ import annotations

import statistics

from bench.figures import Figure, Measured
from bench.processes import fresh
from bench.scale import Scale

# How many timings make a value: their minimum is what the work takes, the
# rest is what others did meanwhile.
_PER_VALUE = 20


def run(scale: Scale) -> Measured:
    rounds = max(1, scale.rounds // 3)
    cases = (
        ("enter and exit, 100 MiB, without tree", (88, 0, 0), 300, ""),
        ("enter and exit, tree of 4 idle children", (1, 4, 0), 3000, ""),
        (
            "enter and exit, tree of 4 idle children, with peak",
            (1, 4, 1),
            None,
            "asks the helper twice",
        ),
    )
    for what, (size, children, peak), limit, note in cases:
        lines = fresh("budgets", size, children, peak, rounds * _PER_VALUE)
        raw, ours = list(map(float, lines[::2])), list(map(float, lines[1::2]))
        values = [
            min(ours[start : start + _PER_VALUE]) - min(raw[start : start + _PER_VALUE])
            for start in range(0, len(raw), _PER_VALUE)
        ]
        took = f"raw reads {min(raw):.0f}, budget {min(ours):.0f}"
        yield Figure(
            what=f"{what}: budget - raw reads",
            unit="us",
            values=tuple(values),
            limit=limit,
            note=f"{took} {note}".strip(),
        )
        yield Figure(
            what=f"{what}: budget / raw reads",
            unit="x",
            values=(statistics.median(ours) / statistics.median(raw),),
        )
