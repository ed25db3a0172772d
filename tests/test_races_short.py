"""
A few hundred of the ten thousand questions of `tests.live.test_races`.
"""

from __future__ import annotations

from functools import partial

import pytest

from tests.live import races
from tests.live.interrupting import exec_after
from tests.live.processes import execer


@pytest.mark.parametrize(
    ("race", "reads"),
    [
        (races.dying, 120),
        (races.execing, 80),
        (races.busy, 80),
        (partial(races.killed, count=300), 40),
    ],
)
def test_race(race: races.Race, reads: int) -> None:
    """
    The right numbers or the right error, nothing else, and often numbers.
    """
    tally = race(reads)

    assert reads == tally.asked
    # As few as these are only sometimes a third.
    assert tally.numbers


def test_replaced() -> None:
    """
    A process that becomes another program in the middle of a listing is read
    again.
    """
    with execer() as it:
        mappings = exec_after(3, it, again=False)

        assert races.check(mappings, it.pid, it.held)
