"""
Making thousands of frozen objects at once.

``smaps`` of a large process gives thousands of objects of two dozen fields.
The ``__init__`` of a frozen attrs class sets each field by a call, because
plain assignment is what the class forbids.  Here each object is born as a
*draft*, of a class with the same slots that forbids nothing, whose fields a
function written for the class fills by plain assignment; then it is given its
real class.  That takes a fifth of the time.  The price is that validators and
converters do not run, so it is for values that were checked already: by the
grammar of a parser, or as part of another object.
"""

from __future__ import annotations

from collections import abc
from functools import cache
from itertools import repeat
from typing import TypeVar, cast

import attrs

__all__ = ["Slotted", "build", "build_rows"]

_T = TypeVar("_T", bound=attrs.AttrsInstance)


class Slotted:
    """
    Base of classes whose instances can be built in bulk.

    Python lets an object change its class only if both get ``__weakref__``
    from the same base.
    """

    __slots__ = ("__weakref__",)


def build(
    cls: type[_T],
    count: int,
    columns: abc.Mapping[str, abc.Iterable[object]],
) -> list[_T]:
    """
    *count* instances of a slotted attrs class.

    ``build(cls, n, columns)[i]`` equals what ``cls`` makes of the *i*-th
    value of every column.

    Args:
        cls: A slotted attrs class that inherits from :class:`Slotted` alone
            and has no ``__attrs_post_init__``.

        count: How many instances to make.

        columns: Values by attribute name, *count* each.  An attribute that
            is not named here gets its default.
    """
    rows = zip(
        *(
            columns.get(field.name) or repeat(field.default, count)
            for field in attrs.fields(cls)
        ),
        strict=True,
    )
    return build_rows(cls, rows)


def build_rows(cls: type[_T], rows: abc.Iterable[tuple[object, ...]]) -> list[_T]:
    """
    The same from rows: the values of all fields, in the order of the fields.
    """
    return cast("list[_T]", _filler(cls)(rows))


@cache
def _filler(
    cls: type[attrs.AttrsInstance],
) -> abc.Callable[[abc.Iterable[tuple[object, ...]]], list[object]]:
    names = [field.name for field in attrs.fields(cls)]
    draft = type(f"{cls.__name__}Draft", (Slotted,), {"__slots__": names})
    values = ", ".join(f"v{number}" for number in range(len(names)))
    source = [
        "def fill(rows):",
        "    made = []",
        "    append = made.append",
        f"    for {values} in rows:",
        "        one = Draft()",
        *(f"        one.{name} = v{number}" for number, name in enumerate(names)),
        "        one.__class__ = Class",
        "        append(one)",
        "    return made",
    ]
    space: dict[str, object] = {"Draft": draft, "Class": cls}
    exec("\n".join(source), space)  # noqa: S102 # as attrs makes an __init__
    return cast("abc.Callable[[abc.Iterable[object]], list[object]]", space["fill"])
