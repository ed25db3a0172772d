from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


def load() -> ModuleType:
    """
    The script as a module; its folder is no package.
    """
    path = ROOT / "tools" / "check_layers.py"
    spec = importlib.util.spec_from_file_location("check_layers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


check_layers = load()


def problems(tmp_path: Path, files: dict[str, str]) -> list[str]:
    """
    What is wrong with a package of *files*, as ``file:line: message``.
    """
    root = tmp_path / "procmem"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return [
        str(problem).removeprefix(f"{root}/") for problem in check_layers.check(root)
    ]


def test_this_package() -> None:
    """
    Our own imports point down.
    """
    root = ROOT / "src" / "procmem"

    assert [] == list(map(str, check_layers.check(root)))
    assert any(root.glob("*.py"))


def test_script(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    As a script it prints what is wrong and exits with 1.
    """
    root = tmp_path / "src" / "procmem"
    root.mkdir(parents=True)
    monkeypatch.setattr(check_layers, "__file__", f"{tmp_path}/tools/check.py")

    assert 0 == check_layers.main()

    (root / "news.py").touch()

    assert 1 == check_layers.main()
    assert (
        f"{root}/news.py:1: news is in no layer of check.py\n"
        == capsys.readouterr().out
    )


class TestImports:
    @pytest.mark.parametrize(
        "line",
        [
            "import procmem.model",
            "import procmem.model as m",
            "from procmem import model",
            "from procmem.model import Usage",
            "from . import model",
            "from .model import Usage",
            "def f():\n    from procmem.model import Usage",
            "try:\n    from procmem import model\nfinally:\n    pass",
        ],
    )
    def test_up(self, tmp_path: Path, line: str) -> None:
        """
        Nothing imports what is above it, not even in a function.
        """
        at = line.splitlines().index(
            next(row for row in line.splitlines() if "import" in row)
        )

        assert [
            f"errors.py:{at + 1}: errors is below model and can't import it"
        ] == problems(
            tmp_path,
            {
                "errors.py": line,
            },
        )

    def test_up_from_folder(self, tmp_path: Path) -> None:
        """
        Dots are counted from the folder that the module is in.
        """
        expected = ["formats/maps.py:1: formats is below sources and can't import it"]

        assert expected == problems(
            tmp_path,
            {
                "formats/maps.py": "from ..sources import ProcFS",
            },
        )

    @pytest.mark.parametrize(
        "line",
        ["import procmem", "from procmem import pss", "from . import a"],
    )
    def test_package(self, tmp_path: Path, line: str) -> None:
        """
        The package itself is above all layers, but not above a leaf.
        """
        assert ["walk.py:1: walk is below procmem and can't import it"] == problems(
            tmp_path,
            {
                "walk.py": line,
                "cli.py": line,
                "__main__.py": line,
            },
        )

    def test_down(self, tmp_path: Path) -> None:
        """
        Everything may import what is below it.
        """
        assert [] == problems(
            tmp_path,
            {
                "__init__.py": "from procmem.shortcuts import pss",
                "__main__.py": "from procmem.cli import main",
                "cli.py": "from procmem.shortcuts import pss",
                "model.py": "import attrs, procmem.errors",
            },
        )

    def test_siblings(self, tmp_path: Path) -> None:
        """
        Modules in the same folder may import each other.
        """
        assert [] == problems(
            tmp_path,
            {
                "cli/table.py": "from procmem.cli import words",
                "formats/__init__.py": "from procmem.formats import maps",
                "formats/smaps.py": "from .maps import parse_maps",
            },
        )

    def test_types(self, tmp_path: Path) -> None:
        """
        For types alone, any direction will do; what else is there will not.
        """
        text = (
            "if TYPE_CHECKING:\n"
            "    from procmem.cli import main\n"
            "else:\n"
            "    from procmem.model import Usage\n"
            "if typing.TYPE_CHECKING:\n"
            "    from procmem.model import Usage\n"
        )

        assert ["errors.py:4: errors is below model and can't import it"] == problems(
            tmp_path,
            {
                "errors.py": text,
            },
        )

    @pytest.mark.parametrize("module", ["__init__", "shortcuts", "render"])
    def test_leaf(self, tmp_path: Path, module: str) -> None:
        """
        A leaf is imported inside functions only, by other leaves too.
        """
        text = (
            "from procmem.cli import main\n"
            "class C:\n"
            "    import procmem.cli\n"
            "    async def method(self):\n"
            "        from procmem.cli import main\n"
            "def f():\n"
            "    def g():\n"
            "        pass\n"
            "    import procmem.cli\n"
        )

        assert [
            f"{module}.py:1: cli is a leaf: import it in a function",
            f"{module}.py:3: cli is a leaf: import it in a function",
        ] == problems(
            tmp_path,
            {
                f"{module}.py": text,
            },
        )

    def test_unknown(self, tmp_path: Path) -> None:
        """
        Every module has its place in the table.
        """
        assert [
            "news.py:1: news is in no layer of check_layers.py",
            "old/maps.py:1: old is in no layer of check_layers.py",
        ] == problems(
            tmp_path,
            {
                "news.py": "",
                "old/maps.py": "",
                "errors.py": "",
            },
        )


class TestSystem:
    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ("open('x')", "open"),
            ("import io\nio.open('x')", "io.open"),
            ("import os\nos.open('x', 0)", "os.open"),
            ("import os as o\no.pread(0, 1, 2)", "os.pread"),
            ("from os import read\nread(0, 1)", "os.read"),
            ("from os import stat as s\ndef f(x=s):\n    pass", "os.stat"),
            ("Path('x').read_bytes()", ".read_bytes()"),
            ("self.path.iterdir()", ".iterdir()"),
            ("import fcntl", "import fcntl"),
            ("from ctypes import CDLL", "import ctypes"),
        ],
    )
    def test_call(self, tmp_path: Path, text: str, what: str) -> None:
        """
        Only sources touch the system; leaves may, for their own files.
        """
        (found,) = problems(
            tmp_path,
            {
                "model.py": text,
                "sources/live.py": text,
                "export/csv.py": text,
            },
        )

        assert found.startswith("model.py:")
        assert found.endswith(f": {what}: only sources touches the system")

    @pytest.mark.parametrize("name", ["model", "cli", "__init__"])
    def test_fact(self, tmp_path: Path, name: str) -> None:
        """
        Nobody but sources asks this machine for its page size.
        """
        text = "import os\nSIZE = os.sysconf('SC_PAGE_SIZE')"

        assert [
            f"{name}.py:2: os.sysconf: a fact of this machine, ask the source"
        ] == problems(
            tmp_path,
            {
                "sources/live.py": text,
                f"{name}.py": text,
            },
        )

    def test_harmless(self, tmp_path: Path) -> None:
        """
        Other things of the same name are nobody's business.
        """
        text = (
            "import os\n"
            "os.getpid()\n"
            "os.path.join('a', 'b')\n"
            "source.open(1)\n"
            "source.read(1, 'maps')\n"
        )

        assert [] == problems(
            tmp_path,
            {
                "walk.py": text,
            },
        )


class TestNames:
    def test_function(self, tmp_path: Path) -> None:
        """
        A module with the name of a public function would replace it.
        """
        assert [
            "groups/__init__.py:1: module has the name of the public groups()",
            "walk.py:1: module has the name of the public walk()",
        ] == problems(
            tmp_path,
            {
                "__init__.py": "__all__ = ['groups', 'walk']",
                "groups/__init__.py": "",
                "shortcuts.py": "def walk(): ...\nasync def groups(): ...",
                "walk.py": "",
            },
        )

    def test_module(self, tmp_path: Path) -> None:
        """
        A module may be public itself, and a folder may have its own names.
        """
        assert [] == problems(
            tmp_path,
            {
                "__init__.py": "__all__: list[str] = ['accounting', 'status']",
                "accounting.py": "",
                "formats/__init__.py": "",
                "formats/status.py": "def parse_status(): ...",
                "shortcuts.py": "def status(): ...",
            },
        )
