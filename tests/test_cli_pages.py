"""
``procmem pages`` draws a process, in whatever way it can be looked at.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from procmem.cli import main, output
from procmem.cli.pages import run
from tests.pagemap_machine import pages_machine, terminal

_PAGE = 4096


class TestText:
    def test_letters(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Where colours cannot be shown, there are letters.
        """
        assert 0 == run(["1", "--width", "80"], pages_machine())
        text = capsys.readouterr().out

        assert text.startswith(
            "worker (pid 1) has 12.0 KiB in memory: 4.0 KiB private, 8.0 KiB shared; "
        )
        assert " [heap] " in text
        assert " AB.S\n" in text
        assert text.endswith(" d.\n")

    def test_colours(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        A terminal gets colours.
        """
        terminal(monkeypatch, TERM="xterm-256color")

        assert 0 == run(["1"], pages_machine())
        assert "\x1b[0;38;5;25m" in capsys.readouterr().out

    def test_hostile_name(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        What a file or process is called is shown, never obeyed.
        """
        terminal(monkeypatch)

        assert 0 == run(["1", "--width", "200"], pages_machine(name=b"\x1b]0;x\x07"))
        text = capsys.readouterr().out
        assert text.startswith(r"\x1b]0;x\x07 (pid 1) has ")
        assert r"/lib/<b>\x1b[31m.so" in text
        assert "\x1b" not in text

    def test_without_frames(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Where frames are hidden, it shows what is known, and says so.
        """
        assert 0 == run(["1"], pages_machine(frames=False))
        text = capsys.readouterr().out

        assert "4.0 KiB of it mapped once; how many share" in text
        assert "CAP_SYS_ADMIN" in text
        assert " AP.S\n" in text

    @pytest.mark.parametrize(
        ("pid", "expected"),
        [
            (
                "2",
                "kworker/0:1 (pid 2) has no memory of its own: it is a kernel thread.",
            ),
            ("4", "done (pid 4) has no memory of its own: it is a zombie."),
        ],
    )
    def test_without_memory(
        self, pid: str, expected: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        What has no memory has no picture.
        """
        assert 0 == run([pid], pages_machine())
        assert f"{expected}\n" == capsys.readouterr().out

    def test_living(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        It draws living processes.
        """
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
            code = run([str(child.pid), "--width", "100"])
        text = capsys.readouterr().out

        assert 0 == code
        assert f"(pid {child.pid}) has " in text
        assert max(map(len, text.splitlines())) <= 100
        assert " [stack] " in text


class TestFiles:
    def test_both(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Images are written to files, and the totals are printed.
        """
        svg, png = tmp_path / "a.svg", tmp_path / "a.png"

        assert 0 == run(["1", "--svg", str(svg), "--png", str(png)], pages_machine())
        assert "worker (pid 1) has 12.0 KiB in memory" in capsys.readouterr().out
        assert r"/lib/<b>\x1b[31m.so" in "".join(ET.parse(svg).getroot().itertext())
        assert png.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")

    @pytest.mark.parametrize("option", ["--svg", "--png"])
    def test_not_writable(
        self, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        A file that cannot be written is an error of one line.
        """
        file = tmp_path / "none" / "x"

        with pytest.raises(output.WriteError) as caught:
            run(["1", option, str(file)], pages_machine())
        assert f"can't write {file}: No such file or directory" == str(caught.value)
        assert "" == capsys.readouterr().out


class TestJson:
    def test_document(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Programs get sizes in bytes, and a letter for each cell.
        """
        assert 0 == run(["1", "--json"], pages_machine())
        found = json.loads(capsys.readouterr().out)
        heap, library = found["bands"]

        assert (1, "worker", _PAGE, 1) == (
            found["pid"],
            found["name"],
            found["page_size"],
            found["pages_per_cell"],
        )
        assert 3 * _PAGE == found["rss"] == found["present"]
        assert ("[heap]", "AB.S") == (heap["name"], heap["cells"])
        assert (0x14000, 0x16000, "d.") == (
            library["start"],
            library["end"],
            library["cells"],
        )
        assert {"file_by_many": _PAGE, "absent": _PAGE} == library["kinds"]
        assert set("".join(band["cells"] for band in found["bands"])) <= set(
            found["letters"]
        )
        assert "pages" == found["evidence"]["method"]

    def test_without_frames(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        What is not known is null.
        """
        assert 0 == run(["1", "--json"], pages_machine(frames=False))
        found = json.loads(capsys.readouterr().out)

        assert found["rss"] is None
        assert 3 * _PAGE == found["present"]
        assert found["evidence"]["missing"]

    def test_without_memory(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        What has no memory has no bands.
        """
        assert 0 == run(["2", "--json"], pages_machine())
        found = json.loads(capsys.readouterr().out)

        assert ([], 0) == (found["bands"], found["rss"])


class TestCommand:
    def test_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        It is a command of ``procmem``.
        """
        assert 0 == main(["pages", "1"], source=pages_machine())
        assert capsys.readouterr().out.startswith("worker (pid 1) has ")

    def test_not_writable(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """
        A file that cannot be written makes it fail.
        """
        file = tmp_path / "none" / "x"

        assert 1 == main(["pages", "1", "--svg", str(file)], source=pages_machine())
        assert "procmem: can't write " in capsys.readouterr().err
