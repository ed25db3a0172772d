"""
What was measured reaches those who read reports.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import procmem
from tests.plugin.runs import Runner, needs

pytest_plugins = ["pytester"]

_MIB = 1 << 20


def _properties(path: Path) -> dict[str, dict[str, str]]:
    """
    The properties of each test in a file for JUnit.
    """
    return {
        case.attrib["name"]: {
            each.attrib["name"]: each.attrib["value"] for each in case.iter("property")
        }
        for case in ET.parse(path).iter("testcase")
    }


_SIZES = """
@pytest.mark.procmem(growth="100 MiB")
@pytest.mark.parametrize("size", [3, 7, 20])
def test_sizes(size): keep(size)

@pytest.mark.procmem(rss="10 GiB", peak="10 GiB")
def test_rss(): keep(1)

@pytest.mark.procmem(growth="2 MiB")
def test_over(): keep(5)

def test_unmarked(): keep(9)
"""


def test_properties(run: Runner, pytester: pytest.Pytester) -> None:
    """
    Figures in bytes are properties of the marked tests, and the message's
    first line is the failure's.
    """
    run(_SIZES, "--junitxml=out.xml")
    path = pytester.path / "out.xml"
    found = _properties(path)

    for size in (3, 7, 20):
        growth = int(found[f"test_sizes[{size}]"]["procmem_growth"])
        assert size * _MIB <= growth < (size + 2) * _MIB
        assert growth < int(found[f"test_sizes[{size}]"]["procmem_footprint"])
    assert {"procmem_rss", "procmem_rss_growth", "procmem_rss_peak"} == set(
        found["test_rss"]
    )
    assert {"procmem_footprint", "procmem_growth"} == set(found["test_over"])
    assert {} == found["test_unmarked"]
    failure = next(ET.parse(path).iter("failure"))
    assert failure.attrib["message"].startswith("MemoryBudgetExceeded: footprint of")
    assert "\n" not in failure.attrib["message"]


def test_top(run: Runner) -> None:
    """
    The table shows the tests that grew most, all of them measured.
    """
    found = run.quick(_SIZES, "--procmem-top=2")
    table = found.text.partition("memory: 2 of 6 tests")[2].splitlines()

    assert ["growth", "footprint", "test"] == table[1].split()
    assert table[2].endswith("test_it.py::test_sizes[20]")
    assert table[3].endswith("test_it.py::test_unmarked")
    assert "+20." in table[2]


def test_top_by_peaks(run: Runner) -> None:
    """
    Where peaks were looked for, the test that went highest comes first.
    """
    code = """
def test_spike():
    touched(90).close()

def test_keeps(): keep(30)
"""
    without = run.quick(code, "--procmem-top=1")
    found = run.again("--procmem-top=1", "--procmem-peaks")

    tables = [
        one.text.partition("memory: 1 of 2 tests")[2].splitlines()[1:3]
        for one in (without, found)
    ]
    (plain, kept), (with_peak, spiked) = tables

    assert ["growth", "footprint", "test"] == plain.split()
    assert kept.endswith("test_it.py::test_keeps")
    assert ["peak", "growth", "footprint", "test"] == with_peak.split()
    assert spiked.endswith("test_it.py::test_spike")


def test_workers(run: Runner, pytester: pytest.Pytester) -> None:
    """
    Figures cross from the workers of pytest-xdist: to JUnit, to the table
    and to the file, which the controller writes.
    """
    needs("xdist")
    found = run(
        _SIZES,
        "-n2",
        "--junitxml=out.xml",
        "--procmem-top=1",
        "--procmem-save=saved.json",
        plugins=["xdist.plugin"],
    )
    properties = _properties(pytester.path / "out.xml")
    saved = json.loads((pytester.path / "saved.json").read_text())["tests"]

    assert "test_it.py::test_sizes[20]" in found.text.partition("1 of 6 tests")[2]
    assert "MemoryBudgetExceeded: footprint of pid" in found.reasons["test_over"]
    assert 5 == len(saved)
    for name, figures in saved.items():
        seen = properties[name.partition("::")[2]]
        assert str(figures["footprint"]) == seen["procmem_footprint"]
        assert str(figures["growth"]) == seen["procmem_growth"]


def test_save_and_compare(run: Runner, pytester: pytest.Pytester) -> None:
    """
    What passes is saved; a run that needs more than agreed fails, and one
    that does not passes.
    """
    code = """
SIZE = int(os.environ.get("SIZE", "10"))
def test_same(): keep(5)
def test_grows(): keep(SIZE)
def test_fails(): assert 0
def test_new(): keep(1)
"""
    run(code, "--procmem-save=saved.json", "-k", "not new")
    saved = json.loads((pytester.path / "saved.json").read_text())
    same = run.again("--procmem-compare=saved.json", "-k", "not fails")
    allowed = ("--procmem-compare=saved.json", "--procmem-fail=growth:3 MiB")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIZE", "20")
        more = run.again(*allowed, "-k", "not fails")
        share = run.again(*allowed[:1], "--procmem-fail=growth:50%", "-k", "grows")
        enough = run.again(*allowed[:1], "--procmem-fail=growth:150%", "-k", "grows")

    assert ("tests", 1) == (saved["procmem"], saved["version"])
    assert {"test_it.py::test_same", "test_it.py::test_grows"} == set(saved["tests"])
    assert pytest.ExitCode.OK == same.status
    assert "2 tests compared, 1 not in the file, 0 only there" in same.text
    assert pytest.ExitCode.TESTS_FAILED == more.status
    assert {"passed"} == set(more.outcomes.values())
    assert (
        "test_it.py::test_grows: growth was 10.0 MiB and is 10.0 MiB more,"
        " allowed are 3.0 MiB" in more.text
    )
    assert "test_it.py::test_same: " not in more.text
    assert pytest.ExitCode.TESTS_FAILED == share.status
    assert "more, allowed are 50 %" in share.text
    assert pytest.ExitCode.OK == enough.status


def test_figure_that_is_missing_now(run: Runner, pytester: pytest.Pytester) -> None:
    """
    A rule about a figure that one of the runs lacks is broken, not kept.
    """
    run.quick("def test_it(): pass", "--procmem-save=saved.json")
    path = pytester.path / "saved.json"
    document = json.loads(path.read_text())
    document["tests"]["test_it.py::test_it"]["peak"] = 10
    del document["tests"]["test_it.py::test_it"]["growth"]
    path.write_text(json.dumps(document))
    found = run.quick_again(
        "--procmem-compare=saved.json",
        "--procmem-fail=growth:1 TiB",
        "--procmem-fail=footprint:1 TiB",
    )

    assert pytest.ExitCode.TESTS_FAILED == found.status
    assert "growth was ? and is " in found.text
    assert "not comparable" in found.text


def test_artifacts(run: Runner, pytester: pytest.Pytester) -> None:
    """
    What a test left that missed a limit can be loaded and compared.
    """
    run.quick(
        """
@pytest.mark.procmem(growth="2 MiB")
@pytest.mark.parametrize("text", ["a/b", "a.b"])
def test_marked(text): keep(10)

def test_fixture(memory_budget):
    with memory_budget(growth="2 MiB"):
        keep(10)

@pytest.mark.procmem(growth="20 MiB")
def test_kept(): keep(10)
""",
        "--procmem-artifacts=out",
    )
    folders = sorted(pytester.path.joinpath("out").iterdir())

    assert 3 == len(folders)
    for folder in folders:
        after, before = sorted(folder.iterdir())
        change = procmem.Group.load(after) - procmem.Group.load(before)
        assert 10 * _MIB <= change.total.footprint


def test_reruns(run: Runner, pytester: pytest.Pytester) -> None:
    """
    Each rerun is measured anew, and its figures stand there once.
    """
    needs("pytest_rerunfailures")
    found = run(
        """
SIZES = iter([20, 5])

@pytest.mark.procmem(growth="10 MiB")
def test_it(): keep(next(SIZES))
""",
        "--reruns=1",
        "--junitxml=out.xml",
        "--procmem-save=saved.json",
        plugins=["pytest_rerunfailures"],
    )
    saved = json.loads((pytester.path / "saved.json").read_text())["tests"]
    growth = saved["test_it.py::test_it"]["growth"]
    text = (pytester.path / "out.xml").read_text()

    assert "1 passed, 1 rerun" in found.text
    assert 5 * _MIB <= growth < 10 * _MIB
    assert (
        str(growth)
        == _properties(pytester.path / "out.xml")["test_it"]["procmem_growth"]
    )
    assert 1 == text.count('"procmem_growth"')


def test_beside_memray(run: Runner) -> None:
    """
    With pytest-memray both limits hold, each by its own measure.
    """
    needs("pytest_memray")
    found = run(
        """
@pytest.mark.limit_memory("100 MB")
@pytest.mark.procmem(growth="100 MiB")
def test_both_kept(): keep(10)

@pytest.mark.limit_memory("100 MB")
@pytest.mark.procmem(growth="5 MiB")
def test_ours_missed(): keep(10)

@pytest.mark.limit_memory("5 MB")
@pytest.mark.procmem(growth="100 MiB")
def test_theirs_missed(): keep(10)
""",
        "--memray",
        plugins=["pytest_memray.plugin"],
    )

    assert {"test_both_kept": "passed", "test_ours_missed": "failed"} == found.outcomes
    # Its own word for it.
    assert "MEMORY PROBLEMS test_it.py::test_theirs_missed" in found.text


def test_fixtures(run: Runner) -> None:
    """
    A budget from the fixture names the test; a probe limits nothing.
    """
    found = run(
        """
def test_budget(memory_budget):
    with memory_budget(growth="2 MiB"):
        keep(10)

def test_kept(memory_budget):
    with memory_budget(growth="20 MiB") as measured:
        keep(10)
    assert 10 << 20 <= measured.growth

def test_probe(memory_probe):
    before = memory_probe.now()
    with memory_probe.measure() as measured:
        keep(10)
        area = touched(100)
        area.close()
    assert 10 << 20 <= memory_probe.now() - before < 20 << 20
    assert 10 << 20 <= measured.growth < 20 << 20
    assert 100 << 20 <= measured.peak - measured.before
    assert memory_probe.now(metric="rss", tree=False) > memory_probe.now(metric="uss")
"""
    )

    assert {
        "test_budget": "failed",
        "test_kept": "passed",
        "test_probe": "passed",
    } == found.outcomes
    assert "test_it.py::test_budget" in found.reasons["test_budget"]
