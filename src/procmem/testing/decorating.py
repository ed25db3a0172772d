"""
A budget around every call of a function, whether it is async or not.
"""

from __future__ import annotations

import functools
import inspect
from collections import abc
from contextlib import AbstractContextManager
from typing import ParamSpec, TypeVar, cast

__all__ = ["around_calls"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

Open = abc.Callable[[], AbstractContextManager[object]]


def around_calls(function: abc.Callable[_P, _R], window: Open) -> abc.Callable[_P, _R]:
    """
    *function* with a window of its own around each call.

    Args:
        function: A function or method, async or not.

        window: Makes a window.

    Raises:
        TypeError: If it is something else, or a generator: whose body runs
            when it is iterated over, long after the call.
    """
    _refuse_others(function)
    if inspect.iscoroutinefunction(function):
        start = cast("abc.Callable[_P, abc.Awaitable[object]]", function)

        async def awaited(*args: _P.args, **kwargs: _P.kwargs) -> object:
            __tracebackhide__ = True
            with window():
                return await start(*args, **kwargs)

        functools.update_wrapper(awaited, function)
        # What the function returns is a coroutine, and so is this.
        return cast("abc.Callable[_P, _R]", awaited)

    def called(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        __tracebackhide__ = True
        with window():
            return function(*args, **kwargs)

    functools.update_wrapper(called, function)
    return called


def _refuse_others(function: object) -> None:
    kind = type(function).__name__
    if kind in {"staticmethod", "classmethod", "property"}:
        msg = f"put the budget below @{kind}, next to the function"
        raise TypeError(msg)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        name = getattr(function, "__qualname__", repr(function))
        msg = (
            f"{name} is a generator: its body runs when it is iterated over, "
            f"so use the budget in a with statement inside it or around the loop"
        )
        raise TypeError(msg)
    if isinstance(function, type):
        msg = f"{function.__qualname__} is a class: put the budget on its methods"
        raise TypeError(msg)
    if not callable(function):
        msg = f"a budget decorates functions, not {kind}"
        raise TypeError(msg)
