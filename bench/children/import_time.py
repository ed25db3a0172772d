"""
What ``import procmem`` adds to an interpreter with its two dependencies.

Prints the milliseconds, and the names of the modules loaded since the start.
With the argument ``pss``, it also asks for a number before it lists them.
"""

import sys

before = set(sys.modules)

import time  # noqa: E402

import attrs  # noqa: E402, F401
import typing_extensions  # noqa: E402, F401

start = time.perf_counter()
import procmem  # noqa: E402

milliseconds = (time.perf_counter() - start) * 1000
if "pss" in sys.argv:
    procmem.pss()
print(milliseconds, *sorted(set(sys.modules) - before))
