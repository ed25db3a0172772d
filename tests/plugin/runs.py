"""
Runs of pytest with the plugin, and what came of them.
"""

from __future__ import annotations

import gc
import importlib.util
import pkgutil
import re
from collections import abc

import attrs
import pytest

import procmem

# A run in this process forgets the modules that it loaded first, and a later
# one would load them a second time, with other classes.
for _module in pkgutil.walk_packages(procmem.__path__, "procmem."):
    if not _module.name.endswith(("__main__", ".launcher")):
        importlib.import_module(_module.name)

# What tests in these runs use to have memory of a known size.
_MEMORY = """
import mmap

KEPT = []


def touched(mebibytes):
    area = mmap.mmap(-1, mebibytes << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for offset in range(0, len(area), mmap.PAGESIZE):
        area[offset] = 1
    return area


def keep(mebibytes):
    KEPT.append(touched(mebibytes))
"""

_LINE = re.compile(
    r"(?P<outcome>PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS|RERUN)"
    r" (?P<rest>(?:\[[0-9]+\] )?\S+?::(?P<name>.+?))(?: - (?P<why>.*))?"
)


@attrs.frozen(kw_only=True)
class Run:
    """
    A run that has ended.

    Attributes:
        status: pytest's exit status.

        text: All that it printed.
    """

    status: int
    text: str

    @property
    def outcomes(self) -> dict[str, str]:
        """
        How each test went, by its name without the file; of several lines
        about a test the last one.
        """
        return {
            found["name"]: found["outcome"].lower()
            for line in self.text.splitlines()
            if (found := _LINE.fullmatch(line))
        }

    @property
    def reasons(self) -> dict[str, str]:
        """
        What the short summary says about tests that did not pass.
        """
        return {
            found["name"]: found["why"]
            for line in self.text.splitlines()
            if (found := _LINE.fullmatch(line)) and found["why"]
        }


@attrs.frozen
class Runner:
    """
    Runs pytest in an interpreter of its own, with no plugin but ours and
    those that are named.
    """

    pytester: pytest.Pytester

    def __call__(
        self, code: str, *options: str, plugins: abc.Iterable[str] = ()
    ) -> Run:
        """
        Run a file of tests.

        Args:
            code: What is in it, after a few imports.

            options: For pytest.

            plugins: Modules of plugins to load.
        """
        self._write(code)
        return self.again(*options, plugins=plugins)

    def quick(self, code: str, *options: str) -> Run:
        """
        Run a file of tests in this process: for what is no question of
        processes.
        """
        self._write(code)
        return self.quick_again(*options)

    def again(self, *options: str, plugins: abc.Iterable[str] = ()) -> Run:
        """
        Run the same file once more.
        """
        loaded = [f"-p{name}" for name in ("pytest_procmem", *plugins)]
        result = self.pytester.runpytest_subprocess(*loaded, "-rA", *options)
        return Run(
            status=int(result.ret),
            text=result.stdout.str() + "\n" + result.stderr.str(),
        )

    def quick_again(self, *options: str) -> Run:
        """
        Run the same file once more in this process.
        """
        # What a test keeps should be gone when the next run begins.
        gc.collect()
        result = self.pytester.runpytest_inprocess("-ppytest_procmem", "-rA", *options)
        return Run(
            status=int(result.ret),
            text=result.stdout.str() + "\n" + result.stderr.str(),
        )

    def _write(self, code: str) -> None:
        self.pytester.makepyfile(memory=_MEMORY)
        self.pytester.makepyfile(
            test_it="import os, pytest, sys, unittest\n"
            "from memory import KEPT, keep, touched\n\n" + code
        )


def needs(module: str) -> None:
    """
    Skip a test that is about another plugin where that is not installed.
    """
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
