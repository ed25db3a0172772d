"""
Totals from ``smaps``, as a kernel without ``smaps_rollup`` needs them: in less
time than all mappings take, and without making them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import procmem
from bench import texts
from bench.figures import Figure, Measured
from bench.harness import ratios, take_turns
from bench.processes import fresh
from bench.scale import Scale

# What one mapping needs in smaps.
_BLOCK = 720


def run(scale: Scale) -> Measured:
    data = texts.smaps(scale.mappings * _BLOCK)
    calls = {
        "mappings": lambda: procmem.parse_smaps(data),
        "totals": lambda: procmem.parse_smaps_total(data),
    }
    times = take_turns(calls, rounds=scale.rounds, sample=scale.sample)
    yield Figure(
        what="parse_smaps_total(data) / parse_smaps(data)",
        unit="x",
        values=ratios(times, "totals", "mappings"),
        limit=1.0,
        aim=0.6,
        note=f"{len(data) / 1e6:.1f} MB",
    )
    mappings, usages = _made("parse_smaps_total", data)
    all_mappings, all_usages = _made("parse_smaps", data)
    yield Figure(
        what="mappings made by parse_smaps_total(data)",
        unit="objects",
        values=(mappings,),
        limit=0,
        note=f"parse_smaps makes {all_mappings}",
    )
    yield Figure(
        what="usages made by parse_smaps_total(data)",
        unit="objects",
        values=(usages,),
        limit=1,
        note=f"parse_smaps makes {all_usages}",
    )


def _made(parser: str, data: bytes) -> tuple[int, int]:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        mappings, usages = map(int, fresh("count_objects", parser, file.name))
    return mappings, usages
