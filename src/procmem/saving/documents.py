r"""
The document that stands in a file, as bytes and back.

It is an object with the keys ``procmem`` (``"snapshot"`` or ``"group"``),
``version``, and the fields of what it holds.  Sizes are bytes.  A field that
is missing has no key.  Names are as the kernel prints them; of bytes that are
not UTF-8, 0x80 to 0xff, each is written as ``\udc80`` to ``\udcff``.
"""

from __future__ import annotations

import json
from collections import abc
from typing import TYPE_CHECKING, NoReturn, cast

from procmem.errors import ParseError
from procmem.saving.decoding import decoder
from procmem.saving.encoding import JSON, encoded
from procmem.saving.refusal import RefusedError

if TYPE_CHECKING:
    from procmem.groups.group import Group
    from procmem.snapshots import Snapshot

__all__ = ["VERSION", "from_bytes", "to_bytes"]

VERSION = 1
"""Rises with every change that an older procmem would not understand."""

_KIND = "procmem"
_LEFT_OUT = frozenset({"pages"})

# What is longer gets a line for each of its parts.
_LONG = 1000
_SHOWN = 200


def to_bytes(thing: Snapshot | Group) -> bytes:
    """
    The document of a snapshot or of a group, in ASCII.

    Raises:
        TypeError: If it is neither.
    """
    kind = next((kind for kind, cls in _kinds().items() if type(thing) is cls), None)
    content = None if kind is None else encoded(thing, leave_out=_LEFT_OUT)
    if not isinstance(content, dict):
        msg = f"neither a snapshot nor a group: {type(thing).__name__}"
        raise TypeError(msg)
    document: dict[str, JSON] = {_KIND: kind, "version": VERSION, **content}
    lines = (f"{json.dumps(key)}: {_text(value)}" for key, value in document.items())
    return "".join(("{\n", ",\n".join(lines), "\n}\n")).encode("ascii")


def _kinds() -> dict[str, type[Snapshot | Group]]:
    from procmem.groups.group import Group
    from procmem.snapshots import Snapshot

    return {"snapshot": Snapshot, "group": Group}


def _text(value: JSON) -> str:
    """
    JSON in lines that a person can find something in: one for each mapping.
    """
    text = json.dumps(value)
    if len(text) < _LONG or not value:
        return text
    if isinstance(value, list):
        items = ",\n".join(map(_text, value))
        return f"[\n{items}\n]"
    if isinstance(value, dict) and any(isinstance(v, list) for v in value.values()):
        parts = (f"{json.dumps(key)}: {_text(item)}" for key, item in value.items())
        return "{{\n{}\n}}".format(",\n".join(parts))
    return text


def from_bytes(data: bytes, *, file: str = "saved") -> Snapshot | Group:
    """
    What a document holds.

    Args:
        data: The whole document.

        file: What to call it in errors.

    Raises:
        ParseError: If it is no such document, not whole, or newer.
    """
    try:
        return _decoded(_parsed(data))
    except RefusedError as exc:
        lines = data.split(b"\n", 1)
        raise ParseError(str(exc), file, 1, lines[0]) from None
    except json.JSONDecodeError as exc:
        lines = data.split(b"\n")
        number = min(exc.lineno, len(lines))
        reason = f"not JSON, or not all of it: {exc.msg}"
        raise ParseError(reason, file, number, lines[number - 1]) from None


def _parsed(data: bytes) -> dict[str, object]:
    try:
        text = data.decode("ascii")
        found: object = json.loads(
            text, object_pairs_hook=_once_each, parse_constant=_refuse
        )
    except json.JSONDecodeError:
        raise
    except UnicodeDecodeError:
        raise RefusedError("not the text that procmem writes") from None
    except RecursionError:
        raise RefusedError("too deep") from None
    except ValueError as exc:
        # Numbers with more digits than Python takes.
        raise RefusedError(str(exc)) from None
    if not isinstance(found, dict) or _KIND not in found:
        raise RefusedError("not written by procmem")
    if not data.endswith(b"}\n"):
        raise RefusedError("the end is missing")
    return cast("dict[str, object]", found)


def _once_each(pairs: abc.Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RefusedError("a key stands there twice")
    return found


def _refuse(word: str) -> NoReturn:
    raise RefusedError(f"{word} is not a number")


def _decoded(document: dict[str, object]) -> Snapshot | Group:
    kind, version = document.pop(_KIND), document.pop("version", None)
    if type(version) is not int or version < 1:
        raise RefusedError("no version")
    if version > VERSION:
        raise RefusedError(
            f"version {version} was written by a newer procmem; this one knows "
            f"version {VERSION}"
        )
    kinds = _kinds()
    if not isinstance(kind, str) or kind not in kinds:
        shown = repr(kind)[:_SHOWN]
        raise RefusedError(f"neither a snapshot nor a group but {shown}")
    if _LEFT_OUT & document.keys():
        raise RefusedError("has pages, which are never written")
    decode = decoder(cast("abc.Hashable", kinds[kind]))
    return cast("Snapshot | Group", decode(document))
