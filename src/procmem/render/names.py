"""
Names that a program chose, made harmless to look at.

The kernel prints names of files and programs byte for byte.  Shown as they
are they could move a terminal's cursor, change its title, or turn the rest
of the line around (U+202E), and bytes that are not UTF-8 could not be
printed at all.
"""

from __future__ import annotations

__all__ = ["cells", "printable"]

# decode(..., "surrogateescape") adds this to bytes that are not UTF-8.
_ESCAPED_BYTE = 0xDC00


def printable(text: str) -> str:
    r"""
    *text* with everything that does not show as itself written as an escape.

    That is control characters, characters that change the direction of text,
    invisible ones, unassigned ones and lone surrogates; bytes that were not
    UTF-8 come out as ``\xNN``.  What it gives can be encoded as UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if _ESCAPED_BYTE + 0x80 <= code <= _ESCAPED_BYTE + 0xFF:
        code -= _ESCAPED_BYTE
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cells(text: str) -> int:
    """
    How many columns of a terminal *text* takes, which must be printable.
    """
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(
        0 if category(char) in {"Mn", "Me"} else 1 + (east_asian_width(char) in "WF")
        for char in text
    )
