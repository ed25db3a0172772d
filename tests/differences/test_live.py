"""
Differences of real processes say what these processes did.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator

import procmem
from tests.children import forked
from tests.differences.readings import MIB

# Does one thing for each line that it gets, and says when it has.
_WORKER = """
import mmap, sys
kept = []
def heap(): kept.append([bytes(1000) + bytes([i % 256]) for i in range(20000)])
def map_(): kept.append(mmap.mmap(-1, 8 << 20, mmap.MAP_PRIVATE)); fill()
def share(): kept.append(mmap.mmap(-1, 4 << 20)); fill()
def fill(): kept[-1].write(b"x" * len(kept[-1]))
def untouched(): kept.append(mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE))
def library(): import decimal
def nothing(): pass
def close(): kept.pop().close()
print(flush=True)
for line in sys.stdin:
    globals()[line.strip()]()
    print(flush=True)
"""


@contextlib.contextmanager
def worker() -> Iterator[tuple[int, Callable[[str], procmem.Snapshot]]]:
    """
    The pid of a process, and what gives a snapshot after it did something.
    """
    with subprocess.Popen(
        [sys.executable, "-S", "-c", _WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        stdin, stdout = child.stdin, child.stdout
        stdout.readline()

        def after(what: str) -> procmem.Snapshot:
            stdin.write(f"{what}\n")
            stdin.flush()
            stdout.readline()
            return procmem.snapshot(child.pid)

        try:
            yield child.pid, after
        finally:
            child.kill()


def check(diff: procmem.Diff) -> None:
    """
    The rows add up, in every counter of the kernel's and in the footprint.
    """
    for name in ("rss", "pss", "uss", "private_dirty", "shared_clean", "swap"):
        parts = [row.delta.get(name) for row in diff.rows]
        assert diff.total.get(name) == sum(p for p in parts if isinstance(p, int))
    assert diff.growth() == sum(row.growth() for row in diff.rows)


def test_memory_mapped_and_given_back() -> None:
    """
    What is mapped and touched shows as so much more, and what is unmapped as
    so much less; what is not touched costs nothing.
    """
    with worker() as (_, after):
        before, mapped = after("nothing"), after("map_")
        diff = mapped - before
        check(diff)

        assert ("anonymous memory", True) == (
            diff.top(1)[0].label,
            8 * MIB <= diff.top(1)[0].growth() < 9 * MIB,
        )
        gone = after("close") - mapped
        check(gone)
        assert -9 * MIB < gone.growth() <= -7 * MIB
        before = after("nothing")
        assert (after("untouched") - before).growth() < MIB


def test_heap() -> None:
    """
    A heap that grew is not new.
    """
    with worker() as (_, after):
        before = after("nothing")
        diff = after("heap") - before
        check(diff)
        [heap] = [row for row in diff.rows if row.label == "[heap]"]

        assert ("grown", 1, 1) == (
            heap.change,
            heap.mappings_before,
            heap.mappings_after,
        )
        assert 15 * MIB < diff.growth()


def test_shared_memory() -> None:
    """
    Shared anonymous memory is called that.
    """
    with worker() as (_, after):
        before = after("nothing")
        diff = after("share") - before
        check(diff)
        [new] = [row for row in diff.new if row.kind == "shared memory"]

        assert ("shared anonymous memory", 4 * MIB) == (new.label, new.growth())


def test_library() -> None:
    """
    A library that was loaded is one row of several mappings.
    """
    with worker() as (_, after):
        before = after("nothing")
        diff = after("library") - before
        check(diff)
        [row] = [row for row in diff.grouped() if row.label.startswith("_decimal")]

        assert ("new", 0) == (row.change, row.mappings_before)
        assert 3 <= row.mappings_after
        assert 0 < row.growth("rss")


def test_forked_child() -> None:
    """
    A forked child has what its parent has, at the same places.
    """
    held = bytearray(b"x") * (4 * MIB)
    with forked() as pid:
        parent, child = procmem.snapshot(), procmem.snapshot(pid)
        diff = child - parent
        check(diff)

        assert [] == [*diff.new, *diff.gone]
        assert ["gone", "new"] == [one.change for one in diff.members]
    del held


def test_two_runs() -> None:
    """
    Of two runs of one program every file is recognised, and the stacks and
    heaps, although all addresses differ.
    """
    with worker() as (_, after):
        one = after("nothing")
    with worker() as (_, after):
        other = after("nothing")
        more = after("map_")

    named = [row for row in (other - one).rows if row.name is not None]
    assert {("[heap]", 1, 1), ("[stack]", 1, 1)} <= {
        (row.label, row.mappings_before, row.mappings_after) for row in named
    }
    assert set() == {row.label for row in named if row.change in {"new", "gone"}}
    diff = more - one
    check(diff)
    assert "anonymous memory" == diff.top(1)[0].label
    assert 7 * MIB < diff.top(1)[0].growth() < 9 * MIB
