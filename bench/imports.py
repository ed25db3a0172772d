"""
``import procmem`` in fresh interpreters: how long it takes beyond its two
dependencies, and what it loads.
"""

from __future__ import annotations

import re
import subprocess
import sys

from bench.figures import Figure, Measured
from bench.harness import differences, take_turns
from bench.processes import fresh
from bench.scale import Scale

_ALLOWED = {"procmem", "attr", "attrs", "typing_extensions"}
_HEAVY = {"ctypes", "fcntl", "json", "fractions", "argparse"}
_SHOWN = 6


def run(scale: Scale) -> Measured:
    fresh("import_time")  # which writes the compiled modules
    milliseconds = [float(fresh("import_time")[0]) for _ in range(scale.starts)]
    yield Figure(
        what="import procmem, with attrs and typing_extensions loaded",
        unit="ms",
        values=tuple(milliseconds),
        limit=15.0,
        note=_contributors(),
    )
    calls = {
        "with": lambda: _python("import attrs, typing_extensions, procmem"),
        "without": lambda: _python("import attrs, typing_extensions"),
    }
    times = take_turns(calls, rounds=scale.starts, sample=0)
    yield Figure(
        what="the whole command: python -c 'import procmem' - dependencies",
        unit="ms",
        values=differences(times, "with", "without"),
        limit=15.0,
        note=f"without: {min(times['without']) * 1000:.0f} ms",
    )
    yield from _modules("import procmem", fresh("import_time"))
    yield from _modules("import procmem and pss()", fresh("import_time", "pss"))


def _modules(what: str, words: list[str]) -> Measured:
    top = {name.partition(".")[0] for name in words[1:]}
    foreign = sorted(top - _ALLOWED - sys.stdlib_module_names)
    yield Figure(
        what=f"{what}: other people's modules",
        unit="modules",
        values=(len(foreign),),
        limit=0,
        note=" ".join(foreign),
    )
    heavy = sorted(top & _HEAVY)
    yield Figure(
        what=f"{what}: heavy modules",
        unit="modules",
        values=(len(heavy),),
        limit=0,
        note=" ".join(heavy),
    )


def _python(code: str, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stderr


def _contributors() -> str:
    """
    The modules that take most by themselves, as ``-X importtime`` has it.
    """
    code = "import attrs, typing_extensions; print(); import procmem"
    report = _python(code, "-X", "importtime")
    found = re.findall(r"import time:\s*(\d+) \|\s*\d+ \|\s*(\S+)", report)
    names = [name for _, name in found]
    after = max(names.index("attrs"), names.index("typing_extensions")) + 1
    most = sorted(((int(us), name) for us, name in found[after:]), reverse=True)
    return ", ".join(f"{name} {us / 1000:.1f}" for us, name in most[:_SHOWN])
