"""
How many calls to make next, and what the readings say: the judge of
:func:`procmem.testing.assert_no_growth`, without a process.

What a program keeps shows in pages of memory, and pages come and go for other
reasons too: a cache fills up, an allocator asks for more than it needs and
returns it late, another thread works.  What tells a leak from all of that is
that it goes on: twice as many calls, twice as much.  Hence:

1. A few trial calls tell how long one takes and whether much is lost.
2. *Blocks* of calls follow, each twice as long as the one before.  A block
   *rises* if it grew by more than the limit times its calls, and by more than
   a few pages.  Everything that is bounded gets small beside the limit times
   ever more calls.
3. If the last two blocks neither rose nor fell, there is no leak, unless
   the allocators have handed out ever more all the same: then a leak fills
   up what was free before.  Otherwise blocks go on being added until two do
   not, or until time or memory is used up.  Only if then the last three have
   risen, and to a height that there has not been before, there is one.

So a function without a leak is done soon, and a verdict of growth rests on
many more calls than one of rest.
"""

from __future__ import annotations

from collections import abc
from math import ceil
from typing import NamedTuple

import attrs

__all__ = ["Block", "Course", "Plan", "Reading", "course", "grows"]

# What decides: the last blocks, all of them.
_DECISIVE = 3

# What ends the search: so many blocks in a row that neither rose nor fell.
_REST = 2

# A block is as long as it takes for the limit to make up so many pages, ...
_AIM = 16
# ... and growth of fewer than these is noise, whatever the limit.
_NOISE = 4

# The smallest block that Python's allocator hands out, in bytes: the limit to
# plan with if the limit is lower.
_SMALLEST = 16

# Growth that is visible after a single trial, in pages.
_VISIBLE = 64

# What a leak may eat before it is called one, as far as that is up to us.
_PATIENCE = 32 << 20
# A block that grew so much says enough: the next ones are not longer.
_ENOUGH = _PATIENCE // 2

# Which part of the time the trial, and the blocks that are always run, take.
_TRIAL = 1 / 10
_REGULAR = 1 / 4

# How often to look again before a block is believed to have risen.
_LOOKS = 3


class Reading(NamedTuple):
    """
    What came of it.

    Attributes:
        level: How much memory there is now, in bytes.

        seconds: How long the calls took.

        elapsed: Seconds since the beginning.

        held: What the allocators have handed out, in bytes, about.
    """

    level: int
    seconds: float
    elapsed: float
    held: int = 0


@attrs.frozen(kw_only=True)
class Block:
    """
    Some calls in a row, and the memory before and after them.

    Attributes:
        calls: How many.

        seconds: How long they took.

        before: Bytes in use before the first.

        after: Bytes in use after the last.

        allowed: By how many bytes it could grow without having *risen*: what
            the limit allows so many calls, and what pages fluctuate by.

        held: By how many bytes what the allocators have handed out has
            grown, about; it tells nothing of memory that is mapped.
    """

    calls: int
    seconds: float
    before: int
    after: int
    allowed: int
    held: int = 0

    @property
    def growth(self) -> int:
        """
        Bytes that are in use after the calls and were not before; may be
        negative.
        """
        return self.after - self.before

    @property
    def per_call(self) -> float:
        """
        The same for each call.
        """
        return self.growth / self.calls

    @property
    def rose(self) -> bool:
        """
        Whether it grew by more than is allowed.
        """
        return self.growth > self.allowed

    @property
    def fell(self) -> bool:
        """
        Whether it shrank by more than that: what was there before was more
        than what stays, and might have hidden growth.
        """
        return self.growth < -self.allowed

    @property
    def filled(self) -> bool:
        """
        Whether more objects stayed than is allowed, be it that they found
        room in what this process had already.
        """
        return self.held > self.allowed

    @property
    def rested(self) -> bool:
        """
        Whether it shows no growth, nor anything that may hide it.
        """
        return not (self.rose or self.fell or self.filled)


@attrs.frozen(kw_only=True)
class Plan:
    """
    What to find out, and at what expense.

    Attributes:
        limit: Bytes that each call may add.

        page_size: The step in which memory grows, in bytes.

        blocks: How many blocks there are at least.

        calls: Calls in the first block, or None to choose; then their number
            is limited by *max_seconds*, and blocks are added in doubt.

        max_seconds: How long it may take, about.
    """

    limit: int
    page_size: int
    blocks: int = 5
    calls: int | None = None
    max_seconds: float = 10.0

    @property
    def noise(self) -> int:
        """
        Growth in bytes up to which no block counts as risen.
        """
        return _NOISE * self.page_size

    def allowed(self, calls: int) -> int:
        """
        By how many bytes so many *calls* may grow.
        """
        return max(self.limit * calls, self.noise)


@attrs.frozen(kw_only=True)
class Course:
    """
    What was done and what it says.

    Attributes:
        trial: Calls that were made before the first block to choose its
            length; those of the warm-up are not among them.

        blocks: All blocks in order.
    """

    trial: int
    blocks: tuple[Block, ...]

    @property
    def grows(self) -> bool:
        """
        Whether memory is lost.
        """
        return grows(self.blocks)


def grows(blocks: abc.Sequence[Block]) -> bool:
    """
    Whether the last three of some blocks have all risen, and to a level that
    there has not been before, by more than the last of them was allowed.

    Memory that is freed every so often may rise three times in a row: if the
    blocks are to its period as three points on the slope of a saw's teeth.
    But it comes to no new heights.
    """
    earlier, decisive = blocks[:-_DECISIVE], blocks[-_DECISIVE:]
    if not all(block.rose for block in decisive):
        return False
    highest = max([decisive[0].before, *(block.before for block in earlier)])
    return decisive[-1].after - highest > decisive[-1].allowed


def course(plan: Plan) -> abc.Generator[int, Reading, Course]:
    """
    The whole course, a step at a time: yields how often to call next (0 to
    wait a little instead), is sent what came of it, and returns the result.
    """
    last = yield 0
    initial = last.level
    trial, calls = 0, plan.calls or 1
    if plan.calls is None:
        trial, calls, last = yield from _try(plan, last)
    blocks: list[Block] = []
    while len(blocks) < plan.blocks or _is_open(plan, blocks, initial, last):
        before = last
        last = yield from _run(plan, calls, before)
        blocks.append(_block(plan, calls, before, last))
        enough = max(blocks[-1].growth, blocks[-1].held) > _ENOUGH
        if plan.calls is not None or not enough:
            calls *= 2
    return Course(trial=trial, blocks=tuple(blocks))


def _run(
    plan: Plan, calls: int, before: Reading
) -> abc.Generator[int, Reading, Reading]:
    """
    Some calls, and the lowest of some readings if there seems to be growth.

    What another thread, or a callback that is due, holds for a moment is gone
    a moment later.  A leak is not.
    """
    done = yield calls
    for _ in range(_LOOKS):
        if done.level - before.level <= plan.allowed(calls):
            break
        again = yield 0
        level = min(done.level, again.level)
        done = Reading(level, done.seconds, again.elapsed, again.held)
    return done


def _block(plan: Plan, calls: int, before: Reading, after: Reading) -> Block:
    return Block(
        calls=calls,
        seconds=after.seconds,
        before=before.level,
        after=after.level,
        allowed=plan.allowed(calls),
        held=after.held - before.held,
    )


def _try(
    plan: Plan, last: Reading
) -> abc.Generator[int, Reading, tuple[int, int, Reading]]:
    """
    Calls to find out how many to make.

    Returns:
        How many were made, how many to begin with, and the last reading.
    """
    # The first of the blocks that decide is this much longer than the first.
    scale = 2 ** (plan.blocks - _DECISIVE)
    aim = _AIM * plan.page_size / max(plan.limit, _SMALLEST) / scale
    made, calls, visible = 0, 1, 0
    while True:
        before = last
        last = yield calls
        made += calls
        growth = last.level - before.level
        visible = visible + 1 if growth > _VISIBLE * plan.page_size else 0
        if visible == 2:
            # Much is lost: a few calls show it, and many might take too much.
            aim = min(aim, calls / 4)
        if calls >= aim or last.elapsed + 4 * last.seconds > plan.max_seconds * _TRIAL:
            break
        if 4 * growth <= _ENOUGH:
            calls = min(4 * calls, ceil(aim))
    # In all, the regular blocks are as long as so many of the first.
    firsts = 2**plan.blocks - 1
    if last.seconds > 0:
        time = plan.max_seconds * _REGULAR / firsts
        aim = min(aim, calls * time / last.seconds)
    return made, max(1, ceil(aim)), last


def _is_open(
    plan: Plan, blocks: abc.Sequence[Block], initial: int, last: Reading
) -> bool:
    """
    Whether more blocks could change the verdict, and may be run.
    """
    if plan.calls is not None:
        return False
    # One may come to rest by accident, as when something else is freed.
    if all(block.rested for block in blocks[-_REST:]):
        return False
    # The next block takes twice as long as this one.
    if last.elapsed + 2 * last.seconds > plan.max_seconds:
        return False
    return not grows(blocks) or last.level - initial < _PATIENCE
