"""
Start the modules of `tests.live.children` and read what they report.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.live.control import StartError, end, temporary_folder

_ROOT = Path(__file__).parents[3]
_START_SECONDS = 60.0


class Area(NamedTuple):
    """
    A range of addresses, in bytes.
    """

    start: int
    size: int

    @property
    def end(self) -> int:
        """
        First address past the area.
        """
        return self.start + self.size


class Holder(NamedTuple):
    """
    A process that holds memory.

    Attributes:
        pid: Its number.
        held: Private anonymous memory, all touched, on small pages.
    """

    pid: int
    held: Area


class Facts(NamedTuple):
    """
    A child that is ready.

    Attributes:
        pid: Its number.
        told: What it reported.
    """

    pid: int
    told: dict[str, Any]

    def area(self, name: str, size: int) -> Area:
        """
        The area of *size* bytes whose address was reported as *name*.
        """
        return Area(self.told[name], size)


@contextlib.contextmanager
def child(module: str, *arguments: int) -> Iterator[Facts]:
    """
    Run a module of `tests.live.children` until the end of the block.

    Raises:
        StartError: If it does not report.
    """
    with (
        temporary_folder() as folder,
        (folder / "errors").open("w+b") as errors,
    ):
        process = subprocess.Popen(
            # Without site-packages it starts faster and has less in memory.
            [
                *(sys.executable, "-S", "-m", f"tests.live.children.{module}"),
                *map(str, arguments),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(_ROOT)},
            start_new_session=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            ready, _, _ = select.select([process.stdout], [], [], _START_SECONDS)
            line = process.stdout.readline() if ready else b""
            if not line:
                errors.seek(0)
                msg = f"{module}: {errors.read().decode(errors='replace')}"
                raise StartError(msg)
            yield Facts(process.pid, json.loads(line))
        finally:
            # In good order first: some have children to wait for.
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
            end(process, folder)
