"""
Whether two processes have one address space, and which comes first if not:
``kcmp(2)``.

Source: :manpage:`kcmp(2)`, ``kernel/kcmp.c``.
"""

from __future__ import annotations

import ctypes
import platform
from collections import abc
from functools import cache

__all__ = ["GREATER", "LESS", "SAME", "order_of_memory", "same_memory"]

SAME, LESS, GREATER = 0, 1, 2
"""What :func:`order_of_memory` answers."""

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

_Syscall = abc.Callable[[int, int, int, int, int, int], int]


@cache
def _kcmp() -> tuple[_Syscall, int] | None:
    """
    The function to make system calls with and the number of this one; None if
    that is not known for this processor.
    """
    number = _KCMP.get(platform.machine())
    return None if number is None else (ctypes.CDLL(None).syscall, number)


def order_of_memory(one: int, two: int) -> int:
    """
    Whether the address spaces of two pids are the same, or which comes first
    in an order that holds until the machine is started again; less than 0 if
    the kernel does not tell (CONFIG_KCMP, a missing right, an unknown
    processor).
    """
    call = _kcmp()
    return -1 if call is None else call[0](call[1], one, two, _KCMP_VM, 0, 0)


def same_memory(one: int, two: int) -> bool | None:
    """
    Whether two pids have one address space; None if the kernel does not tell.
    """
    answer = order_of_memory(one, two)
    return None if answer < 0 else answer == SAME
