"""
Values as what JSON has: objects, lists, numbers and texts.
"""

from __future__ import annotations

from collections import abc
from functools import cache
from typing import TypeAlias, Union, cast

import attrs

from procmem import errors
from procmem.errors import ProcmemError

__all__ = ["JSON", "encoded"]

JSON: TypeAlias = Union[bool, int, float, str, "list[JSON]", "dict[str, JSON]", None]


_Collection = tuple[object, ...] | frozenset[object] | abc.Mapping[object, object]


def encoded(value: object, *, leave_out: abc.Container[str] = ()) -> JSON:
    """
    A value, and all that is in it.

    Of an attrs object a field that has its default, such as a missing
    counter, is left out.

    Args:
        value: Anything that the public values of procmem are made of.

        leave_out: Fields of this very object that are not to be written.

    Raises:
        TypeError: If it is made of something else.
    """
    match value:
        case None | bool() | float():
            return value
        case int():
            return int(value)
        case str():
            # Permissions and its like are texts too.
            return str(value)
        case bytes():
            return value.decode("latin-1")
        case ProcmemError():
            return _error(value)
        case tuple() | frozenset() | abc.Mapping():
            return _collection(cast("_Collection", value))
        case _:
            return _object(value, leave_out)


def _collection(value: _Collection) -> JSON:
    if isinstance(value, tuple):
        return [encoded(item) for item in value]
    if isinstance(value, frozenset):
        return [*sorted(map(str, value))]
    return [[encoded(key), encoded(item)] for key, item in value.items()]


def _object(value: object, leave_out: abc.Container[str]) -> JSON:
    cls = type(value)
    if not attrs.has(cls):
        msg = f"not to be written: {cls.__name__}"
        raise TypeError(msg)
    written: dict[str, JSON] = {}
    for name, key, default in _fields(cls):
        content: object = getattr(value, name)
        if name not in leave_out and not _is_default(content, default):
            written[key] = encoded(content)
    return written


def _is_default(value: object, default: object) -> bool:
    # 0 and False are equal, and a missing counter is neither.
    return type(value) is type(default) and value == default


@cache
def _fields(cls: type[attrs.AttrsInstance]) -> list[tuple[str, str, object]]:
    """
    Of each field the attribute, the key, and the default.
    """
    return [
        (field.name, field.alias or field.name, _default(field.default))
        for field in attrs.fields(cls)
    ]


def _default(default: object) -> object:
    factory: object = getattr(default, "factory", None)
    return factory() if callable(factory) else default


def _error(error: ProcmemError) -> JSON:
    name = type(error).__name__
    if name in errors.__all__:
        return {"error": name, "values": [encoded(value) for value in error.args]}
    # One of a layer above: what it says is kept.
    return {"error": "ProcmemError", "values": [str(error)]}
