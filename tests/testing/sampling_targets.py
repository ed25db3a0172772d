"""
Children that need memory at a time that a test decides.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator

MIB = 1 << 20

# Understands lines and answers each: what a line says is run.
_OBEDIENT = """
import json, mmap, os, signal, subprocess, sys, time
MIB = 1 << 20
kept = []
def touch(size, flags=mmap.MAP_PRIVATE):
    memory = mmap.mmap(-1, size, flags=flags | mmap.MAP_ANONYMOUS)
    for page in range(0, size, 4096):
        memory[page] = 1
    return memory
print(flush=True)
for line in sys.stdin:
    exec(json.loads(line))
    print("done", flush=True)
"""


class Obedient:
    """
    A Python that runs what it is told to.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.pid = process.pid

    def tell(self, code: str) -> str:
        """
        Have it run *code*; what it printed.
        """
        self.say(code)
        lines: list[str] = []
        while (line := self.hear()) not in {"done", ""}:
            lines.append(line)
        return "\n".join(lines)

    def say(self, code: str) -> None:
        """
        Have it run *code*, without waiting for it.
        """
        assert self.process.stdin is not None
        self.process.stdin.write(f"{json.dumps(code)}\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """
        The next line that it prints.
        """
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        """
        Let it end, and wait for it.
        """
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


@contextlib.contextmanager
def obedient() -> Iterator[Obedient]:
    """
    A child that runs what it is told to.
    """
    with subprocess.Popen(
        [sys.executable, "-S", "-c", _OBEDIENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        child = Obedient(process)
        try:
            child.hear()
            yield child
        finally:
            process.kill()
            with contextlib.suppress(BrokenPipeError):
                assert process.stdin is not None
                process.stdin.close()
