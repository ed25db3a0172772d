"""
Sizes in bytes: as text that a person writes, as text that a person reads,
and as an integer that shows itself readably in a notebook.
"""

from __future__ import annotations

import operator
import re
from typing import Protocol

__all__ = ["Size", "format_size", "parse_size"]

_KIB = 1024
_POWERS_OF_1000 = {"B": 0, "kB": 1, "MB": 2, "GB": 3, "TB": 4}
_POWERS_OF_1024 = {"KiB": 1, "MiB": 2, "GiB": 3, "TiB": 4}
_UNITS = {
    **{unit: 1000**power for unit, power in _POWERS_OF_1000.items()},
    **{unit: 1024**power for unit, power in _POWERS_OF_1024.items()},
}

# No size is longer, and int() refuses some thousand digits in its own way.
_LONGEST = 100

# One space or none; ASCII digits, with underscores between them as in Python.
_TEXT = re.compile(
    r"(?P<whole>[0-9]+(?:_[0-9]+)*)(?:\.(?P<part>[0-9]+))? ?(?P<unit>[A-Za-z]+)"
)


def parse_size(value: int | str) -> int:
    """
    A size that a person wrote, in bytes.

    ``kB``, ``MB``, ``GB`` and ``TB`` are powers of 1000, ``KiB``, ``MiB``,
    ``GiB`` and ``TiB`` powers of 1024.  Note that tools which read ``"24
    MB"`` as 24 times 1,048,576 bytes mean what is ``"24 MiB"`` here.

    Args:
        value: Bytes as an integer, or a number and a unit as text.  What is
            not a whole number of bytes is rounded to the nearest.

    Raises:
        ValueError: If the size is negative, or the text is not a number
            followed by one of the units, spelled as above.

        TypeError: If it is neither an integer nor text.
    """
    if isinstance(value, bool):
        msg = "a size is an integer or text, not bool"
        raise TypeError(msg)
    if not isinstance(value, str):
        if (size := operator.index(value)) < 0:
            msg = f"a size cannot be negative: {value}"
            raise ValueError(msg)
        return size
    found = _TEXT.fullmatch(value) if len(value) <= _LONGEST else None
    if found is None or found["unit"] not in _UNITS:
        msg = (
            f"not a size: {value!r}; write a number and one of "
            f"{', '.join(_UNITS)}, for example '24 MiB'"
        )
        raise ValueError(msg)
    part = found["part"] or ""
    return _divide(int(found["whole"] + part) * _UNITS[found["unit"]], 10 ** len(part))


def _divide(number: int, divisor: int) -> int:
    """
    *number* by *divisor* to the nearest integer, without a float between.
    """
    return (2 * number + divisor) // (2 * divisor)


def format_size(size: int, *, decimals: int | None = None) -> str:
    """
    A size for people, in units of 1024: ``"24.1 MiB"``, ``"312 B"``.

    What it gives is understood by :func:`parse_size`, unless it is negative.

    Args:
        size: Bytes; a difference may be negative.

        decimals: Digits after the point.  With None, one digit where that
            is exact and otherwise as many as it takes to get the very same
            number of bytes back when the text is read.
    """
    sign, rest = ("-", -size) if size < 0 else ("", int(size))
    if rest < _KIB:
        return f"{sign}{rest} B"
    unit = max(
        (unit for unit in _POWERS_OF_1024 if _UNITS[unit] <= rest),
        key=_UNITS.__getitem__,
    )
    if decimals is not None:
        text = _decimal(rest, unit, decimals)
        if text.startswith("1024") and unit != "TiB":
            # 1023.96 KiB must not print as 1024.0 KiB.
            return sign + format_size(_UNITS[unit] * _KIB, decimals=decimals)
        return sign + text
    decimals = 1
    while parse_size(text := _decimal(rest, unit, decimals)) != rest:
        decimals += 1
    return sign + text


def _decimal(size: int, unit: str, decimals: int) -> str:
    shifted = _divide(size * 10**decimals, _UNITS[unit])
    if not decimals:
        return f"{shifted} {unit}"
    whole, part = divmod(shifted, 10**decimals)
    return f"{whole}.{part:0{decimals}d} {unit}"


class _Printer(Protocol):
    """
    As much of IPython's pretty printer as is needed here.
    """

    def text(self, obj: str, /) -> None: ...


class Size(int):
    """
    A number of bytes.

    It is an :class:`int` in every respect; a notebook shows the readable
    size beside the number.
    """

    __slots__ = ()

    def _repr_pretty_(self, printer: _Printer, cycle: bool) -> None:
        """
        What IPython and Jupyter show for a result.
        """
        printer.text(f"{int(self)} ({format_size(self, decimals=1)})")
