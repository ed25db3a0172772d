"""
What the interpreter of an isolated test starts with, by the path of this
file: it finds modules where its starter finds them, and then begins.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path


def main() -> int:  # pragma: no cover (another process)
    """
    Run the test that the file named on the command line asks for.
    """
    # The starter wrote it, into a folder of its own.
    with Path(sys.argv[1]).open("rb") as file:
        sys.path[:] = pickle.load(file)  # noqa: S301
        from procmem.pytest_plugin.inside import run

        return run(pickle.load(file))  # noqa: S301


# Programs that the test starts with multiprocessing import this file again.
if __name__ == "__main__":
    sys.exit(main())
