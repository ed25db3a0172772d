"""
Keep the fleet up until standard input is closed.
"""

from __future__ import annotations

import sys

from tests.live.programs.together import keep

if __name__ == "__main__":
    keep(sys.argv[1:])
