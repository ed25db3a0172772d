"""
The command ``procmem`` without argument, which looks at all processes,
against ``smem`` and ``ps_mem``: whole commands, start of the interpreter
included.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial

from bench.figures import Figure, Measured, Skipped
from bench.harness import ratios, take_turns
from bench.processes import child
from bench.scale import Scale

_OURS = "procmem"


def run(scale: Scale) -> Measured:
    if importlib.util.find_spec("procmem.__main__") is None:
        yield Skipped(what="the command procmem", reason="there is no command yet")
        return
    with child("crowd", scale.processes):
        yield from _scan(scale)


def _scan(scale: Scale) -> Measured:
    calls: dict[str, Callable[[], object]] = {}
    for name, command in commands().items():
        reason = _reason_against(command)
        if not reason:
            calls[name] = partial(_run, command)
        else:
            yield Skipped(what=f"the command {name}", reason=reason)
    if _OURS not in calls:
        return
    times = take_turns(calls, rounds=scale.starts, sample=0)
    for name in calls:
        if name == _OURS:
            continue
        yield Figure(
            what=f"{scale.processes} processes: procmem / {name}",
            unit="x",
            values=ratios(times, _OURS, name),
            limit=1.0,
            note=f"{min(times[_OURS]):.2f} / {min(times[name]):.2f} s",
        )


def commands() -> dict[str, list[str]]:
    # Started alike where that is possible: a script may be another Python's.
    has_module = importlib.util.find_spec("ps_mem") is not None
    return {
        _OURS: [sys.executable, "-m", "procmem"],
        "smem": ["smem"],
        "ps_mem": [sys.executable, "-m", "ps_mem"] if has_module else ["ps_mem"],
    }


def _reason_against(command: list[str]) -> str:
    if shutil.which(command[0]) is None:
        return "not installed"
    done = _run(command)
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return f"exit status {done.returncode}: {last}"
    return ""


def _run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
