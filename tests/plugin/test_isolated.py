"""
With isolate=True a test runs in an interpreter of its own, and is reported
as if it ran here.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.plugin.runs import Runner, needs

pytest_plugins = ["pytester"]


def test_outcomes(run: Runner, pytester: pytest.Pytester) -> None:
    """
    Whatever comes of the test there is what is reported here.
    """
    found = run(
        """
pytestmark = pytest.mark.procmem("10 GiB", isolate=True)
HERE = int(os.environ.setdefault("HERE", str(os.getpid())))

def test_elsewhere(tmp_path, record_property):
    assert HERE != os.getpid()
    assert HERE == os.getppid()
    assert tmp_path.is_dir()
    record_property("mine", "value")

def test_output():
    print("on standard output")
    os.write(2, b"on standard error")
    assert HERE == os.getpid()

def test_skips(): pytest.skip("its own reason")

@pytest.mark.xfail(reason="known")
def test_expected(): assert 0

@pytest.mark.xfail(reason="known", strict=True)
def test_unexpected(): pass

@pytest.mark.procmem("20 MiB")
def test_over(): keep(20)

@pytest.fixture
def broken(): raise ValueError("before")

def test_setup(broken): pass

@pytest.fixture
def breaks():
    yield
    raise ValueError("after")

def test_teardown(breaks): pass

@pytest.mark.parametrize("text", ["a::[b] c"])
def test_names(text): pass

class TestCase(unittest.TestCase):
    def test_it(self): self.assertNotEqual(HERE, os.getpid())
""",
        "--junitxml=out.xml",
        "--capture=fd",
    )
    junit = ET.parse(pytester.path / "out.xml")

    assert {
        "test_elsewhere": "passed",
        "test_output": "failed",
        "test_expected": "xfail",
        "test_unexpected": "failed",
        "test_over": "failed",
        "test_setup": "error",
        # And passed, two lines before.
        "test_teardown": "error",
        "test_names[a::[b] c]": "passed",
        "TestCase::test_it": "passed",
    } == found.outcomes, found.text
    assert "PASSED test_it.py::test_teardown" in found.text
    assert "SKIPPED [1] test_it.py:19: its own reason" in found.text
    assert "XPASS(strict)" in found.reasons["test_unexpected"]
    assert "MemoryBudgetExceeded: footprint of pid" in found.reasons["test_over"]
    assert "ValueError: before" == found.reasons["test_setup"]
    assert "ValueError: after" == found.reasons["test_teardown"]
    assert "on standard output" in found.text
    assert "on standard error" in found.text
    first = next(junit.iter("testcase"))
    properties = {each.attrib["name"] for each in first.iter("property")}
    assert {"mine", "procmem_footprint", "procmem_growth"} == properties


def test_interpreter_that_dies(run: Runner) -> None:
    """
    An interpreter that ends in the middle fails its test with the reason and
    what it printed, and the others go on.
    """
    found = run(
        """
import signal, time
pytestmark = pytest.mark.procmem(isolate=True)

def test_exits():
    os.write(2, b"")
    os._exit(3)

def test_crashes():
    os.kill(os.getpid(), signal.SIGSEGV)

@pytest.mark.procmem(timeout=6)
def test_hangs():
    while True:
        time.sleep(0.1)

@pytest.fixture
def dies():
    yield
    os._exit(7)

def test_dies_later(dies): pass

def test_stops(): pytest.exit("enough of it")

@pytest.mark.xfail(reason="known")
def test_expected(): os._exit(5)

def test_after(): pass
"""
    )
    prefix = "the interpreter of this isolated test"

    assert {
        "test_exits": "failed",
        "test_crashes": "failed",
        "test_hangs": "failed",
        "test_dies_later": "error",
        "test_stops": "failed",
        "test_expected": "failed",
        "test_after": "passed",
    } == found.outcomes, found.text
    reasons = found.reasons
    assert f"{prefix} ended with status 3 during call" == reasons["test_exits"]
    assert "was ended by SIGSEGV (11) during call" in reasons["test_crashes"]
    assert "did not end within 6 seconds during call" in reasons["test_hangs"]
    assert "ended with status 7 during teardown" in reasons["test_dies_later"]
    assert "enough of it" in found.text
    assert "Segmentation fault" in found.text
    assert "in test_hangs" in found.text


def test_options_hold_there_too(run: Runner, pytester: pytest.Pytester) -> None:
    """
    Options and settings of this run are those of the other interpreter, also
    those of a conftest, and an own folder of modules is found.
    """
    pytester.makeconftest(
        """
        import pytest

        def pytest_addoption(parser):
            parser.addoption("--color-of", default="none")

        @pytest.fixture
        def color(request):
            return request.config.getoption("--color-of")
        """
    )
    pytester.makeini("[pytest]\naddopts = --color-of=green\nprocmem_growth = 2 MiB\n")
    pytester.mkdir("lib").joinpath("far_away.py").write_text("VALUE = 3")
    found = run(
        """
@pytest.mark.procmem(isolate=True)
def test_it(color, tmp_path):
    import far_away
    assert ("red", 3) == (color, far_away.VALUE)
    assert sys.flags.dev_mode is False

@pytest.mark.procmem(isolate=True)
def test_default(): keep(10)
""",
        "--color-of=red",
        "-opythonpath=lib",
        "-k",
        "it or default",
        "--maxfail=5",
    )

    assert {"test_it": "passed", "test_default": "failed"} == found.outcomes
    assert "budget 2.0 MiB" in found.reasons["test_default"]


def test_cache_is_of_this_run(run: Runner) -> None:
    """
    --last-failed runs what failed in the whole run.
    """
    run(
        """
def test_good(): pass

@pytest.mark.procmem(isolate=True)
def test_bad(): assert 0

def test_other(): assert 0
"""
    )
    found = run.again("--last-failed")

    assert {"test_bad": "failed", "test_other": "failed"} == found.outcomes


def test_fixtures_of_others_are_torn_down(run: Runner) -> None:
    """
    An isolated test stands in order between others with wide fixtures.
    """
    found = run(
        """
LOG = []

class TestOne:
    @pytest.fixture(scope="class", autouse=True)
    def wide(self):
        LOG.append("up")
        yield
        LOG.append("down")

    def test_first(self): assert ["up"] == LOG

    @pytest.mark.procmem(isolate=True)
    def test_isolated(self): assert ["up"] == LOG

def test_last(): assert ["up", "down"] == LOG
"""
    )

    assert {
        "TestOne::test_first": "passed",
        "TestOne::test_isolated": "passed",
        "test_last": "passed",
    } == found.outcomes


def test_subtests(run: Runner) -> None:
    """
    Failures of subtests are reported, too.
    """
    found = run(
        """
@pytest.mark.procmem(isolate=True)
def test_it(subtests):
    with subtests.test("first"):
        assert 0, "in a part"
"""
    )

    assert {"test_it": "failed"} == found.outcomes
    assert "SUBFAILED[first] test_it.py::test_it - AssertionError: in a" in found.text
    assert "contains 1 failed subtest" == found.reasons["test_it"]


def test_workers_and_reruns(run: Runner) -> None:
    """
    Workers of pytest-xdist start interpreters, too, and each rerun starts
    its own.
    """
    needs("xdist")
    needs("pytest_rerunfailures")
    found = run(
        """
from pathlib import Path
pytestmark = pytest.mark.procmem(growth="10 MiB", isolate=True)

@pytest.mark.xdist_group("one")
def test_first(): keep(5)

def test_second(): keep(5)

def test_third():
    mark = Path(__file__).with_name("mark")
    if not mark.exists():
        mark.write_text(str(os.getpid()))
        keep(20)
    assert str(os.getpid()) != mark.read_text()
""",
        "-n2",
        "--dist=loadgroup",
        "--reruns=1",
        plugins=["xdist.plugin", "pytest_rerunfailures"],
    )

    assert "3 passed, 1 rerun" in found.text


def test_live_output(run: Runner) -> None:
    """
    With -s the test prints where this run prints, and pytest's lines stand
    there once.
    """
    found = run(
        """
@pytest.mark.procmem(isolate=True)
def test_it(): print("seen at once")
""",
        "-s",
    )

    assert {"test_it": "passed"} == found.outcomes
    assert "seen at once" in found.text
    assert 1 == found.text.count("test session starts")
