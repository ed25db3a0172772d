"""
What the plugin does where something cannot be had, and with rare options.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import attrs
import pytest

from procmem.errors import AccessDeniedError
from procmem.pytest_plugin.baseline import Excess, save
from procmem.pytest_plugin.measuring import folder_of
from procmem.pytest_plugin.probe import MemoryProbe
from procmem.pytest_plugin.top import change
from procmem.testing import reading, window
from procmem.testing.reading import Reading
from procmem.testing.scope import Scope
from tests.plugin.runs import Run, Runner

pytest_plugins = ["pytester"]

_MIB = 1 << 20

_TESTS = """
def test_plain(): pass

@pytest.mark.procmem("10 GiB")
def test_limited(): pass

@pytest.mark.procmem("10 GiB", strict=True)
def test_strict(): pass

@pytest.mark.procmem("10 GiB")
def test_fails(): raise ValueError("its own")

@pytest.mark.procmem("10 GiB")
class TestCase(unittest.TestCase):
    def test_skips(self): self.skipTest("its own")
"""


def refused() -> AccessDeniedError:
    """
    What the kernel says of a process of somebody else.
    """
    return AccessDeniedError(4711, "smaps_rollup", "the same user")


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """
    Nothing may be read: at the start of a block, at its end, or of a child.
    """

    def read(scope: Scope, *, detail: bool, at_end: bool) -> Reading:
        if request.param == ("end" if at_end else "start"):
            raise refused()
        found = reading.read_all(scope, detail=detail, at_end=at_end)
        if request.param == "child":
            return attrs.evolve(found, unreadable={4711: refused()})
        return found

    monkeypatch.setattr(window, "read_all", read)


@pytest.mark.parametrize("unreadable", ["start", "end", "child"], indirect=True)
@pytest.mark.usefixtures("unreadable")
def test_what_may_not_be_read(run: Runner, pytester: pytest.Pytester) -> None:
    """
    A test that passes and cannot be measured is skipped if it has a limit and
    fails if that is strict; without a limit it passes and has no figures.
    """
    found = run.quick(_TESTS, "--procmem-top=9", "--procmem-save=saved.json")

    assert {
        "test_plain": "passed",
        "test_strict": "failed",
        "test_fails": "failed",
    } == found.outcomes
    why = f"passed, but its memory could not be measured: {refused()}"
    assert why in found.reasons["test_strict"]
    [limited] = [line for line in _skipped(found) if "its own" not in line]
    assert why in limited
    # The place of the test, not of the plugin.
    assert "test_it.py:7: " in limited
    assert "ValueError: its own" == found.reasons["test_fails"]
    assert "memory: 0 of 0 tests" in found.text
    assert "no test was measured" in found.text
    assert "3 tests, the first because: " in found.text
    assert "memory of 0 tests saved to saved.json" in found.text
    assert {} == json.loads((pytester.path / "saved.json").read_text())["tests"]


def _skipped(found: Run) -> list[str]:
    return [line for line in found.text.splitlines() if line.startswith("SKIPPED")]


@pytest.mark.parametrize("unreadable", ["child"], indirect=True)
@pytest.mark.usefixtures("unreadable")
def test_probe_of_what_may_not_be_read() -> None:
    """
    The probe leaves nothing out in silence.
    """
    with pytest.raises(AccessDeniedError, match="process 4711"):
        MemoryProbe().now(tree=False)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """
    If figures cannot be saved, nothing is left beside what is there.
    """
    (tmp_path / "saved").mkdir()

    with pytest.raises(OSError, match="saved"):
        save(tmp_path / "saved", {"test": {"growth": 1}})

    assert ["saved"] == os.listdir(tmp_path)


def test_excess_never_looks_allowed() -> None:
    """
    What is more than allowed by less than a digit shows all its digits.
    """
    rule = Excess.parse("growth:5 MiB")

    assert rule.is_exceeded(0, 5 * _MIB + 1)
    assert not rule.is_exceeded(0, 5 * _MIB)
    assert "5.0 MiB more, allowed are 5.0 MiB" != rule.excess(5 * _MIB + 1)
    assert "6.0 MiB more, allowed are" in rule.excess(6 * _MIB)


def test_folders_of_tests() -> None:
    """
    A plain name is its own folder; others that look alike get different
    ones.
    """
    names = ["test_it", "test_it.py::test[a b]", "test_it.py::test[a/b]", "x" * 200]
    folders = list(map(folder_of, names))

    assert "test_it" == folders[0]
    assert len(names) == len(set(folders))
    assert all(len(folder) < 130 and "/" not in folder for folder in folders)


def test_changes_that_are_not_known() -> None:
    """
    What is not known is no change of 0.
    """
    assert ["?", "+0 B", "-1.0 KiB", "+1.0 KiB"] == [
        change(value) for value in (None, 0, -1024, 1024)
    ]


class TestIsolated:
    def test_flags_of_the_interpreter(self, run: Runner) -> None:
        """
        The other interpreter has this one's flags.
        """
        code = """
@pytest.mark.procmem(isolate=True)
def test_it():
    import warnings
    if os.getpid() == int(os.environ["OUTER"]):
        pytest.fail("not isolated")
    if (sys.flags.optimize, sys._xoptions.get("some")) != (1, "thing"):
        pytest.fail("other flags")
    if "ignore::ImportWarning" not in sys.warnoptions or not sys.flags.utf8_mode:
        pytest.fail("other options")
"""
        run.pytester.makeconftest(
            "import os\nos.environ.setdefault('OUTER', str(os.getpid()))\n"
        )
        run.quick(code, "--collect-only")
        flags = ["-O", "-Xutf8", "-Xsome=thing", "-Wignore::ImportWarning"]
        result = run.pytester.run(
            sys.executable, *flags, "-mpytest", "-ppytest_procmem", "-rA"
        )

        assert 0 == result.ret, result.stdout.str()
        result.stdout.fnmatch_lines(["*1 passed*"])

    def test_no_folder_and_no_pickle(self, run: Runner) -> None:
        """
        Without a factory of folders, and with an option that cannot cross, a
        test is isolated all the same; a signal without a name has its number.
        """
        run.pytester.makeconftest(
            "def pytest_configure(config):\n"
            "    config.option.odd = lambda: None\n"
            "    config.option.even = 2\n"
        )
        found = run.quick(
            """
@pytest.mark.procmem(isolate=True)
def test_options(pytestconfig):
    assert 2 == pytestconfig.option.even
    assert "procmem-isolated" in str(pytestconfig.pluginmanager.list_name_plugin())

@pytest.mark.procmem(isolate=True)
def test_signal(): os.kill(os.getpid(), 40)
""",
            "-pno:tmpdir",
        )

        assert {"test_options": "passed", "test_signal": "failed"} == found.outcomes
        assert (
            "the interpreter of this isolated test was ended by a signal (40) "
            "during call" == found.reasons["test_signal"]
        )

    def test_trouble_there(self, run: Runner) -> None:
        """
        What goes wrong only in the other interpreter, before the test, is
        the reason that is given: in the test's file, or in a plugin.
        """
        run.pytester.makeconftest(
            "def pytest_collection_finish(session):\n"
            "    config = session.config\n"
            "    inside = config.pluginmanager.has_plugin('procmem-isolated')\n"
            "    if inside and session.items[0].name == 'test_plugin':\n"
            "        raise RuntimeError('a broken plugin')\n"
        )
        found = run.quick(
            """
@pytest.mark.procmem(isolate=True)
def test_plugin(): pass
"""
        )
        (run.pytester.path / "conftest.py").unlink()
        run.pytester.makepyfile(
            test_it=f"""
            import os, pytest
            assert os.getpid() == {os.getpid()}, "a broken file"

            @pytest.mark.procmem(isolate=True)
            def test_file(): pass
            """
        )
        other = run.quick_again()

        assert {"test_plugin": "failed"} == found.outcomes
        assert "during setup" in found.reasons["test_plugin"]
        assert "RuntimeError: a broken plugin" in found.text
        assert {"test_file": "failed"} == other.outcomes
        assert "AssertionError: a broken file" in other.text

    def test_group_of_workers(self, run: Runner) -> None:
        """
        What a worker appends to a test's name is not looked for in the other
        interpreter.
        """
        run.pytester.makeconftest(
            """
            import pytest

            class Grouped(pytest.Function):
                @property
                def nodeid(self):
                    marks = self.iter_markers("xdist_group")
                    names = {m.args[0] if m.args else m.kwargs["name"] for m in marks}
                    return f"{super().nodeid}@{'_'.join(sorted(names))}"

            def pytest_configure(config):
                config.addinivalue_line("markers", "xdist_group: as of pytest-xdist")

            def pytest_collection_modifyitems(config, items):
                if not config.pluginmanager.has_plugin("procmem-isolated"):
                    for item in items:
                        item.__class__ = Grouped
            """
        )
        found = run.quick(
            """
@pytest.mark.xdist_group("one")
@pytest.mark.procmem(isolate=True)
def test_one(): pass

@pytest.mark.xdist_group(name="two")
@pytest.mark.procmem(isolate=True)
def test_two(): pass

@pytest.mark.xdist_group("one")
@pytest.mark.xdist_group("two")
@pytest.mark.procmem(isolate=True)
def test_both(): pass
"""
        )

        expected = ("test_one@one", "test_two@two", "test_both@one_two")
        assert dict.fromkeys(expected, "passed") == found.outcomes
