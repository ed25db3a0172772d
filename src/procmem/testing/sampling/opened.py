"""
A window that was opened in the helper, on the side of those who asked.
"""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from procmem.testing.sampling.sampled import Sampled, Target

if TYPE_CHECKING:
    from procmem.testing.sampling.client import Sampler

__all__ = ["SamplingWindow"]

_ENDED = (
    "The helper that looks was ended, so that what was needed before "
    "the end is not known."
)
_FORKED = (
    "The window belongs to the process that opened it, and was closed in a fork of it."
)


class SamplingWindow:
    """
    An open window; made by :meth:`Sampler.open`.
    """

    __slots__ = (
        "_generation",
        "_number",
        "_opened",
        "_owner",
        "_sampled",
        "_sampler",
        "target",
    )

    def __init__(
        self, sampler: Sampler, target: Target, number: int, generation: int
    ) -> None:
        self.target = target
        self._sampler = sampler
        self._number = number
        self._generation = generation
        self._opened = time.monotonic()
        self._owner = os.getpid()
        self._sampled: Sampled | None = None

    def close(self) -> Sampled:
        """
        End it; to do so again gives the same answer.
        """
        if self._sampled is None:
            self._sampled = self._finish()
        return self._sampled

    def _finish(self) -> Sampled:
        if os.getpid() != self._owner:
            return self._nothing(_FORKED)
        sampled = self._sampler.finish(self._number, self._generation)
        return self._nothing(_ENDED) if sampled is None else sampled

    def _nothing(self, note: str) -> Sampled:
        return Sampled(
            metric=self.target.metric,
            seconds=time.monotonic() - self._opened,
            longest_gap=time.monotonic() - self._opened,
            unobserved=None,
            unobserved_children=self.target.tree,
            complete=False,
            notes=(note,),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
