"""
What the pages promise is so, as far as Sphinx and the examples in them do not
show it already.
"""

from __future__ import annotations

import doctest
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

import procmem

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted(
    path
    for path in [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/*"),
    ]
    if "_build" not in path.parts and path.is_file()
)


def relative(path: Path) -> str:
    """
    How a page is called in the output of the tests.
    """
    return str(path.relative_to(ROOT))


class TestReference:
    def test_every_public_name_once(self) -> None:
        """
        Each public name is described in the reference, and at one place.
        """
        text = "\n".join(page.read_text("utf-8") for page in REFERENCE.glob("*.md"))
        described = re.findall(
            r"^\.\. auto(?:function|class|exception|module):: ([\w.]+)$",
            text,
            re.MULTILINE,
        )
        # What only occurs in signatures is described by its full name, which
        # no public name is.
        names = [name.rpartition(".")[2] for name in described if name.count(".") < 3]

        assert sorted(procmem.__all__) == sorted(names)

    @pytest.mark.parametrize("cls", [procmem.Usage, procmem.Status])
    def test_every_counter(self, cls: type[attrs.AttrsInstance]) -> None:
        """
        The table of kernels says since when each counter is printed.
        """
        page = (REFERENCE / "kernels.md").read_text("utf-8")
        cells = re.findall(r"`(\w+)`", page)
        known = {cell.lower().replace("_", "") for cell in cells}
        counters = {field.alias.replace("_", "") for field in attrs.fields(cls)}
        # What no kernel prints, and what every kernel does.
        others = {"evidence", "other", "shared", "uss"}
        identity = {"gid", "name", "pid", "ppid", "state", "tgid", "threads", "uid"}

        assert set() == counters - known - others - identity


class TestReadme:
    README = (ROOT / "README.md").read_text("utf-8")

    def test_two_commands(self) -> None:
        """
        One command asks about a live process, one runs the tests, and both
        set up all that they need.
        """
        commands = re.findall(r"^\$ (.+)$", self.README, re.MULTILINE)

        assert [
            "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/procmem $$",
            "python3 -m venv .venv && .venv/bin/pip install nox && .venv/bin/nox",
        ] == commands

    def test_ci_finds_the_test_command(self) -> None:
        """
        The program that CI takes the command out with finds the second.
        """
        path = ROOT / ".ci" / "run"
        if not path.exists():
            pytest.skip("a source distribution has no CI")
        script = path.read_text("utf-8")
        program = re.search(r"awk '(.+?)' README\.md", script, re.DOTALL)
        assert program is not None
        found = subprocess.run(
            ["awk", program[1], "README.md"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )

        assert self.README.count("<!-- test command -->") == 1
        assert found.stdout.endswith(".venv/bin/nox\n")

    def test_links(self) -> None:
        """
        What the README links to is there.
        """
        links = re.findall(r"\]\(([^)#:]+)\)", self.README)

        assert links
        assert [] == [link for link in links if not (ROOT / link).exists()]


class TestCommandLine:
    PAGE = (REFERENCE / "command-line.md").read_text("utf-8")

    def run(self, *arguments: str) -> str:
        """
        What the command prints.
        """
        done = subprocess.run(
            [sys.executable, "-m", "procmem", *arguments],
            env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def test_help(self) -> None:
        """
        The page ends with the help, as the command prints it.
        """
        shown = self.PAGE.partition("$ procmem --help\n")[2]

        assert self.run("--help") == shown.removesuffix("```\n")

    def test_figures(self) -> None:
        """
        The page and the README show the lines that a process gets, in their
        order and with their words.
        """
        words = re.compile(
            r"^  (\w+) +(?:[0-9.]+ [KMG]?i?B|\?)  ([a-z].*)$", re.MULTILINE
        )
        lines = words.findall(self.run(str(os.getpid())))

        assert lines
        assert lines == words.findall(self.PAGE)
        assert lines == words.findall(TestReadme.README)

    def test_columns(self) -> None:
        """
        The page shows the heading of the list.
        """
        heading = self.run().partition("\n")[0]

        assert " ".join(heading.split()) in " ".join(self.PAGE.split())


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_never_installs_the_other_project(page: Path) -> None:
    """
    No page has anybody install the other project that has our import's name.
    """
    text = page.read_text("utf-8")

    assert None is re.search(r"pip3? install [^\n]*(?<![\w./-])procmem\b", text)


def test_architecture_names_every_layer() -> None:
    """
    The page about the architecture has a row for each layer that exists, in
    their order.
    """
    path = ROOT / "tools" / "check_layers.py"
    spec = importlib.util.spec_from_file_location("check_layers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    package = ROOT / "src" / "procmem"
    existing = {path.stem for path in package.iterdir()}

    assert rows == [layer for layer in module.LAYERS if layer in rows]
    assert set() == existing & set(module.LAYERS) - set(rows)


class SameWords(doctest.OutputChecker):
    """
    Outputs are alike if they are apart from numbers.
    """

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        """
        Compare with all numbers replaced.
        """
        want, got = (re.sub(r"[0-9]+", "N", text) for text in (want, got))
        return super().check_output(want, got, optionflags)


def sessions() -> list[tuple[str, str]]:
    """
    Each page with recorded sessions, and what they hold.
    """
    found = []
    for page in PAGES:
        blocks = re.findall(
            r"^```pycon\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
        if blocks:
            found.append((relative(page), "\n".join(blocks)))
    return found


@pytest.mark.parametrize(("page", "session"), sessions(), ids=lambda text: text[:30])
def test_recorded_sessions(
    page: str, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Sessions that are shown with the numbers they once had still print the
    same words.

    They run with this process in the place of those that they looked at.
    """
    here = os.getpid()
    monkeypatch.setattr(subprocess, "check_output", lambda _: b"%d\n" % here)
    text = session.replace("/host/proc", "/proc").replace("28374", str(here))
    test = doctest.DocTestParser().get_doctest(text, {}, page, page, 0)
    report: list[str] = []
    runner = doctest.DocTestRunner(checker=SameWords(), verbose=False)
    failed = runner.run(test, out=report.append).failed

    assert ([], 0) == (report, failed)
