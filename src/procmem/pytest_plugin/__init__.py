"""
The pytest plugin, all of it but the shell that pytest loads in every run
(``pytest_procmem``, beside this package).

Tests are measured around their call: what fixtures set up before and tear
down after it is not counted.  The figures travel as properties of the report,
which cross to the controller of pytest-xdist and reach JUnit's XML.
"""

from __future__ import annotations
