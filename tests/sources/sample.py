"""
The process that the folder of ``conftest.py`` shows.
"""

from __future__ import annotations

from tests.kernel import samples
from tests.kernel.samples import PAGE, PID, anonymous

__all__ = ["FILES", "MAPPINGS", "PAGE", "PID"]

MAPPINGS = [anonymous(pages=3)]
FILES = samples.files(MAPPINGS, pss_anon=3 * PAGE, pss_shmem=0)
