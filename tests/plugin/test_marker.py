"""
Tests marked with a limit pass or fail for what they really use.
"""

from __future__ import annotations

import pytest

from tests.plugin.runs import Runner, needs

pytest_plugins = ["pytester"]


def test_child_and_untouched_memory_are_judged_rightly(run: Runner) -> None:
    """
    A child that touches 300 MiB is over 10 MiB, and 300 MiB that nobody
    touched are not: pytest-memray's limit_memory says the opposite of both.
    """
    found = run(
        """
import mmap, subprocess

CHILD = (
    "import mmap\\n"
    "area = mmap.mmap(-1, 300 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\\n"
    "for offset in range(0, len(area), mmap.PAGESIZE):\\n"
    "    area[offset] = 1\\n"
    "print(flush=True)\\n"
    "input()\\n"
)

@pytest.fixture
def children():
    started = []
    yield started
    for child in started:
        child.communicate(b"\\n")

@pytest.mark.procmem(growth="10 MiB")
def test_child(children):
    child = subprocess.Popen(
        [sys.executable, "-S", "-c", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    children.append(child)
    child.stdout.readline()

@pytest.mark.procmem(growth="10 MiB")
def test_untouched():
    KEPT.append(mmap.mmap(-1, 300 << 20))
"""
    )

    assert {"test_child": "failed", "test_untouched": "passed"} == found.outcomes
    assert "+ 1 child grew by 30" in found.reasons["test_child"]


def test_limits(run: Runner) -> None:
    """
    Each limit of a budget can be given, by the names of the metrics too.
    """
    found = run.quick(
        """
@pytest.mark.procmem("10 GiB")
def test_footprint_kept(): keep(1)

@pytest.mark.procmem("2 MiB")
def test_footprint_missed(): keep(1)

@pytest.mark.procmem(rss="2 MiB", footprint="10 GiB")
def test_rss_missed(): keep(1)

@pytest.mark.procmem(limit="2 MiB", metric="uss")
def test_uss_missed(): keep(1)

@pytest.mark.procmem(growth="20 MiB")
def test_growth_kept(): keep(19)

@pytest.mark.procmem(growth="20 MiB")
def test_growth_missed(): keep(21)

@pytest.mark.procmem(growth="20 MiB", pss="2 MiB", uss="10 GiB", metric="rss")
def test_two_missed(): keep(21)

@pytest.mark.procmem
def test_no_limit(): keep(1)
"""
    )

    assert {
        "test_footprint_kept": "passed",
        "test_footprint_missed": "failed",
        "test_rss_missed": "failed",
        "test_uss_missed": "failed",
        "test_growth_kept": "passed",
        "test_growth_missed": "failed",
        "test_two_missed": "failed",
        "test_no_limit": "passed",
    } == found.outcomes
    assert "rss of pid" in found.reasons["test_rss_missed"]
    assert "uss of pid" in found.reasons["test_uss_missed"]
    assert "pss of pid" in found.reasons["test_two_missed"]
    assert "also: rss of pid" in found.text


def test_peak(run: Runner) -> None:
    """
    The peak during a test is limited also if the memory is given back.
    """
    found = run(
        """
def spike(mebibytes):
    area = touched(mebibytes)
    area.close()

@pytest.mark.procmem(peak="4 GiB")
def test_kept(): spike(100)

@pytest.mark.procmem(peak="100 MiB", growth="50 MiB")
def test_missed(): spike(200)
"""
    )

    assert {"test_kept": "passed", "test_missed": "failed"} == found.outcomes
    assert "MemoryBudgetExceeded: peak footprint" in found.reasons["test_missed"]


def test_nearest_marker_wins(run: Runner) -> None:
    """
    Of several markers the nearest says what holds, argument by argument.
    """
    found = run.quick(
        """
pytestmark = pytest.mark.procmem(growth="10 MiB")

def test_of_module(): keep(20)

@pytest.mark.procmem(growth="40 MiB")
def test_own(): keep(20)

@pytest.mark.procmem(growth=None)
def test_lifted(): keep(20)

@pytest.mark.procmem("10 GiB")
def test_other_argument(): keep(20)

@pytest.mark.procmem(growth="40 MiB")
class TestClass:
    def test_of_class(self): keep(20)

    @pytest.mark.procmem(growth="10 MiB")
    def test_own(self): keep(20)

@pytest.mark.procmem(growth="10 MiB")
@pytest.mark.parametrize(
    "size",
    [5, 20, pytest.param(30, marks=pytest.mark.procmem(growth="40 MiB"))],
)
def test_parameter(size): keep(size)
"""
    )

    assert {
        "test_of_module": "failed",
        "test_own": "passed",
        "test_lifted": "passed",
        "test_other_argument": "failed",
        "TestClass::test_of_class": "passed",
        "TestClass::test_own": "failed",
        "test_parameter[5]": "passed",
        "test_parameter[20]": "failed",
        "test_parameter[30]": "passed",
    } == found.outcomes


def test_only_the_call_counts(run: Runner) -> None:
    """
    What fixtures use before and after the test is not the test's.
    """
    found = run.quick(
        """
@pytest.fixture
def large():
    keep(30)
    yield
    keep(30)

@pytest.mark.procmem(growth="10 MiB")
def test_it(large): keep(5)
"""
    )

    assert {"test_it": "passed"} == found.outcomes


def test_own_failure_wins(run: Runner) -> None:
    """
    A test that fails, skips or is expected to fail is not blamed for its
    memory on top.
    """
    found = run.quick(
        """
pytestmark = pytest.mark.procmem(growth="10 MiB")

def test_fails():
    keep(20)
    raise ValueError("its own")

def test_skips():
    keep(20)
    pytest.skip("its own")

def test_expects():
    keep(20)
    pytest.xfail("its own")

@pytest.mark.xfail(raises=AssertionError, strict=True)
def test_expects_memory(): keep(20)

def test_parts(subtests):
    keep(20)
    with subtests.test():
        raise ValueError("its own")

class TestCase(unittest.TestCase):
    def test_fails(self):
        keep(20)
        self.fail("its own")

    def test_skips(self):
        keep(20)
        self.skipTest("its own")

    def test_part(self):
        keep(20)
        with self.subTest():
            self.fail("its own")
"""
    )

    assert {
        "test_fails": "failed",
        "test_expects": "xfail",
        "test_expects_memory": "xfail",
        "TestCase::test_fails": "failed",
        # pytest reports the part, and nothing more of the whole.
        "TestCase::test_part": "passed",
        "test_parts": "failed",
    } == found.outcomes
    assert "ValueError: its own" == found.reasons["test_fails"]
    assert "AssertionError: its own" == found.reasons["TestCase::test_fails"]
    assert "contains 1 failed subtest" == found.reasons["test_parts"]
    assert 2 == found.text.count("SKIPPED [1]")
    assert "MemoryBudgetExceeded" not in found.text


def test_unittest_and_async(run: Runner) -> None:
    """
    Tests of unittest are measured like others, async ones too.
    """
    found = run.quick(
        """
@pytest.mark.procmem(growth="10 MiB")
class TestCase(unittest.TestCase):
    def test_kept(self): keep(5)
    def test_missed(self): keep(20)

@pytest.mark.procmem(growth="10 MiB")
class TestAsync(unittest.IsolatedAsyncioTestCase):
    async def test_kept(self): keep(5)
    async def test_missed(self): keep(20)
"""
    )

    assert {
        "TestCase::test_kept": "passed",
        "TestCase::test_missed": "failed",
        "TestAsync::test_kept": "passed",
        "TestAsync::test_missed": "failed",
    } == found.outcomes


@pytest.mark.parametrize(
    ("module", "mark"),
    [("pytest_asyncio.plugin", "asyncio"), ("anyio.pytest_plugin", "anyio")],
)
def test_async_plugins(run: Runner, module: str, mark: str) -> None:
    """
    Async tests that a plugin runs are measured while they run.
    """
    needs(module.partition(".")[0])
    found = run(
        f"""
import asyncio

pytestmark = [pytest.mark.procmem(growth="10 MiB"), pytest.mark.{mark}]

@pytest.fixture
def anyio_backend(): return "asyncio"

async def test_kept():
    await asyncio.sleep(0)
    keep(5)

async def test_missed():
    await asyncio.sleep(0)
    keep(20)
""",
        plugins=[module],
    )

    assert {"test_kept": "passed", "test_missed": "failed"} == found.outcomes


def test_failure_is_the_message(run: Runner) -> None:
    """
    The report is the message at the place of the test, without a frame of
    the plugin, and its first line stands in the short summary.
    """
    found = run.quick(
        """
@pytest.mark.procmem(growth="10 MiB", info="as agreed")
def test_it(): keep(20)
"""
    )

    assert "MemoryBudgetExceeded: " in found.reasons["test_it"]
    assert "grew by 20." in found.reasons["test_it"]
    assert "budget 10.0 MiB" in found.reasons["test_it"]
    assert "test_it.py:5: MemoryBudgetExceeded" in found.text
    assert "as agreed" in found.text
    assert "total" in found.text
    assert "pytest_plugin" not in found.text


def test_stops_at_the_first(run: Runner) -> None:
    """
    A limit that is missed counts for -x like any failure.
    """
    found = run.quick(
        """
@pytest.mark.procmem("1 MiB")
def test_first(): pass

def test_second(): pass
""",
        "-x",
    )

    assert {"test_first": "failed"} == found.outcomes
