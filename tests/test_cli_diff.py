"""
``procmem save`` writes a reading to a file, ``procmem diff`` compares two.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import procmem
from procmem import cli
from procmem.cli import output
from procmem.saving import load
from tests.cli_machine import (
    MIB,
    counters,
    denied,
    kernel_thread,
    machine,
    old_process,
    process,
)

_EXPECTED = """\
The footprint of worker (pid 7) grew by 4.0 MiB, from 16.0 MiB to 20.0 MiB.

                        before     after    change  kind
  [heap]              16.0 MiB  20.0 MiB  +4.0 MiB  heap
  \\xff\\x1b[31m<b>.so       0 B       0 B       0 B  file
  total               16.0 MiB  20.0 MiB  +4.0 MiB

Mappings: 1 grown, 1 same.
Footprint: share of memory without a file, and of swap.
"""

_LIBRARY = r"/lib/\xff\x1b[31m<b>.so"


def saved(
    tmp_path: Path, files: dict[str, bytes], pid: int = 7, name: str = "a.json"
) -> str:
    """
    The file that ``procmem save`` writes of a process.
    """
    path = str(tmp_path / name)
    assert 0 == cli.main(["save", str(pid), path], source=machine({pid: files}))
    return path


def shown(
    capsys: pytest.CaptureFixture[str],
    *arguments: str,
    source: procmem.Source | None = None,
) -> str:
    """
    What ``procmem diff`` prints.
    """
    assert 0 == cli.main(["diff", *arguments], source=source or machine({}))
    out, err = capsys.readouterr()
    assert "" == err
    return out


def complaint(
    capsys: pytest.CaptureFixture[str],
    *arguments: str,
    code: int = 1,
    source: procmem.Source | None = None,
) -> str:
    """
    What the command says when it fails.
    """
    assert code == cli.main(arguments, source=source or machine({}))
    out, err = capsys.readouterr()
    assert "" == out
    return err


class TestText:
    def test_all(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """
        A sentence, what changed, and what to know about it.
        """
        before = saved(tmp_path, process())
        after = machine({7: process(anonymous=20 * MIB)})

        assert _EXPECTED == shown(capsys, before, "7", source=after)

    def test_everything(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        On request every row is there, and sizes are exact.
        """
        before = saved(tmp_path, process())
        after = machine({7: process(anonymous=20 * MIB)})
        text = shown(capsys, before, "7", "--all", "--bytes", source=after)
        rows = [line.split() for line in text.splitlines()[3:6]]

        assert [
            ["[heap]", "16777216", "20971520", "+4194304", "heap"],
            [r"\xff\x1b[31m<b>.so", "0", "0", "0", "file"],
            ["total", "16777216", "20971520", "+4194304"],
        ] == rows
        assert "grew by 4194304 bytes, from 16777216 bytes to" in text

    def test_metric(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """
        By another metric other rows are the largest.
        """
        before = saved(tmp_path, process())
        after = machine({7: process(file=4 * MIB)})
        text = shown(capsys, before, "7", "--metric", "rss", source=after)

        assert text.startswith("The RSS of worker (pid 7) shrank by 4.0 MiB, from ")
        assert "-4.0 MiB  file\n" in text
        assert text.endswith("RSS: in memory, shared pages in full.\n")

    def test_swapped(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """
        The other way round, what grew has shrunk.
        """
        one = saved(tmp_path, process())
        other = saved(tmp_path, process(anonymous=20 * MIB), name="b.json")
        text = shown(capsys, other, one)

        assert "shrank by 4.0 MiB, from 20.0 MiB to 16.0 MiB." in text
        assert "20.0 MiB  16.0 MiB  -4.0 MiB  heap\n" in text

    def test_same(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Of a reading and itself there is only the total, and no change.
        """
        one = saved(tmp_path, process())

        assert (
            "The footprint of worker (pid 7) did not change: 16.0 MiB.\n"
            "\n"
            "           before     after  change  kind\n"
            "  total  16.0 MiB  16.0 MiB     0 B\n"
            "\n"
            "Mappings: 2 same.\n"
            "Footprint: share of memory without a file, and of swap.\n"
        ) == shown(capsys, one, one)

    def test_two_processes(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Two processes are compared, the first being what is left.
        """
        source = machine({7: process(name=b"a"), 8: process(name=b"b", anonymous=MIB)})

        assert (
            "The footprint of b (pid 8) is 15.0 MiB less than that of a (pid 7): "
            "1.0 MiB against 16.0 MiB."
        ) == shown(capsys, "7", "8", source=source).splitlines()[0]
        assert "b (pid 8) is that of b (pid 8)" not in shown(
            capsys, "8", "8", source=source
        )

    def test_old_kernel(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Where the footprint is not known, something that is known is shown;
        asked for by name, its lack is an error.
        """
        source = machine({7: old_process(exact=True), 8: old_process(exact=True)})

        assert shown(capsys, "7", "8", source=source).startswith("The PSS of worker")
        arguments = ("diff", "7", "8", "--metric", "footprint")
        assert "footprint is not available here" in complaint(
            capsys, *arguments, source=source
        )

    def test_no_memory(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        What has no memory can be compared, too.
        """
        text = shown(capsys, "7", "7", source=machine({7: kernel_thread()}))

        assert text.startswith(
            "The footprint of kworker/0:1 (pid 7) did not change: 0 B."
        )

    def test_narrow(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        On a terminal nothing is wider than it is; long names are cut, and how
        many mappings it is stays.
        """
        header = b"%x000-%x000 rw-p 00000000 00:00 0   [anon:%s]\nSize: 4 kB\n"
        blocks = [
            header % (n, n + 1, b"long" * 20)
            + counters(anonymous=4096, file=0, split=False)
            for n in (16, 18)
        ]
        files = {**process(), "smaps": b"".join(blocks)}
        source = machine({7: process(), 8: files})
        monkeypatch.setattr(output, "width", lambda: 70)
        lines = shown(capsys, "7", "8", source=source).splitlines()

        assert max(map(len, lines)) <= 70
        assert [
            "  [anon:longlon... (2)       new   8.0 KiB   +8.0 KiB  named anonymous"
        ] == [line for line in lines if "anon:" in line]
        assert any(line.startswith("  (mappings)  ") for line in lines)


class TestJSON:
    def test_document(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Everything is in the document, exact, and harmless to print.
        """
        before = saved(tmp_path, process())
        after = machine({7: process(anonymous=20 * MIB)})
        text = shown(capsys, before, "7", "--json", source=after)
        found: dict[str, Any] = json.loads(text)

        assert text.isascii()
        assert (1, "footprint", True, []) == tuple(
            found[key] for key in ("schema", "metric", "complete", "missing")
        )
        assert 4 * MIB == found["change"]["footprint"] == found["change"]["rss"]
        assert [
            ("[heap]", "grown", "heap", 4 * MIB, 4 * MIB),
            (_LIBRARY.rpartition("/")[2], "same", "file", 0, 0),
        ] == [
            (
                row["label"],
                row["change"],
                row["kind"],
                row["after"]["rss"] - row["before"]["rss"],
                row["after"]["footprint"] - row["before"]["footprint"],
            )
            for row in found["rows"]
        ]
        assert _LIBRARY == found["rows"][1]["name"]
        assert [(7, "worker", "stayed")] == [
            (one["pid"], one["name"], one["change"]) for one in found["members"]
        ]


class TestErrors:
    def test_no_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """
        A file that is not there is named with the reason.
        """
        name = str(tmp_path / "none.json")

        assert f"procmem: {name}: No such file or directory\n" == complaint(
            capsys, "diff", name, name
        )

    def test_no_process(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        So is a process that is not there or can't be read.
        """
        source = machine({3: denied(3)})

        assert "procmem: no process 9 (any more)\n" == complaint(
            capsys, "diff", "9", "3", source=source
        )
        assert "not permitted to read smaps_rollup of process 3" in complaint(
            capsys, "diff", "3", "9", source=source
        )
        assert "procmem: no process 9 (any more)\n" == complaint(
            capsys, "save", "9", "/dev/null", source=source
        )

    def test_other_file(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        A file that is none of ours, cut short, or newer is refused in a line.
        """
        path = Path(saved(tmp_path, process()))
        data = path.read_bytes()
        for content, reason in (
            (b"\x1b[31m", r"not JSON, or not all of it"),
            (data[:-20], "not JSON, or not all of it"),
            (data.replace(b'"version": 1', b'"version": 99'), "by a newer procmem"),
        ):
            path.write_bytes(content)
            error = complaint(capsys, "diff", str(path), str(path))

            assert reason in error
            assert error.startswith(f"procmem: {path}:")
            assert 1 == error.count("\n")
            assert "\x1b" not in error

    def test_not_writable(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        Where the file can't be written, the command says so.
        """
        source = machine({7: process()})
        name = str(tmp_path / "none" / "x")

        assert f"procmem: can't write {name}: No such file or directory\n" == complaint(
            capsys, "save", "7", name, source=source
        )

    @pytest.mark.parametrize(
        "arguments",
        [
            ("diff",),
            ("diff", "7"),
            ("diff", "7", "7", "7"),
            ("diff", "7", "7", "--metric", "vss"),
            ("save", "7"),
            ("save", "x", "y"),
            ("save", "0", "y"),
        ],
        ids=" ".join,
    )
    def test_no_sense(
        self, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        Arguments that make no sense are told from failures.
        """
        assert 2 == cli.main(arguments, source=machine({7: process()}))
        assert "usage: procmem " in capsys.readouterr().err

    def test_unlike(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """
        A process and a group can't be compared.
        """
        one = saved(tmp_path, process())
        group = str(tmp_path / "group.json")
        procmem.Group().save(group)

        assert "one is a process and one a group" in complaint(
            capsys, "diff", one, group, code=2
        )


def test_tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """
    A whole tree can be saved and compared with what it is now; beside its
    file a pid means the tree.
    """
    from tests.children import script

    path = str(tmp_path / "tree.json")
    with script("print(flush=True); import time; time.sleep(600)") as pid:
        assert 0 == cli.main(["save", str(pid), path, "--tree"])
        text = shown(capsys, path, str(pid), source=procmem.ProcFS())

        assert isinstance(load(path), procmem.Group)
        assert "Mappings: " in text
        assert f"(pid {pid}) " in text.replace("\n", " ")
