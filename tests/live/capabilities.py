"""
Be an ordinary user with a single right of root's.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable
from typing import TypeVar

from tests.live.children import libc
from tests.live.processes import in_child, require_root

T = TypeVar("T")

# From linux/capability.h and linux/prctl.h.
CAP_SYS_PTRACE = 19
CAP_PERFMON = 38
_VERSION = 0x2008_0522
_PR_SET_KEEPCAPS = 8

_libc = ctypes.CDLL(None, use_errno=True)


def as_user_with(capability: int, uid: int, function: Callable[[], T]) -> T:
    """
    Call a function as a user who has one capability.

    Raises:
        NotHereError: If the tests don't run as root.
    """
    require_root()

    def dropped() -> T:
        # Else they all go with the user.
        _check(_libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        # struct __user_cap_header_struct, and two of __user_cap_data_struct:
        # effective, permitted and inheritable, 32 capabilities each.
        header = struct.pack("Ii", _VERSION, 0)
        words = [0] * 6
        word, bit = divmod(capability, 32)
        words[3 * word] = words[3 * word + 1] = 1 << bit
        _check(_libc.capset(header, struct.pack("6I", *words)))
        libc.set_dumpable(True)
        return function()

    return in_child(dropped)


def _check(result: int) -> None:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
