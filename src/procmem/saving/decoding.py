"""
What JSON has as values again, each checked against the type of its field.
"""

from __future__ import annotations

import math
import types
import typing
from collections import abc
from functools import cache

import attrs

from procmem import errors
from procmem.errors import ProcmemError
from procmem.saving.refusal import RefusedError

__all__ = ["Decoder", "decoder"]

Decoder = abc.Callable[[object], object]


@cache
def decoder(annotation: object) -> Decoder:
    """
    What makes a value of this type, or raises :exc:`RefusedError`.

    Args:
        annotation: A type as the fields of the public values have it.

    Raises:
        TypeError: If there is none for such a type.
    """
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {types.UnionType, typing.Union}:
        return _either(arguments)
    if origin is tuple and arguments[1:] == (...,):
        return _many(decoder(arguments[0]), tuple)
    if origin is tuple:
        return _few([decoder(argument) for argument in arguments])
    if origin is frozenset:
        return _many(decoder(arguments[0]), frozenset)
    if origin is abc.Mapping:
        pair = _few([decoder(argument) for argument in arguments])
        return _many(pair, _dict)
    if annotation is ProcmemError:
        return _error
    if isinstance(annotation, type) and attrs.has(annotation):
        return _object(annotation)
    if isinstance(annotation, type) and issubclass(annotation, str):
        return _made(annotation)
    msg = f"not to be read: {annotation!r}"
    raise TypeError(msg)


def _integer(value: object) -> object:
    # true is an int to Python.  Nothing that is written is negative.
    if type(value) is not int or value < 0:
        raise RefusedError("not a whole number")
    return value


def _number(value: object) -> object:
    if type(value) not in {int, float} or not math.isfinite(float(str(value))):
        raise RefusedError("not a number")
    return value


def _truth(value: object) -> object:
    if type(value) is not bool:
        raise RefusedError("neither true nor false")
    return value


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise RefusedError("not a text")
    return value


def _bytes(value: object) -> object:
    try:
        return str(_text(value)).encode("latin-1")
    except UnicodeEncodeError:
        raise RefusedError("not bytes as a text") from None


def _nothing(value: object) -> object:
    if value is not None:
        raise RefusedError("not null")
    return None


_PLAIN: dict[object, Decoder] = {
    int: _integer,
    float: _number,
    bool: _truth,
    str: _text,
    bytes: _bytes,
    types.NoneType: _nothing,
}


def _either(annotations: abc.Iterable[object]) -> Decoder:
    decoders = [decoder(annotation) for annotation in annotations]
    others = [each for each in decoders if each is not _nothing]
    if len(others) == 1 and len(others) < len(decoders):
        return _optional(others[0])

    def decode(value: object) -> object:
        for each in decoders:
            try:
                return each(value)
            except RefusedError:
                continue
        raise RefusedError("of none of the types that it may have")

    return decode


def _optional(one: Decoder) -> Decoder:
    """
    The same without losing what is wrong with the one type that it may have.
    """

    def decode(value: object) -> object:
        return None if value is None else one(value)

    return decode


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise RefusedError("not a list")
    return typing.cast("list[object]", value)


def _many(
    one: Decoder, collect: abc.Callable[[abc.Iterable[object]], object]
) -> Decoder:
    def decode(value: object) -> object:
        made: list[object] = []
        for index, item in enumerate(_list(value)):
            try:
                made.append(one(item))
            except RefusedError as exc:
                exc.place.append(str(index))
                raise
        return collect(made)

    return decode


def _dict(pairs: abc.Iterable[object]) -> object:
    return dict(typing.cast("abc.Iterable[tuple[object, object]]", pairs))


def _few(
    decoders: abc.Sequence[Decoder],
) -> abc.Callable[[object], tuple[object, ...]]:
    def decode(value: object) -> tuple[object, ...]:
        items = _list(value)
        if len(items) != len(decoders):
            raise RefusedError(f"not a list of {len(decoders)}")
        return tuple(each(item) for each, item in zip(decoders, items, strict=True))

    return decode


def _made(cls: type[str]) -> Decoder:
    """
    A kind of text that not every text is, such as permissions.
    """

    def decode(value: object) -> object:
        try:
            return cls(str(_text(value)))
        except ValueError as exc:
            raise RefusedError(str(exc)) from None

    return decode


def _object(cls: type[attrs.AttrsInstance]) -> Decoder:
    hints = typing.get_type_hints(cls)
    fields = {
        field.alias or field.name: hints[field.name] for field in attrs.fields(cls)
    }
    required = {
        field.alias or field.name
        for field in attrs.fields(cls)
        if field.default is attrs.NOTHING
    }

    def decode(value: object) -> object:
        if not isinstance(value, dict):
            raise RefusedError("not an object")
        given = typing.cast("dict[str, object]", value)
        values: dict[str, object] = {}
        for name, item in given.items():
            if name not in fields:
                raise RefusedError(f"has {name!r}, which is not known")
            try:
                values[name] = decoder(fields[name])(item)
            except RefusedError as exc:
                exc.place.append(name)
                raise
        if lacking := required - values.keys():
            raise RefusedError(f"lacks {', '.join(sorted(lacking))}")
        try:
            return cls(**values)
        except (TypeError, ValueError) as exc:
            raise RefusedError(str(exc)) from None

    return decode


def _error(value: object) -> object:
    """
    An error that was met, of one of the classes of :mod:`procmem.errors`.
    """
    if not isinstance(value, dict):
        raise RefusedError("not an error")
    given = typing.cast("dict[str, object]", value)
    if given.keys() != {"error", "values"}:
        raise RefusedError("not an error")
    name, values = given["error"], _list(given["values"])
    if not isinstance(name, str) or name not in errors.__all__:
        raise RefusedError("not a known error")
    cls: type[ProcmemError] = getattr(errors, name)
    return cls(*_few(_values(cls))(values))


def _values(cls: type[ProcmemError]) -> list[Decoder]:
    if cls is ProcmemError:
        return [_text]
    hints = typing.get_type_hints(cls.__init__)
    return [decoder(hint) for name, hint in hints.items() if name != "return"]
