"""
Files that are there as a whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["read", "replace"]


def read(path: str | PathLike[str]) -> bytes:
    """
    The content of a file.
    """
    return Path(path).read_bytes()


def replace(path: str | PathLike[str], data: bytes) -> None:
    """
    Have a file with this content, readable by its user only: addresses and
    names of a process are nobody else's business.

    Raises:
        OSError: If it can't be written.
    """
    # What a link points to is replaced, not the link.
    target = os.path.realpath(path)
    if _is_special(target):
        # A pipe or a terminal takes bytes; /dev/null must stay what it is.
        Path(target).write_bytes(data)
        return
    folder, name = os.path.split(target)
    descriptor, temporary = tempfile.mkstemp(
        prefix=f".{name[:100]}.", suffix=".part", dir=folder
    )
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 (it is open already)
            file.write(data)
        os.replace(temporary, target)  # noqa: PTH105 (as plain as Path's)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108 (as above)
        raise


def _is_special(target: str) -> bool:
    try:
        mode = os.stat(target).st_mode  # noqa: PTH116 (as above)
    except OSError:
        return False
    return not stat.S_ISREG(mode)
