"""
``python -m procmem``: the same as the command ``procmem``.
"""

from __future__ import annotations

import sys

from procmem.cli import main

if __name__ == "__main__":
    sys.exit(main())
