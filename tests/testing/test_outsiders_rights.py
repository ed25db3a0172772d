"""
Memory that is shared with processes that may not be looked into.
"""

from __future__ import annotations

import pytest

import procmem
from procmem.errors import AccessDeniedError
from procmem.testing import Measurement, budget
from tests.children import as_nobody, forked
from tests.groups.machine import MIB, NEEDS, Files, denied, machine, process

from .memory import touched

FILE = b"7f00-8f00 rw-s 00000000 00:05 1234   /dev/zero (deleted)\n"


def sharer(
    pid: int,
    *,
    anonymous: int = 16 * MIB,
    shared: int = 0,
    ksm: int = 0,
    name: bytes = b"worker",
    command: bytes = b"",
    layout: tuple[int, int, int] = (0x1000, 0x2000, 0x7000),
) -> Files:
    """
    A process that has half of its memory for itself and half with another:
    so much without a file, and so much that is *shared*.
    """
    amounts = {
        "Rss": anonymous + shared,
        "Pss": (anonymous + shared) // 2,
        "Pss_Anon": anonymous // 2,
        "Pss_File": 0,
        "Pss_Shmem": shared // 2,
        "Shared_Clean": 0,
        "Shared_Dirty": anonymous + shared,
        "Private_Clean": 0,
        "Private_Dirty": 0,
        "Anonymous": anonymous,
        "KSM": ksm,
        "Swap": 0,
        "SwapPss": 0,
    }
    files = process(pid, name=name, command=command, layout=layout)
    status = files["status"]
    assert isinstance(status, bytes)
    return {
        **files,
        "status": status + b"RssShmem:\t%8d kB\n" % (shared // 1024),
        "smaps_rollup": b"1000-2000 ---p 00000000 00:00 0   [rollup]\n"
        + b"".join(
            b"%s:%16d kB\n" % (key.encode(), amount // 1024)
            for key, amount in amounts.items()
        ),
        "maps": FILE if shared else b"",
    }


def hidden(
    pid: int, *, name: bytes = b"worker", uid: int = 0, command: bytes = b""
) -> Files:
    """
    A process that may not be looked into.
    """
    known = process(pid, uid=uid)["status"]
    return {**denied(pid, name=name), "status": known, "cmdline": command}


def measured(
    *others: Files, first: Files | None = None, detail: bool = False
) -> Measurement:
    """
    What a budget says of process 10 where these are from 20 on.
    """
    there = {1: process(1, name=b"init", layout=(1, 2, 3))}
    there[10] = sharer(10, command=b"serve\0") if first is None else first
    there.update({20 + number: each for number, each in enumerate(others)})
    target = machine(there).pin(10)
    with budget(target=target, tree=False, detail=detail) as found:
        pass
    return found


def test_a_relative_that_was_found() -> None:
    """
    Whoever has the same layout is a relative, and its share is what is
    missing at most.
    """
    found = measured(sharer(20), sharer(21, layout=(0x1000, 0x2001, 0x7001)))

    assert found.outsiders is not None
    assert (20,) == found.outsiders.pids
    assert () == found.outsiders.missing
    assert (8 * MIB, 16 * MIB) == (found.lower, found.upper)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (hidden(20), True),
        (hidden(20, uid=5), False),
        (hidden(20, name=b"other", command=b"serve\0"), True),
        (hidden(20, name=b"other", command=b"sleep\0"), False),
        (hidden(20, name=b"other"), False),
    ],
)
def test_who_may_be_a_relative(other: Files, expected: bool) -> None:
    """
    Who may not be read may be a relative if it is of the same user and is
    called the same or was started with the same command line.
    """
    found = measured(other)

    assert expected == (found.outsiders is not None)
    assert expected == ("(pid 20)" in " ".join(found.missing))
    assert (16 if expected else 8) * MIB == found.upper


def test_many_that_may_be_relatives() -> None:
    """
    Of those that may not be read some are named, and it is said that there
    are more.
    """
    three = measured(*(hidden(20 + each) for each in range(3)))
    nine = measured(*(hidden(20 + each) for each in range(9)))

    assert "(pid 20, 21, 22)" in three.missing[0]
    assert "(pid 20, 21, 22, ...)" in nine.missing[0]


def test_a_command_line_that_may_not_be_read() -> None:
    """
    Without its own command line nobody is told by that, and names still are.
    """
    first = sharer(10)
    first["cmdline"] = AccessDeniedError(10, "cmdline", NEEDS)

    other = hidden(20, name=b"other", command=b"serve\0")
    assert measured(other, first=first).outsiders is None
    assert measured(hidden(20), first=first).outsiders is not None


def test_one_that_is_found_and_one_that_may_not_be_read() -> None:
    """
    Where some may not be read, the share of those that were found is no
    upper bound.
    """
    small = sharer(20, anonymous=2 * MIB)

    assert 9 * MIB == measured(small).upper
    assert 16 * MIB == measured(small, hidden(21)).upper


def test_a_kernel_that_does_not_tell_layouts() -> None:
    """
    Before Linux 3.3 stat has no heap: that relatives cannot be told is said,
    and the upper bound is all in full.
    """
    first = sharer(10)
    stat = first["stat"]
    assert isinstance(stat, bytes)
    first["stat"] = b" ".join(stat.split()[:44]) + b"\n"

    found = measured(first=first)

    assert ("who descends from the same program",) == found.missing
    assert 16 * MIB == found.upper
    assert not found.exact


def test_a_relative_whose_share_is_not_known() -> None:
    """
    Whoever cannot say what its share is may have all that is missing.
    """
    other = sharer(20, anonymous=2 * MIB)
    rollup = other["smaps_rollup"]
    assert isinstance(rollup, bytes)
    other["smaps_rollup"] = rollup.replace(b"Pss_Anon:", b"Pss_Else:")

    found = measured(other)

    assert found.outsiders is not None
    assert [None] == [one.share for one in found.outsiders.processes]
    assert 16 * MIB == found.upper


def test_merged_pages() -> None:
    """
    What KSM has merged is shared with nobody knows whom, and named.
    """
    found = measured(first=sharer(10, ksm=4 * MIB))

    assert found.outsiders is not None
    assert () == found.outsiders.pids
    assert "with whom 4.0 MiB are shared that KSM has merged" in found.missing
    assert "processes that are not known" in str(found.outsiders)
    assert 12 * MIB == found.upper


@pytest.mark.parametrize("detail", [False, True])
def test_shared_memory_by_its_file(detail: bool) -> None:
    """
    Whoever maps the same shared memory is found, whether mappings were read
    at all or not.
    """
    first = sharer(10, anonymous=0, shared=8 * MIB)
    first["smaps"] = FILE + b"Rss: 8192 kB\n"
    elsewhere = sharer(20, shared=8 * MIB, layout=(5, 6, 7))
    another = {**elsewhere, "maps": FILE.replace(b"1234", b"1235")}

    found = measured(elsewhere, another, first=first, detail=detail)

    assert found.outsiders is not None
    assert (20,) == found.outsiders.pids


def test_shared_memory_whose_file_is_not_known() -> None:
    """
    If what shared memory it maps cannot be read, that is said, and the upper
    bound is all in full.
    """
    first = sharer(10, anonymous=0, shared=8 * MIB)
    first["maps"] = AccessDeniedError(10, "maps", NEEDS)

    found = measured(sharer(20, shared=8 * MIB, layout=(5, 6, 7)), first=first)

    assert ("what shared memory process 10 maps",) == found.missing
    assert (4 * MIB, 8 * MIB) == (found.lower, found.upper)


def test_a_fork_that_nobody_may_read() -> None:
    """
    A user without rights is told that a fork of its own shares its memory
    and may not be read, and that a tree with it cannot be judged.
    """

    def look() -> str:
        with forked() as child:
            with budget(tree=False) as found:
                pass
            try:
                with budget("1 TiB"):
                    pass
            except procmem.AccessDeniedError as exc:
                named = f"without process {child};" in " ".join(exc.__notes__)
                return f"{found.exact} {named} {found.missing}"
            return "judged"

    block = touched(32 * MIB)
    answer = as_nobody(look)

    assert answer.startswith("False True "), answer
    assert "may not be read share memory too" in answer
    block.close()
