"""
The text of a rollup that was kept, and what it says.
"""

from __future__ import annotations

from procmem.evidence import Evidence
from procmem.formats.smaps_rollup import rollup
from procmem.model.usage import Usage

__all__ = ["is_usual", "usage_of"]


def is_usual(data: bytes) -> bool:
    """
    Whether this is a rollup as Linux 5.4 and later print it: whole, and with
    nothing in it that needs to be put right.
    """
    return data.endswith(b" kB\n") and b"\nPss_Anon:" in data


def usage_of(data: bytes, seconds: float) -> Usage:
    """
    What a rollup says that took some seconds to read.

    Raises:
        ParseError: If it is none.
    """
    return rollup(
        data, Evidence(method="kernel", files=("smaps_rollup",), seconds=seconds)
    )
