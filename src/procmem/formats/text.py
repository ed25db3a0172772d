"""
What the text files have in common.
"""

from __future__ import annotations

from collections import abc

from procmem.errors import ParseError

__all__ = [
    "MAX_DIGITS",
    "MalformedLineError",
    "Memo",
    "check_whole",
    "decode",
    "number",
    "piece_of",
]

# An unsigned 64-bit number has at most this many digits.  int() would take
# any number of them, slowly, and from 4,300 on refuse in its own way.
MAX_DIGITS = 20

_SMALLEST_PIECE = 16 * 1024


class MalformedLineError(Exception):
    """
    One of several lines is not the kernel's; becomes a ParseError above.

    Attributes:
        index: Which of the lines, counted from 0.

        reason: What is wrong.
    """

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(index, reason)
        self.index = index
        self.reason = reason


class Memo(dict[bytes, object]):
    """
    A function of bytes that is asked the same few questions again and again.
    """

    __slots__ = ("_answer",)

    def __init__(self, answer: abc.Callable[[bytes], object]) -> None:
        self._answer = answer

    def __missing__(self, text: bytes) -> object:
        answer = self[text] = self._answer(text)
        return answer


def check_whole(data: bytes, file: str) -> None:
    """
    Refuse text whose last line was cut.

    The kernel ends every line; a read that was cut short might end
    anywhere, and half a number or half a name would look like a whole one.
    """
    if data and not data.endswith(b"\n"):
        start = data.rfind(b"\n") + 1
        number_of_line = data.count(b"\n") + 1
        msg = "the last line is cut short"
        raise ParseError(msg, file, number_of_line, data[start:])


def piece_of(data: bytes, largest: int) -> int:
    """
    How many bytes of *data* to take apart at a time.

    What that needs is some times the piece, and is to stay below what the
    text itself takes; but a piece has costs of its own.
    """
    return min(largest, max(len(data) // 4, _SMALLEST_PIECE))


def decode(text: bytes) -> str:
    """
    Text of any encoding as a string that can be encoded back.

    Not :func:`os.fsdecode`: the bytes may come from another machine.
    """
    return text.decode("utf-8", "surrogateescape")


def number(digits: bytes) -> int:
    """
    A decimal number as the kernel prints them.

    Raises:
        ValueError: If it is anything else, a sign or a space included.
    """
    if not digits.isdigit() or len(digits) > MAX_DIGITS:
        msg = "not a number"
        raise ValueError(msg)
    return int(digits)
