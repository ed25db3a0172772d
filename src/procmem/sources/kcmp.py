"""
Whether two processes have one address space: ``kcmp(2)``.

Source: :manpage:`kcmp(2)`, ``kernel/kcmp.c``.
"""

from __future__ import annotations

import ctypes
import platform

__all__ = ["same_memory"]

_KCMP_VM = 1

# Unlike those of newer calls, the number differs.
_KCMP = {
    "aarch64": 272,
    "arm": 378,
    "i686": 349,
    "loongarch64": 272,
    "ppc64": 354,
    "ppc64le": 354,
    "riscv64": 272,
    "s390x": 343,
    "x86_64": 312,
}


def same_memory(one: int, two: int) -> bool | None:
    """
    Whether two pids have one address space; None if the kernel does not
    tell (CONFIG_KCMP, a missing right, an unknown processor).
    """
    number = _KCMP.get(platform.machine())
    if number is None:
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    answer: int = libc.syscall(number, one, two, _KCMP_VM, 0, 0)
    return None if answer < 0 else answer == 0
