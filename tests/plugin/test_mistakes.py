"""
Arguments that make no sense are refused before the first test runs.
"""

from __future__ import annotations

import pytest

from tests.plugin.runs import Runner, needs

pytest_plugins = ["pytester"]

_INTERRUPTED = pytest.ExitCode.INTERRUPTED
_USAGE = pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("'24M'", "limit='24M': not a size: '24M'; write a number and one of B, kB"),
        ("'24'", "limit='24': not a size"),
        ("-1", "limit=-1: a size cannot be negative"),
        ("1.5", "limit=1.5: a size is an integer or text"),
        ("True", "limit=True: a size is an integer or text"),
        ("1, 2", "takes one positional argument, the limit, not 2"),
        ("1, limit=2", "the limit is given twice"),
        ("1, footprint=2", "limit and footprint are the same limit"),
        ("growth='10 mb'", "growth='10 mb': not a size"),
        ("vss=1", "no argument 'vss'; there are limit, metric"),
        ("metric='vss'", "no such metric: 'vss'; there are footprint, pss, uss, rss"),
        ("pss=1, rss=2, peak=3", "metric must say whether peak and growth are of"),
        ("tree=1", "tree=1: True or False"),
        ("info=1", "info=1: text"),
        ("isolate='yes'", "isolate='yes': True or False"),
        ("isolate=True, timeout=0", "timeout=0: seconds, more than 0"),
        ("timeout=5", "timeout is for tests with isolate=True"),
        ("target=1", "target can't be given in a marker"),
        ("save='x'", "save can't be given in a marker: use the option --procmem"),
    ],
)
def test_marker(run: Runner, arguments: str, why: str) -> None:
    """
    A marker's mistake is an error of collection that names the test.
    """
    found = run.quick(
        f"""
@pytest.mark.procmem({arguments})
def test_marked(): pass

def test_other(): pass
"""
    )

    assert _INTERRUPTED == found.status
    assert f"test_it.py::test_marked: @pytest.mark.procmem: {why}" in found.text


def test_each_test_is_named_once(run: Runner) -> None:
    """
    All mistakes of a file are listed, that of a parametrized test once.
    """
    found = run.quick(
        """
@pytest.mark.procmem("one")
@pytest.mark.parametrize("number", [1, 2])
def test_many(number): pass

@pytest.mark.procmem("two")
def test_one(): pass
"""
    )

    assert _INTERRUPTED == found.status
    assert 1 == found.text.count("test_many: @pytest.mark.procmem: limit='one'") - 1
    assert "test_one: @pytest.mark.procmem: limit='two'" in found.text


def test_classes_too(run: Runner) -> None:
    """
    Mistakes on classes are found, also on those of unittest.
    """
    found = run.quick(
        """
@pytest.mark.procmem("one")
class TestClass:
    def test_it(self): pass

@pytest.mark.procmem("two")
class TestCase(unittest.TestCase):
    def test_it(self): pass
"""
    )

    assert _INTERRUPTED == found.status
    assert "TestClass::test_it: @pytest.mark.procmem: limit='one'" in found.text
    assert "TestCase::test_it: @pytest.mark.procmem: limit='two'" in found.text


def test_with_workers(run: Runner) -> None:
    """
    Under pytest-xdist it is the same error.
    """
    needs("xdist")
    found = run(
        """
@pytest.mark.procmem("one")
def test_it(): pass
""",
        "-n1",
        plugins=["xdist.plugin"],
    )

    assert 0 != found.status
    assert "test_it: @pytest.mark.procmem: limit='one'" in found.text


def test_marker_of_a_hook(run: Runner, pytester: pytest.Pytester) -> None:
    """
    What a plugin adds after tests were collected is checked and kept, too.
    """
    pytester.makeconftest(
        """
        import pytest

        def pytest_collection_modifyitems(config, items):
            for item in items:
                item.add_marker(pytest.mark.procmem(config.getini("limit")))

        def pytest_addoption(parser):
            parser.addini("limit", "")
        """
    )
    pytester.makeini("[pytest]\nlimit = 1 MiB\n")
    missed = run.quick("def test_it(): pass")
    pytester.makeini("[pytest]\nlimit = one\n")
    refused = run.quick_again()

    assert {"test_it": "failed"} == missed.outcomes
    assert _USAGE == refused.status
    assert "test_it: @pytest.mark.procmem: limit='one'" in refused.text


def test_marker_of_a_fixture(run: Runner) -> None:
    """
    What a fixture adds holds for its test, and is refused there.
    """
    found = run.quick(
        """
@pytest.fixture
def limited(request):
    request.node.add_marker(pytest.mark.procmem("1 MiB"))

@pytest.fixture
def mistaken(request):
    request.node.add_marker(pytest.mark.procmem("one"))

@pytest.fixture
def isolated(request):
    request.node.add_marker(pytest.mark.procmem(isolate=True))

def test_missed(limited): pass
def test_mistaken(mistaken): pass
def test_isolated(isolated): pass
"""
    )

    assert {
        "test_missed": "failed",
        "test_mistaken": "failed",
        "test_isolated": "failed",
    } == found.outcomes
    assert "MemoryBudgetExceeded" in found.reasons["test_missed"]
    assert "limit='one': not a size" in found.reasons["test_mistaken"]
    assert "came after tests were collected" in found.reasons["test_isolated"]


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("--procmem-peak=24M", "--procmem-peak: not a size: '24M'"),
        ("--procmem-top=0", "--procmem-top: 0 tests are not a table; 1 or more"),
        ("--procmem-compare=absent", "absent: [Errno 2] No such file or directory"),
        ("--procmem-compare=test_it.py", "test_it.py: Expecting value"),
        ("--procmem-compare=other.json", "other.json: not a file of --procmem-save"),
        ("--procmem-compare=newer.json", "newer.json: from a newer procmem"),
        ("--procmem-compare=odd.json", "odd.json: test 'a' has figures that are no"),
        ("--procmem-fail=growth:5%", "--procmem-fail needs --procmem-compare=FILE"),
        ("--procmem-fail=size:5%", "--procmem-fail: 'size:5%': write one of"),
        ("--procmem-fail=growth:5 mb", "not a size: '5 mb'"),
    ],
)
def test_options(run: Runner, pytester: pytest.Pytester, option: str, why: str) -> None:
    """
    Options that are not understood stop the run before it begins.
    """
    pytester.path.joinpath("other.json").write_text("{}")
    pytester.path.joinpath("newer.json").write_text('{"procmem":"tests","version":2}')
    pytester.path.joinpath("odd.json").write_text(
        '{"procmem": "tests", "version": 1, "tests": {"a": {"footprint": true}}}'
    )
    found = run.quick("def test_it(): pass", option)

    assert _USAGE == found.status
    assert why in found.text


def test_settings(
    run: Runner, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    So do settings of the ini file and the environment, by their names.
    """
    pytester.makeini("[pytest]\nprocmem_growth = 1 mb\n")
    from_ini = run.quick("def test_it(): pass")
    pytester.makeini("[pytest]\n")
    monkeypatch.setenv("PROCMEM_GROWTH", "2 mb")
    from_environment = run.quick("def test_it(): pass")

    assert (_USAGE, _USAGE) == (from_ini.status, from_environment.status)
    assert "procmem_growth (ini file): not a size: '1 mb'" in from_ini.text
    assert "PROCMEM_GROWTH (environment): not a size" in from_environment.text
