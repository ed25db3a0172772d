"""
Timing that is fair on a noisy machine.

Two calls are never timed one after the other a hundred times each: a machine
that gets busy in between would favour one of them.  They take turns, each
round gives one ratio, and the median of the ratios is what counts.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping

Calls = Mapping[str, Callable[[], object]]
Times = dict[str, list[float]]
"""Seconds for one call, by its name: one a round."""


def take_turns(calls: Calls, *, rounds: int, sample: float) -> Times:
    """
    Time each of *calls* once a round.

    Args:
        calls: What to time, by name.

        rounds: How many rounds are timed, after one that is not.

        sample: Seconds that a timing should last at least; a call that takes
            less is made several times.
    """
    repetitions = {name: _repetitions(call, sample) for name, call in calls.items()}
    times: Times = {name: [] for name in calls}
    order = list(calls)
    for _ in range(rounds):
        for name in order:
            times[name].append(_time(calls[name], repetitions[name]))
        # Whoever comes first might always meet caches that the last one left.
        order.reverse()
    return times


def ratios(times: Times, one: str, other: str) -> tuple[float, ...]:
    """
    In each round, how many times as long *one* took as *other*.
    """
    return tuple(a / b for a, b in zip(times[one], times[other], strict=True))


def differences(times: Times, one: str, other: str) -> tuple[float, ...]:
    """
    In each round, how many milliseconds longer *one* took than *other*.
    """
    pairs = zip(times[one], times[other], strict=True)
    return tuple((a - b) * 1000 for a, b in pairs)


def _time(call: Callable[[], object], repetitions: int) -> float:
    # What earlier rounds left behind is not this one's to clean up.
    gc.collect()
    result: object = None
    start = time.perf_counter()
    for _ in range(repetitions):
        result = call()
    seconds = time.perf_counter() - start
    del result
    return seconds / repetitions


def _repetitions(call: Callable[[], object], sample: float) -> int:
    call()
    return max(1, round(sample / max(_time(call, 1), 1e-9)))
