"""
What all tests of the plugin use.
"""

from __future__ import annotations

import pytest

from tests.plugin.runs import Runner


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """
    Runs pytest on a file of tests.
    """
    # Other plugins take a second to load, and none of them is meant here.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    # On a terminal of any width, and the whole reason wherever it runs.
    monkeypatch.setenv("COLUMNS", "300")
    for name in ("CI", "BUILD_NUMBER", "PYTEST_ADDOPTS", "PROCMEM_FOOTPRINT"):
        monkeypatch.delenv(name, raising=False)
    return Runner(pytester)
