"""
The captures, unpacked into memory.
"""

from __future__ import annotations

import array
import functools
import json
import os
import pathlib
import tarfile
from collections import abc
from typing import Any

import attrs

from procmem.sources.base import ByteOrder

_DATA = pathlib.Path(__file__).with_name("data")

NAMES = tuple(
    sorted(path.name.removesuffix(".tar.xz") for path in _DATA.glob("*.tar.xz"))
)
"""The captures by name."""

SWAPPED = "ppc64el-6.1.0-50-64k"
"""The one whose words are turned round, as if from a big-endian machine."""


@attrs.frozen(kw_only=True, eq=False)
class Capture:
    """
    What a machine printed.

    Attributes:
        name: Architecture, kernel and what else matters.

        byteorder: Of the words in the binary files.

        files: Each file by its path, such as ``"116/smaps"``.
    """

    name: str
    byteorder: ByteOrder
    files: abc.Mapping[str, bytes]

    @functools.cached_property
    def system(self) -> dict[str, Any]:
        """
        Page size, kernel, roles of the processes.
        """
        return self.json("system.json")

    @functools.cached_property
    def errors(self) -> dict[str, Any]:
        """
        Which file the kernel refused to whom, and how.
        """
        return self.json("errors.json")

    @functools.cached_property
    def workload(self) -> dict[str, Any]:
        """
        What the processes did.
        """
        return self.json("workload.json")

    @property
    def page_size(self) -> int:
        """
        In bytes.
        """
        return int(self.system["page_size"])

    @property
    def version(self) -> tuple[int, int]:
        """
        Of the kernel.
        """
        major, minor, *_ = self.system["uname"]["release"].split(".")
        return int(major), int(minor)

    @property
    def pids(self) -> list[int]:
        """
        Of all processes.
        """
        return sorted(self.system["roles"].values())

    def role(self, name: str) -> int:
        """
        The pid of the process that plays a part.
        """
        return int(self.system["roles"][name])

    def json(self, file: str) -> dict[str, Any]:
        """
        A file of facts.
        """
        found: dict[str, Any] = json.loads(self.files[file])
        return found

    @functools.cached_property
    def frames(self) -> dict[int, tuple[int, int]]:
        """
        For each frame that a process maps its count and its flags.
        """
        data = self.files["kpages.bin"]
        numbers = [
            int.from_bytes(data[place : place + 8], self.byteorder)
            for place in range(0, len(data), 8)
        ]
        return {
            frame: (count, flags)
            for frame, count, flags in zip(
                numbers[::3], numbers[1::3], numbers[2::3], strict=True
            )
        }


@functools.lru_cache
def load(name: str) -> Capture:
    """
    A capture by name; with ``" (big-endian)"`` behind it one whose words are
    turned round.
    """
    plain = name.removesuffix(" (big-endian)")
    if plain != name:
        return _turned(load(plain), name)
    with tarfile.open(_DATA / f"{name}.tar.xz") as archive:
        files = {
            member.name: archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive
        }
    order: ByteOrder = json.loads(files["system.json"])["byteorder"]
    return Capture(name=name, byteorder=order, files=files)


def _turned(capture: Capture, name: str) -> Capture:
    files = {
        path: _swapped(data) if path.endswith(".bin") else data
        for path, data in capture.files.items()
    }
    order: ByteOrder = "big" if capture.byteorder == "little" else "little"
    return Capture(name=name, byteorder=order, files=files)


def _swapped(data: bytes) -> bytes:
    words = array.array("Q", data)
    words.byteswap()
    return words.tobytes()


_ALL = (*NAMES, f"{SWAPPED} (big-endian)")

# Three of them show every page size, word size and byte order but one; the
# session "live" asks for all, which takes a minute on each Python.
_SOME = tuple(name for name in _ALL if "6.12" in name or "big-endian" in name)

EVERY = _ALL if os.environ.get("PROCMEM_EVERY_CAPTURE") else _SOME
"""The captures to test with, one of them turned round."""
