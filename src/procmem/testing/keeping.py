"""
What there was before and after a block, saved for a later look.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from procmem.testing.measurement import Measurement

__all__ = ["keep"]

_NOT_FOR_NAMES = re.compile(r"[^A-Za-z0-9_.\[\]-]+")

# Names of files have 255 bytes at most, and ours get something added.
_LONGEST = 150


def keep(measurement: Measurement, folder: Path) -> tuple[Path, ...]:
    """
    Save both readings; the files, the earlier first.

    Args:
        measurement: What was measured.

        folder: Where to; it is made if it is not there.
    """
    from procmem.saving import save

    folder.mkdir(parents=True, exist_ok=True)
    stem = _free(folder, _named(measurement))
    paths = (folder / f"{stem}-before.json", folder / f"{stem}-after.json")
    save(measurement.group_before, paths[0])
    save(measurement.group, paths[1])
    return paths


def _named(measurement: Measurement) -> str:
    name = measurement.info or f"pid-{os.getpid()}"
    name = _NOT_FOR_NAMES.sub("-", name).strip("-.") or "budget"
    # The end of a long name tells more than its beginning.
    return name[-_LONGEST:]


def _free(folder: Path, stem: str) -> str:
    """
    A name that is not taken: a test may be run again.
    """
    number = 1
    free = stem
    while (folder / f"{free}-before.json").exists():
        number += 1
        free = f"{stem}-{number}"
    return free
