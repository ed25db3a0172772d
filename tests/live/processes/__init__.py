"""
Odd processes for live tests, and ways to look at them with other rights.

Each context manager starts one, waits until it has done what it says, and
removes it with all that belongs to it. What a machine can't do raises
NotHereError with the reason.
"""

from __future__ import annotations

from tests.live.control import NotHereError, StartError, stopped
from tests.live.processes.busy import (
    Execer,
    children_of,
    execer,
    forker,
    restless,
)
from tests.live.processes.children import Area, Holder
from tests.live.processes.holdings import Known, Mosaic, Piece, known, mosaic
from tests.live.processes.odd import (
    NOBODY,
    Leaderless,
    Twins,
    kernel_thread,
    leaderless,
    owned_by,
    twins,
    undumpable,
    zombie,
)
from tests.live.processes.rights import (
    as_user,
    hide_file,
    in_child,
    in_mount_namespace,
    mount,
    mount_proc,
    mounted_proc,
    require_root,
    umount,
)

__all__ = [
    "NOBODY",
    "Area",
    "Execer",
    "Holder",
    "Known",
    "Leaderless",
    "Mosaic",
    "NotHereError",
    "Piece",
    "StartError",
    "Twins",
    "as_user",
    "children_of",
    "execer",
    "forker",
    "hide_file",
    "in_child",
    "in_mount_namespace",
    "kernel_thread",
    "known",
    "leaderless",
    "mosaic",
    "mount",
    "mount_proc",
    "mounted_proc",
    "owned_by",
    "require_root",
    "restless",
    "stopped",
    "twins",
    "umount",
    "undumpable",
    "zombie",
]
