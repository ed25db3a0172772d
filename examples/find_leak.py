"""
Does a function keep memory each time it is called?

One forgets to forget, and is found; the text of the exception has all of this.
"""

from __future__ import annotations

from pathlib import PurePath

from procmem import format_size
from procmem.testing import MemoryGrowthDetected, assert_no_growth

seen: list[dict[str, object]] = []


def handle() -> None:
    """
    Keep what it was asked, for no good reason.
    """
    seen.append({"user": 1, "items": [1, 2, 3]})


def main() -> None:
    """
    Find that out.
    """
    try:
        assert_no_growth(handle, calls=1000, info="handle")
    except MemoryGrowthDetected as error:
        report = error.report
        print(report.summary())
        for block in report.blocks:
            grown = format_size(block.growth, decimals=1)
            print(f"{block.calls:>6,} calls: {grown} more")
        assert report.where is not None
        line = PurePath(report.where.lines[0].what).name
        print(f"allocated in {line}")


if __name__ == "__main__":
    main()
