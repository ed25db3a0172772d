"""
What the plugin does where nobody asks for it: next to nothing.
"""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from tests.plugin.runs import Runner

pytest_plugins = ["pytester"]


def test_nothing_is_loaded(run: Runner) -> None:
    """
    A run without markers, options and fixtures does not load procmem.
    """
    found = run(
        """
def test_it():
    assert "pytest_procmem" in sys.modules
    assert [] == [name for name in sys.modules if name.startswith("procmem")]
    assert "attr" not in sys.modules
"""
    )

    assert {"test_it": "passed"} == found.outcomes


def test_shell_needs_only_pytest(pytester: pytest.Pytester) -> None:
    """
    The module that pytest loads needs no other than the standard library.
    """
    result = pytester.runpython_c(
        "import pytest, sys\n"
        "before = set(sys.modules)\n"
        "import pytest_procmem\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "assert new - set(sys.stdlib_module_names) <= {'pytest_procmem'}, new\n"
    )

    assert 0 == result.ret, result.stderr.str()


def test_entry_point_names_the_shell() -> None:
    """
    Pytest finds the shell by the name procmem.
    """
    found = entry_points(group="pytest11", name="procmem")
    if not found:
        pytest.skip("procmem was installed before it had an entry point for pytest")

    assert ["pytest_procmem"] == [point.value for point in found]


def test_can_be_switched_off(run: Runner) -> None:
    """
    With -p no:... the marker is unknown and nothing is measured.
    """
    found = run(
        """
@pytest.mark.procmem("1 MiB")
def test_it(): pass
""",
        "-pno:pytest_procmem",
    )

    assert {"test_it": "passed"} == found.outcomes
    assert "Unknown pytest.mark.procmem" in found.text


def test_strict_runs(run: Runner, pytester: pytest.Pytester) -> None:
    """
    The marker and the settings are known to runs that refuse others, and
    no cache is needed.
    """
    pytester.makeini(
        "[pytest]\n"
        "addopts = --strict-markers --strict-config -p no:cacheprovider\n"
        "filterwarnings = error\n"
        "procmem_footprint = 10 GiB\n"
    )
    found = run(
        """
@pytest.mark.procmem(growth="10 MiB")
def test_it(memory_budget, memory_probe):
    with memory_budget(growth="10 MiB"):
        keep(1)
    assert memory_probe.now() > 1 << 20
"""
    )

    assert {"test_it": "passed"} == found.outcomes


def test_markers_are_listed(run: Runner) -> None:
    """
    The marker is explained by --markers, the options by --help.
    """
    assert "@pytest.mark.procmem(limit=None, *, footprint" in run("", "--markers").text
    assert "--procmem-footprint=SIZE" in run.again("--help").text
