"""
Makes the examples in README, docs and docstrings tests.

They import the installed package like any reader would.  Where numbers differ
from machine to machine, an example writes ``...`` in their place.
"""

from __future__ import annotations

import gc
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE

from sybil import Document, Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers import myst, rest
from sybil.sybil import SybilCollection

_FLAGS = ELLIPSIS | NORMALIZE_WHITESPACE


class _Docstrings(PythonDocStringDocument):
    """
    The docstrings of a module, without importing the module.

    Sybil's own class imports the file it reads, which would be the one in
    ``src`` beside the one of the installed wheel.
    """

    def __init__(self, text: str, path: str) -> None:
        Document.__init__(self, text, path)


def _without_garbage(_: dict[str, object]) -> None:
    """
    Collect what other tests have left behind.

    A reader starts with an interpreter that is new.  Here megabytes of garbage
    could go between two figures of an example.
    """
    gc.collect()


_PAGES = Sybil(
    parsers=[
        myst.PythonCodeBlockParser(doctest_optionflags=_FLAGS),
        myst.SkipParser(),
    ],
    patterns=["README.md", "docs/*.md", "docs/**/*.md"],
    setup=_without_garbage,
    # Megabytes that examples have made.
    teardown=dict.clear,
)
_MODULES = Sybil(
    parsers=[rest.DocTestParser(_FLAGS), rest.SkipParser()],
    patterns=["src/procmem/*.py", "src/procmem/**/*.py"],
    document_types={".py": _Docstrings},
)

pytest_collect_file = SybilCollection([_PAGES, _MODULES]).pytest()
