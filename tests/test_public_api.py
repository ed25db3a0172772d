from __future__ import annotations

import ast
import importlib.metadata
import inspect
import re
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

import procmem

CONTRACT = {
    *("rss", "pss", "uss", "shared", "swap", "footprint", "peak_rss", "usage"),
    *("mappings", "status", "snapshot", "pinned", "accounting", "Mapping", "Usage"),
    *("parse_maps", "parse_smaps", "parse_smaps_rollup", "parse_status"),
    *("parse_statm", "parse_stat", "Snapshot", "ProcFS", "Evidence", "ParseError"),
    *("ProcmemError", "ProcessGoneError", "AccessDeniedError", "UnsupportedError"),
}


def run(code: str) -> str:
    """
    What *code* prints in a fresh interpreter.
    """
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def public_objects() -> Iterator[tuple[str, object]]:
    """
    Every public function and class, and their public methods.
    """
    for module in (procmem, procmem.accounting):
        for name in module.__all__:
            value = getattr(module, name)
            yield f"{module.__name__}.{name}", value
            if isinstance(value, type):
                for attribute, found in vars(value).items():
                    if not attribute.startswith("_"):
                        yield f"{module.__name__}.{name}.{attribute}", found


def functions() -> Iterator[tuple[str, object]]:
    """
    Those of them that have annotations.
    """
    for name, value in public_objects():
        if isinstance(value, property):
            yield name, value.fget
        elif isinstance(value, (classmethod, staticmethod)):
            yield name, value.__func__
        elif inspect.isfunction(value) or isinstance(value, type):
            yield name, value


PUBLIC = dict(public_objects())
ANNOTATED = dict(functions())


class TestNames:
    @pytest.mark.parametrize("name", procmem.__all__)
    def test_exist(self, name: str) -> None:
        """
        Every public name is there, for a star import too.
        """
        namespace: dict[str, object] = {}
        exec("from procmem import *", namespace)

        assert getattr(procmem, name) is namespace[name]

    def test_contract(self) -> None:
        """
        The names that others rely on are public.
        """
        assert set() == CONTRACT - set(procmem.__all__)

    def test_sorted(self) -> None:
        """
        Names are listed once, in order.
        """
        for module in (procmem, procmem.accounting):
            assert sorted(set(module.__all__)) == list(module.__all__)

    def test_dir(self) -> None:
        """
        Completion offers the public names and the version, loaded or not.
        """
        assert {*procmem.__all__, "__version__"} <= set(dir(procmem))
        assert (
            "True" == run("import procmem; print('snapshot' in dir(procmem))").strip()
        )

    def test_version(self) -> None:
        """
        The version is that of the installed distribution.
        """
        assert importlib.metadata.version("pyprocmem") == procmem.__version__

    @pytest.mark.parametrize("name", ["nothing", "pages_", "__wrapped__", "Pss"])
    def test_unknown(self, name: str) -> None:
        """
        A name that is not there is an AttributeError that says so.
        """
        assert not hasattr(procmem, name)
        with pytest.raises(
            AttributeError, match=f"'procmem' has no attribute '{name}'"
        ):
            getattr(procmem, name)

    def test_no_submodule_hides_a_function(self) -> None:
        """
        Whatever is imported, a public name stays what it is.
        """
        submodules = {
            path.stem for path in Path(procmem.__file__).parent.iterdir() if path.stem
        }

        assert {"accounting", "testing"} == submodules & set(procmem.__all__)

    def test_lazy_table(self) -> None:
        """
        What is loaded late is what type checkers are told, from the same
        modules.
        """
        tree = ast.parse(Path(procmem.__file__).read_text())
        block = next(
            node
            for node in tree.body
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        )
        told = {
            (node.module, alias.name)
            for node in block.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        } - {("procmem", "accounting"), ("procmem", "testing")}

        assert told == {
            (f"procmem.{module}", name)
            for module, names in procmem._LATER.items()
            for name in names
        }

    def test_lazy_names_are_kept(self) -> None:
        """
        A name that was loaded late is found without asking again.
        """
        code = (
            "import procmem; late = 'Mapping' in vars(procmem); procmem.Mapping;"
            "print(late, 'Mapping' in vars(procmem))"
        )

        assert "False True" == run(code).strip()


class TestDocumentation:
    @pytest.mark.parametrize("name", PUBLIC)
    def test_docstrings(self, name: str) -> None:
        """
        Everything public says what it is.
        """
        value = PUBLIC[name]
        if callable(value) or isinstance(value, (property, classmethod)):
            assert (inspect.getdoc(value) or "").strip()

    @pytest.mark.parametrize("name", ANNOTATED)
    def test_type_hints(self, name: str) -> None:
        """
        The annotations can be looked up at run time.
        """
        typing.get_type_hints(ANNOTATED[name])

    @pytest.mark.parametrize(
        "operator", ["__add__", "__sub__", "__radd__", "__getitem__", "__iter__"]
    )
    def test_type_hints_of_operators(self, operator: str) -> None:
        """
        So can those of operators.
        """
        for cls in (procmem.Usage, procmem.Mappings):
            if operator in vars(cls):
                typing.get_type_hints(vars(cls)[operator])


class TestTyping:
    @pytest.mark.parametrize("name", procmem.__all__)
    def test_is_checked(self, name: str) -> None:
        """
        The typing tests say what type checkers make of every public name.
        """
        text = Path(__file__).parents[1] / "typing_tests" / "public_names.py"

        assert re.search(rf"\bprocmem\.{name}\b", text.read_text())


class TestImport:
    def test_loads_little(self) -> None:
        """
        Importing procmem loads nothing that is slow and not needed.
        """
        code = (
            "import sys, attrs, typing_extensions; before = set(sys.modules);"
            "import procmem; print(*(set(sys.modules) - before))"
        )
        loaded = {name.partition(".")[0] for name in run(code).split()}
        heavy = {
            *("ctypes", "fcntl", "json", "fractions", "argparse", "decimal"),
            *("asyncio", "logging", "socket", "subprocess", "unittest", "html"),
        }

        assert {"procmem"} == loaded - set(sys.stdlib_module_names)
        assert set() == loaded & heavy

    def test_first_answer_loads_no_more(self) -> None:
        """
        The first answer is as fast as a later one.
        """
        code = (
            "import sys, procmem; before = set(sys.modules); procmem.pss();"
            "print(*(set(sys.modules) - before))"
        )

        assert set() == set(run(code).split())
