"""
Measure how fast procmem is, as ratios to raw reads and to other tools.

All figures of time are taken in turns and compared within one run; what
counts is the median over the rounds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bench import (
    budget,
    group,
    imports,
    mappings,
    memory,
    pages,
    pss,
    report,
    sampler,
    scan,
    totals,
    verdicts,
)
from bench.figures import Figure, Measured
from bench.scale import FULL, QUICK, Scale

BENCHMARKS: dict[str, Callable[[Scale], Measured]] = {
    "pss": pss.run,
    "mappings": mappings.run,
    "totals": totals.run,
    "pages": pages.run,
    "scan": scan.run,
    "group": group.run,
    "budget": budget.run,
    "sampler": sampler.run,
    "verdicts": verdicts.run,
    "imports": imports.run,
    "memory": memory.run,
}


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    unknown = set(options.names) - BENCHMARKS.keys()
    if unknown:
        print(f"no such benchmark: {' '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    scale = QUICK if options.quick else FULL
    print(", ".join(f"{key} {value}" for key, value in report.machine().items()))
    rows: list[report.Row] = []
    for name in options.names or BENCHMARKS:
        print(f"\n{name}", flush=True)
        for item in BENCHMARKS[name](scale):
            print(report.describe(item), flush=True)
            rows.append((name, item))
    print(f"\n{report.table(rows)}")
    if options.json is not None:
        report.save(rows, options.json)
    missed = [item for _, item in rows if isinstance(item, Figure) and not item.holds]
    missed = [item for item in missed if item.limit is not None]
    return 1 if options.check and missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}"
    )
    parser.add_argument(
        "--quick", action="store_true", help="few rounds: a first look, with noise"
    )
    parser.add_argument(
        "--check", action="store_true", help="fail if a limit is missed"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="save all values there"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
