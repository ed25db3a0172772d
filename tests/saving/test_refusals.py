"""
What is not written, and what is not read: each place of a document has a type.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import pytest

import procmem
from procmem.errors import ParseError, ProcmemError
from procmem.saving.decoding import decoder
from procmem.saving.documents import from_bytes, to_bytes
from procmem.saving.encoding import encoded
from procmem.saving.refusal import RefusedError


def document(change: Callable[[dict[str, Any]], object]) -> bytes:
    """
    A saved group of which something is different.
    """
    error = procmem.AccessDeniedError(3, "smaps", "root")
    content = json.loads(to_bytes(procmem.Group(unreadable={3: error}, gone=(8,))))
    change(content)
    return json.dumps(content).encode() + b"\n"


def refused(annotation: object, value: object) -> RefusedError:
    """
    Why a value is not taken for one of a type.
    """
    with pytest.raises(RefusedError) as caught:
        decoder(annotation)(value)
    return caught.value


class TestPlain:
    @pytest.mark.parametrize(
        ("annotation", "good", "bad", "reason"),
        [
            (int, 7, True, "not a whole number"),
            (int, 0, -1, "not a whole number"),
            (float, 0.5, float("inf"), "not a number"),
            (float, 1, True, "not a number"),
            (bool, False, 0, "neither true nor false"),
            (bool, True, None, "neither true nor false"),
            (str, "", None, "not a text"),
            (type(None), None, False, "not null"),
            (type(None), None, "", "not null"),
        ],
    )
    def test_types(
        self, annotation: object, good: object, bad: object, reason: str
    ) -> None:
        """
        Each type takes its values as they are, and nothing that looks alike.
        """
        taken = decoder(annotation)(good)

        assert (good, type(good)) == (taken, type(taken))
        assert reason in str(refused(annotation, bad))

    def test_bytes(self) -> None:
        """
        Bytes are a text of as many characters, none of them above 255.
        """
        data = bytes(range(256))

        assert data == decoder(bytes)(encoded(data))
        assert "not bytes as a text" in str(refused(bytes, "\u0100"))
        assert "not a text" in str(refused(bytes, [1]))


class TestEither:
    def test_the_first_that_fits(self) -> None:
        """
        Where several types may stand, a value is of the first that takes it.
        """
        decode = decoder(int | str | None)

        assert [1, "1", None] == [decode(value) for value in (1, "1", None)]
        assert "of none of the types that it may have" in str(refused(int | str, 1.5))

    def test_one_or_nothing(self) -> None:
        """
        Where one may be missing, what is wrong with it is not lost.
        """
        assert decoder(bool | None)(None) is None
        assert "neither true nor false" in str(refused(bool | None, 1))

    def test_place(self) -> None:
        """
        How deep it may be, the reason says where.
        """
        annotation = Mapping[str, tuple[int, ...]]

        assert {"a": (1, 2)} == decoder(annotation)([["a", [1, 2]]])
        with pytest.raises(ParseError) as caught:
            from_bytes(document(lambda content: content.update(gone=[8, "9"])))
        assert "gone.1: not a whole number" in caught.value.reason


@attrs.frozen
class Stranger:
    """
    A value that holds something that is never written.
    """

    content: object


class TestUnknown:
    @pytest.mark.parametrize("value", [object(), [1], bytearray(b"x"), 1j])
    def test_not_written(self, value: object) -> None:
        """
        What is none of our values is an error of the program, at any depth;
        it is never written as something else.
        """
        name = type(value).__name__
        for holder in (value, (value,), {"key": value}, Stranger(value)):
            with pytest.raises(TypeError, match=f"^not to be written: {name}$"):
                encoded(holder)

    @pytest.mark.parametrize("annotation", [list[int], complex, dict[str, int]])
    def test_not_read(self, annotation: object) -> None:
        """
        Nor is there anything to read a field of another type with.
        """
        with pytest.raises(TypeError, match="not to be read: "):
            decoder(annotation)
        with pytest.raises(TypeError, match="not to be read: "):
            decoder(tuple[annotation, ...])  # type: ignore[valid-type]


class TestErrors:
    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("no error", "not an error"),
            ({"error": "ParseError"}, "not an error"),
            ({"error": "ParseError", "values": [], "more": 1}, "not an error"),
            ({"error": "ParseError", "values": {}}, "not a list"),
            ({"error": "SystemExit", "values": []}, "not a known error"),
            ({"error": "__all__", "values": []}, "not a known error"),
            ({"error": 7, "values": []}, "not a known error"),
            ({"error": "ProcessGoneError", "values": []}, "not a list of 1"),
            ({"error": "ProcessGoneError", "values": ["8"]}, "not a whole number"),
            ({"error": "ProcmemError", "values": [8]}, "not a text"),
        ],
    )
    def test_refused(self, value: object, reason: str) -> None:
        """
        Only errors of procmem come back, made of values that they take.
        """
        assert reason in str(refused(ProcmemError, value))
        with pytest.raises(ParseError, match=reason):
            from_bytes(document(lambda c: c.update(unreadable=[[3, value]])))

    def test_found_again(self) -> None:
        """
        One that was not tampered with is the same error.
        """
        found = from_bytes(document(lambda _: None))

        assert isinstance(found, procmem.Group)
        assert isinstance(found.unreadable[3], procmem.AccessDeniedError)
        assert (3, "smaps", "root") == found.unreadable[3].args
