"""
How much memory parsing takes beyond the result, as a multiple of the text.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import texts
from bench.figures import Figure, Measured, Skipped
from bench.processes import fresh
from bench.scale import Scale

_TEXTS: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "parse_smaps": ("parse_smaps", texts.smaps),
    "parse_smaps, every line another": ("parse_smaps", texts.distinct_smaps),
    "parse_smaps, blocks take turns": ("parse_smaps", texts.mixed_smaps),
    "parse_smaps_total": ("parse_smaps_total", texts.smaps),
    "parse_maps": ("parse_maps", texts.maps),
}
_LIMIT = 4.0


def run(scale: Scale) -> Measured:
    with tempfile.NamedTemporaryFile() as file:
        for what, (parser, text) in _TEXTS.items():
            for length in scale.texts:
                Path(file.name).write_bytes(text(length))
                yield from _traced(what, parser, file.name, length)
            if text is texts.smaps:
                # The last is the largest, and the resident memory is too
                # coarse for smaller ones.
                yield from _resident(what, parser, file.name, length)


def _traced(what: str, parser: str, path: str, length: int) -> Measured:
    beyond, result = map(int, fresh("parse_memory", parser, path, "traced"))
    yield Figure(
        what=f"{what}: peak of {length / 1e6:g} MB beyond the result",
        unit="bytes a byte",
        values=(beyond / length,),
        limit=_LIMIT,
        note=f"the result: {result / length:.1f}",
    )


def _resident(what: str, parser: str, path: str, length: int) -> Measured:
    title = f"{what}: growth of VmHWM by {length / 1e6:g} MB beyond the result"
    growth = fresh("parse_memory", parser, path, "resident")
    if not growth:
        yield Skipped(what=title, reason="the kernel cannot start VmHWM anew")
        return
    result = int(fresh("parse_memory", parser, path, "traced")[1])
    yield Figure(
        what=title,
        unit="bytes a byte",
        values=((int(growth[0]) - result) / length,),
        limit=_LIMIT,
        note=f"with the result: {int(growth[0]) / length:.1f}",
    )
