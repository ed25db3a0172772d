"""
Checks that imports point down, and that only sources touch the system.

Prints one ``path:line: message`` for each place that doesn't, and exits with
1 if there is one.  Reads the code without importing it, and needs nothing but
the standard library.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# Each may import those before it.  A name is a module or a folder; what is in
# a folder may import its neighbours.
LAYERS = (
    "errors",
    "sizes",
    "flags",
    "evidence",
    "model",
    "pagetable",
    "formats",
    "accounting",
    "differences",
    "sources",
    "reading",
    "snapshots",
    "walk",
    "groups",
    "joins",
    "shortcuts",
)

# Faces and optional parts, which nobody should pay for who doesn't use them:
# they may import all layers and the package itself, but are imported only
# inside functions, by each other too.
LEAVES = frozenset(
    {
        "capture",
        "cli",
        "explain",
        "export",
        "pytest_plugin",
        "render",
        "saving",
        "testing",
    }
)

# The public names: above the layers, and no leaf.
TOP = "__init__"

# Runs as a program and is imported by nobody, so it may import everything.
MAIN = "__main__"

# The one layer that may do all of what follows.
SYSTEM = "sources"

# Facts about the running machine, which need not be the one that the bytes
# come from.  Not even a leaf may ask for them.
FACTS = frozenset({"mmap.PAGESIZE", "os.sysconf", "resource.getpagesize"})

# Input, output and signals.  Leaves are free to write their files.
CALLS = frozenset(
    {
        "io.FileIO",
        "io.open",
        "open",
        "os.fdopen",
        "os.fstat",
        "os.kill",
        "os.listdir",
        "os.lstat",
        "os.open",
        "os.pidfd_open",
        "os.pread",
        "os.preadv",
        "os.read",
        "os.readlink",
        "os.readv",
        "os.scandir",
        "os.stat",
        "os.walk",
        "os.write",
    }
)

# The same as methods of a path, whatever the path is called.
METHODS = frozenset({"iterdir", "read_bytes", "read_text", "write_bytes", "write_text"})

# Modules that are there to touch the system.
MODULES = frozenset({"ctypes", "fcntl", "mmap", "resource", "socket", "subprocess"})


class Problem(NamedTuple):
    """
    One place that breaks a rule.
    """

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class Module(NamedTuple):
    """
    One file of the package.

    Attributes:
        path: The file.

        package: Name of the whole package, ``procmem``.

        parents: The folders below it, so ``("formats",)``.

        stem: Name of the file without ``.py``.

        tree: What is in it.
    """

    path: Path
    package: str
    parents: tuple[str, ...]
    stem: str
    tree: ast.Module

    @property
    def name(self) -> tuple[str, ...]:
        """
        As it is imported, without the package: a folder is its `__init__`.
        """
        if self.stem == "__init__":
            return self.parents
        return (*self.parents, self.stem)

    @property
    def layer(self) -> str:
        """
        Where it stands: a name from the tables above, if it is in one.
        """
        return (*self.parents, self.stem)[0]


def check(root: Path) -> list[Problem]:
    """
    All places in the package below *root* that break a rule, in order.
    """
    modules = [
        Module(
            path,
            root.name,
            path.relative_to(root).parts[:-1],
            path.stem,
            ast.parse(path.read_bytes(), str(path)),
        )
        for path in sorted(root.rglob("*.py"))
    ]
    problems = list(_shadowed_functions(modules))
    for module in modules:
        if _is_known(module.layer):
            visitor = _Visitor(module)
            visitor.visit(module.tree)
            problems += visitor.problems
        else:
            msg = f"{module.layer} is in no layer of {Path(__file__).name}"
            problems.append(Problem(module.path, 1, msg))
    return sorted(problems)


def _is_known(layer: str) -> bool:
    return layer in LAYERS or layer in LEAVES or layer in {TOP, MAIN}


def _shadowed_functions(modules: list[Module]) -> Iterator[Problem]:
    """
    Modules that bear the name of something that their package exports.

    Importing ``procmem.group``, if there were one, sets the attribute
    ``group`` of ``procmem`` to the module, and the function of that name is
    gone.  A module that is itself exported is meant to be there: only names
    that are a function or class somewhere count.
    """
    defined = {
        node.name
        for module in modules
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    public = {
        (*module.parents, name)
        for module in modules
        if module.stem == "__init__"
        for name in _exported(module.tree) & defined
    }
    for module in modules:
        if module.name in public:
            msg = f"module has the name of the public {module.name[-1]}()"
            yield Problem(module.path, 1, msg)


def _exported(tree: ast.Module) -> set[str]:
    """
    The names in ``__all__``.
    """
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name("__all__")], value=value)
                | ast.AnnAssign(target=ast.Name("__all__"), value=value)
            ) if value is not None:
                return set(ast.literal_eval(value))
    return set()


class _Visitor(ast.NodeVisitor):
    """
    Walks one module and notes what it may not do.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.problems: list[Problem] = []
        self._in_function = False
        # What a name means that was imported: {"o": "os"} for "import os as o"
        self._meanings: dict[str, str] = {}

    # What is lazy, and what never runs

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """
        What a function imports, it imports when it is called.
        """
        # Decorators, defaults and annotations belong to what is around it.
        outside = [*node.decorator_list, node.args]
        if node.returns is not None:
            outside.append(node.returns)
        for child in outside:
            self.visit(child)
        before, self._in_function = self._in_function, True
        for child in node.body:
            self.visit(child)
        self._in_function = before

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 (ast's name)

    def visit_If(self, node: ast.If) -> None:
        """
        What is imported for types alone may come from anywhere.
        """
        match node.test:
            case ast.Name("TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
                for child in node.orelse:
                    self.visit(child)
            case _:
                self.generic_visit(node)

    # Imports

    def visit_Import(self, node: ast.Import) -> None:
        """
        ``import a.b``.
        """
        for alias in node.names:
            self._check_import(node, alias.name)
            if alias.asname:
                self._meanings[alias.asname] = alias.name
            else:
                first = alias.name.partition(".")[0]
                self._meanings[first] = first

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """
        ``from a import b``, also with leading dots.
        """
        module = node.module or ""
        if node.level:
            package = (self.module.package, *self.module.parents)
            start = package[: len(package) - node.level + 1]
            module = ".".join([*start, *filter(None, [module])])
        for alias in node.names:
            name = f"{module}.{alias.name}"
            self._check_import(node, name)
            self._meanings[alias.asname or alias.name] = name

    def _check_import(self, node: ast.stmt, name: str) -> None:
        package, *rest = name.split(".")
        if package == self.module.package:
            # `from procmem import pss` takes a public name, not a module.
            to = rest[0] if rest and _is_known(rest[0]) else TOP
            self._check_direction(node, to)
        elif package in MODULES:
            self._check_system(node, f"import {package}")

    def _check_direction(self, node: ast.stmt, to: str) -> None:
        here = self.module.layer
        if here in {to, MAIN}:
            return
        if to in LEAVES:
            if not self._in_function:
                self._add(node, f"{to} is a leaf: import it in a function")
        elif here in LAYERS and (to == TOP or LAYERS.index(here) < LAYERS.index(to)):
            name = self.module.package if to == TOP else to
            self._add(node, f"{here} is below {name} and can't import it")

    # The system

    def visit_Name(self, node: ast.Name) -> None:
        """
        A bare name, perhaps ``open`` or one that was imported.
        """
        self._check_use(node, self._meanings.get(node.id, node.id))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """
        ``os.read``, or a method of something.
        """
        if node.attr in METHODS:
            self._check_system(node, f".{node.attr}()")
        if isinstance(node.value, ast.Name):
            base = node.value.id
            base = self._meanings.get(base, base)
            self._check_use(node, f"{base}.{node.attr}")
        self.generic_visit(node)

    def _check_use(self, node: ast.expr, name: str) -> None:
        if name in FACTS and self.module.layer != SYSTEM:
            self._add(node, f"{name}: a fact of this machine, ask the source")
        elif name in CALLS:
            self._check_system(node, name)

    def _check_system(self, node: ast.stmt | ast.expr, what: str) -> None:
        layer = self.module.layer
        if layer not in {SYSTEM, MAIN, *LEAVES}:
            self._add(node, f"{what}: only {SYSTEM} touches the system")

    def _add(self, node: ast.stmt | ast.expr, message: str) -> None:
        self.problems.append(Problem(self.module.path, node.lineno, message))


def main() -> int:
    """
    Check the package of this checkout.
    """
    root = Path(__file__).parents[1] / "src" / "procmem"
    problems = check(root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
