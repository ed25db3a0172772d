"""
What is saved comes back as it was, and nothing else comes back at all.
"""

from __future__ import annotations

import json
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import procmem
from procmem.errors import ParseError
from procmem.saving.documents import from_bytes, to_bytes
from tests.differences.readings import LOW, MIB, file, memory, reading, snapshots
from tests.kernel.strategies import statuses

_FEW = settings(max_examples=40)


@st.composite
def evidences(draw: st.DrawFn) -> procmem.Evidence:
    """
    Evidence of any kind.
    """
    texts = st.lists(st.text(max_size=5), max_size=2).map(tuple)
    return procmem.Evidence(
        method=draw(st.sampled_from(["none", "kernel", "pages"])),
        files=draw(texts),
        seconds=draw(st.none() | st.floats(0, 1e9)),
        missing=draw(texts),
        moved=draw(st.none() | st.integers(0, 2**63)),
        bounds=draw(
            st.dictionaries(
                st.sampled_from(["pss", "uss"]),
                st.tuples(st.integers(0, 9), st.integers(9, 2**60)),
            )
        ),
        notes=draw(texts),
    )


@st.composite
def whole(draw: st.DrawFn) -> procmem.Snapshot:
    """
    Any snapshot, with everything that it may have but pages.
    """
    made = draw(snapshots())
    evidence = draw(evidences())
    return attrs.evolve(
        made,
        taken=draw(st.floats(0, 2**33)),
        usage=attrs.evolve(made.usage, evidence=evidence),
        mappings=attrs.evolve(made.mappings, evidence=draw(evidences())),
        status=draw(statuses(draw(st.sampled_from(["6.18", "4.4"])))),
    )


def sample() -> procmem.Snapshot:
    """
    A small snapshot with a name that is not UTF-8.
    """
    return reading([memory(LOW, MIB, "[heap]"), file(LOW + 2 * MIB, "/a\udcff b ")])


def document(**changed: object) -> bytes:
    """
    A saved snapshot of which something is different; None leaves it out.
    """
    content: dict[str, Any] = {**json.loads(to_bytes(sample())), **changed}
    kept = {key: value for key, value in content.items() if value is not None}
    return f"{json.dumps(kept)}\n".encode()


class TestRoundTrip:
    @_FEW
    @given(whole())
    def test_snapshot(self, expected: procmem.Snapshot) -> None:
        """
        A snapshot comes back equal, and so does what equality leaves out.
        """
        found = from_bytes(to_bytes(expected))

        assert isinstance(found, procmem.Snapshot)
        assert expected == found
        assert pickle.dumps(attrs.astuple(expected, recurse=False)[1]) == pickle.dumps(
            attrs.astuple(found, recurse=False)[1]
        )
        assert expected.usage.evidence == found.usage.evidence
        assert expected.mappings.evidence == found.mappings.evidence
        assert [m.vm_flags for m in expected.mappings] == [
            m.vm_flags for m in found.mappings
        ]
        assert list(map(type, expected.mappings)) == list(map(type, found.mappings))

    @_FEW
    @given(whole())
    def test_is_ascii(self, snapshot: procmem.Snapshot) -> None:
        """
        The document is ASCII, ends with a newline, and is JSON to others.
        """
        data = to_bytes(snapshot)

        assert data.isascii()
        assert data.endswith(b"}\n")
        assert ["snapshot", 1] == [json.loads(data)[k] for k in ("procmem", "version")]

    def test_missing_stays_missing(self) -> None:
        """
        A counter that was not printed has no key, and 0 has one.
        """
        bare = attrs.evolve(sample(), usage=procmem.Usage(rss=0))

        assert {"rss": 0} == json.loads(to_bytes(bare))["usage"]
        assert from_bytes(to_bytes(bare)).usage.get("pss") is None

    def test_from_pages(self) -> None:
        """
        Figures that were counted page by page are kept as well.
        """
        counted = procmem.Usage(uss=3, shared=4, rss=7)
        found = from_bytes(to_bytes(attrs.evolve(sample(), usage=counted)))

        assert (3, 4) == (found.usage.uss, found.usage.shared)
        assert counted == found.usage

    def test_live(self) -> None:
        """
        What is really there can be saved, and compares as if it had not been.
        """
        before, after = procmem.snapshot(), procmem.snapshot()
        found = from_bytes(to_bytes(before))

        assert before == found
        assert isinstance(found, procmem.Snapshot)
        assert (after - before).rows == (after - found).rows


class TestRefusals:
    def test_cut_anywhere(self) -> None:
        """
        Wherever it is cut, a document is refused, and nothing else happens.
        """
        data = to_bytes(sample())
        for length in range(len(data)):
            with pytest.raises(ParseError) as caught:
                from_bytes(data[:length], file="cut.json")
            assert "cut.json" == caught.value.file
            assert caught.value.line in data

    @given(st.binary() | st.text().map(str.encode))
    def test_any_bytes(self, data: bytes) -> None:
        """
        No bytes cause another error.
        """
        with pytest.raises(ParseError):
            from_bytes(data)

    @settings(max_examples=200)
    @given(st.data())
    def test_one_byte_changed(self, data: st.DataObject) -> None:
        """
        With any byte changed it is refused, or a snapshot.
        """
        saved = bytearray(to_bytes(sample()))
        saved[data.draw(st.integers(0, len(saved) - 1))] = data.draw(
            st.integers(0, 255)
        )
        try:
            found = from_bytes(bytes(saved))
        except ParseError:
            return
        assert isinstance(found, procmem.Snapshot)
        # It can be used and saved again.
        assert found == from_bytes(to_bytes(found))
        assert isinstance(repr(found - sample()), str)

    @settings(max_examples=200)
    @given(
        st.sampled_from(["pid", "taken", "usage", "mappings", "status", "start_time"]),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["rss", "items", "evidence", "name", "x"]), inner
                )
            ),
            max_leaves=5,
        ),
    )
    def test_any_value(self, key: str, value: object) -> None:
        """
        With any other value anywhere it is refused, or a snapshot.
        """
        try:
            found = from_bytes(document(**{key: value}))
        except ParseError:
            return
        assert found == from_bytes(to_bytes(found))

    @pytest.mark.parametrize(
        ("reason", "changed"),
        [
            (
                "version 2 was written by a newer procmem; this one knows version 1",
                {"version": 2},
            ),
            ("no version", {"version": None}),
            ("no version", {"version": True}),
            ("no version", {"version": "1"}),
            ("not written by procmem", {"procmem": None}),
            ("neither a snapshot nor a group but 'x'", {"procmem": "x"}),
            ("lacks pid", {"pid": None}),
            ("pid: not a whole number", {"pid": True}),
            ("pid: not a whole number", {"pid": -1}),
            ("pid: not a whole number", {"pid": 1.0}),
            ("taken: not a number", {"taken": "1"}),
            ("has 'news', which is not known", {"news": 1}),
            ("has pages, which are never written", {"pages": 1}),
            ("usage.rss: not a whole number", {"usage": {"rss": "0"}}),
            ("usage.other: not a list", {"usage": {"other": 1}}),
            ("usage.other.0: not a list of 2", {"usage": {"other": [[1]]}}),
            (
                "usage.other.0: of none of the types that it may have",
                {"usage": {"other": [["x", 1.5]]}},
            ),
            ("mappings: not an object", {"mappings": []}),
            ("mappings: lacks items", {"mappings": {}}),
            (
                "mappings.items.0: lacks end, permissions, start",
                {"mappings": {"items": [{}]}},
            ),
            (
                "mappings.items.0: end 0x1 is not past start 0x1",
                {
                    "mappings": {
                        "items": [{"start": 1, "end": 1, "permissions": "rw-p"}]
                    }
                },
            ),
            (
                "mappings.items.0.permissions: not permissions such as 'rw-p': 'x'",
                {"mappings": {"items": [{"start": 1, "end": 2, "permissions": "x"}]}},
            ),
        ],
    )
    def test_reasons(self, reason: str, changed: dict[str, object]) -> None:
        """
        It is said what is wrong and where.
        """
        with pytest.raises(ParseError) as caught:
            from_bytes(document(**changed))

        assert reason == caught.value.reason

    @pytest.mark.parametrize(
        ("reason", "data"),
        [
            ("too deep", b"[" * 200_000),
            ("NaN is not a number", b'{"taken": NaN}\n'),
            ("a key stands there twice", b'{"pid": 1, "pid": 2}\n'),
            ("not the text that procmem writes", b"\xff"),
            ("not written by procmem", b"{}\n"),
            ("not written by procmem", b"[]\n"),
            ("the end is missing", to_bytes(sample())[:-1]),
        ],
    )
    def test_odd_files(self, reason: str, data: bytes) -> None:
        """
        Neither depth nor doubles nor other encodings are taken.
        """
        with pytest.raises(ParseError) as caught:
            from_bytes(data)

        assert reason == caught.value.reason

    def test_endless_number(self) -> None:
        """
        A number of more digits than Python reads is refused like any other.
        """
        data = to_bytes(sample()).replace(b'"pid": 4711', b'"pid": ' + b"9" * 5000)
        with pytest.raises(ParseError):
            from_bytes(data)
        huge = to_bytes(sample()).replace(b'"taken": 0.0', b'"taken": 1e999')
        with pytest.raises(ParseError, match="taken: not a number"):
            from_bytes(huge)

    def test_other_things(self) -> None:
        """
        Nothing but snapshots and groups can be saved.
        """
        with pytest.raises(TypeError, match="neither a snapshot nor a group: Usage"):
            to_bytes(procmem.Usage())  # type: ignore[arg-type]
