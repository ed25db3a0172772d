"""
How often to look, and when a full reading may be paid for.

Looking has a price, and whoever looks promises not to take more than a small
part of one core.  Two purses hold that: ticks are spread so that they stay
within theirs, and a rollup, which costs some 10 ms for each GiB, is read when
the other one has been filled.
"""

from __future__ import annotations

__all__ = ["Pace"]

# Of one core.  Together less than the 2 % that are promised: waking up, and
# whatever is not foreseen, need some as well.
_FOR_TICKS = 0.65
_FOR_READING = 0.25

# What can be saved, in seconds: a spike of several hundred MiB is read at
# once, and while something moves, ticks come faster than they can for long.
_READING_SAVED = 0.006

# What may be spent in advance on a reading that promises much, in seconds of
# processor time for each part of the share: what is not read then may be over
# before it can be paid for.  All of it for a twelfth more than is known.
_IN_ADVANCE = 3.0
_PROMISING = 12

# How much of that may be spent where there is no need to.
_WITHOUT_NEED = 0.25
_TICKS_SAVED = 0.004

# What a tick costs is averaged over so many; one that met many newcomers, or
# cold caches, is no rule.
_MEMORY = 8
_OUTLIER = 4

# While nothing moves, a tenth is put by.
_PUT_BY = 0.9

# While something moves, look twice as often.
_QUICK = 2

_LONGEST = 2.0


class Pace:
    """
    Two purses of processor time.

    Args:
        share: What may be spent in the long run, as a part of one core.

        interval: Seconds between two ticks, where they cost little.

        now: When it begins.
    """

    __slots__ = (
        "_advance",
        "_cost",
        "_filled",
        "_for_reading",
        "_for_ticks",
        "_interval",
        "_reading",
        "_ticks",
    )

    def __init__(self, *, share: float, interval: float, now: float) -> None:
        self._for_ticks = share * _FOR_TICKS
        self._for_reading = share * _FOR_READING
        self._advance = share * _IN_ADVANCE
        self._interval = interval
        self._cost = 0.0
        self._reading = _READING_SAVED
        self._ticks = _TICKS_SAVED
        self._filled = now

    def fill(self, now: float, largest: float) -> None:
        """
        Put in what has been earned.

        Args:
            now: The time.

            largest: What the dearest reading is expected to cost, which it
                must be possible to save up for.
        """
        passed = now - self._filled
        self._filled = now
        self._reading = min(
            self._reading + passed * self._for_reading,
            max(_READING_SAVED, 1.1 * largest),
        )
        self._ticks = min(self._ticks + passed * self._for_ticks, _TICKS_SAVED)

    def affords(self, cost: float, promise: float = 0.0) -> bool:
        """
        Whether a reading that costs so much can be paid for.

        Args:
            cost: Seconds of processor time.

            promise: How much more it may show than is known, as a part of
                that: much is worth a debt.
        """
        debt = self._debt(promise)
        return self._reading >= cost or (debt > 0 and self._reading + debt > 0)

    def affords_all(self, cost: float, promise: float) -> bool:
        """
        The same, where a part would do: enough must be left for the next.
        """
        return self._reading - cost >= -self._debt(promise) * _WITHOUT_NEED

    def _debt(self, promise: float) -> float:
        return self._advance * min(1.0, promise * _PROMISING)

    def pay(self, cost: float) -> None:
        """
        Take out what a reading has cost.
        """
        self._reading -= cost

    def pause(self, cost: float, *, moving: bool) -> float:
        """
        Seconds until the next tick.

        Args:
            cost: What this one has cost without readings.

            moving: Whether it saw something change.
        """
        self._ticks -= cost
        if self._cost:
            cost = min(cost, _OUTLIER * self._cost)
            self._cost += (cost - self._cost) / _MEMORY
        else:
            self._cost = cost
        if moving and self._ticks > self._cost:
            return self._interval / _QUICK
        affordable = self._cost / (self._for_ticks * _PUT_BY)
        return min(max(self._interval, affordable), _LONGEST)
