"""
Real programs for live tests: started, waited for, and removed without a trace.

`fleet()` is all of them at once. Each is also a context manager of its own that
gives the entries of its processes, and raises NotHereError, with the reason, if
this machine lacks it.
"""

from __future__ import annotations

from tests.live.control import NotHereError, StartError, stopped
from tests.live.programs.languages import java
from tests.live.programs.running import Entry, Program
from tests.live.programs.servers import chromium, nginx, postgres, redis
from tests.live.programs.small import git
from tests.live.programs.together import PROGRAMS, Absent, Fleet, fleet

__all__ = [
    "PROGRAMS",
    "Absent",
    "Entry",
    "Fleet",
    "NotHereError",
    "Program",
    "StartError",
    "chromium",
    "fleet",
    "git",
    "java",
    "nginx",
    "postgres",
    "redis",
    "stopped",
]
