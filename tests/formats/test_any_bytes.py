"""
Whatever the bytes, a parser gives a result or a ParseError with its place.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import procmem
from tests.kernel import samples
from tests.kernel.rendering import render_rollup

PARSERS: dict[str, Callable[[bytes], object]] = {
    "maps": procmem.parse_maps,
    "smaps": procmem.parse_smaps,
    "smaps total": procmem.parse_smaps_total,
    "smaps_rollup": procmem.parse_smaps_rollup,
    "status": procmem.parse_status,
    "statm": functools.partial(procmem.parse_statm, page_size=4096),
    "stat": functools.partial(procmem.parse_stat, page_size=4096),
}

each_parser = pytest.mark.parametrize("file", PARSERS)


@functools.cache
def real_text(file: str) -> bytes:
    """
    What the kernel says about this process, or a sample where it has no such
    file; the beginning, where that is a text as well.
    """
    file = file.removesuffix(" total")
    path = Path("/proc/self", file)
    if not path.exists():
        return render_rollup(samples.usage())
    keep = {"maps": 5, "smaps": 5 * 24}
    lines = path.read_bytes().split(b"\n")
    return b"\n".join([*lines[:-1][: keep.get(file)], b""])


def check(file: str, data: bytes) -> None:
    """
    Parse *data*; an error must point at a line of it.
    """
    try:
        PARSERS[file](data)
    except procmem.ParseError as exc:
        error = exc
    else:
        return

    assert error.file == file.removesuffix(" total")
    if file in {"stat", "statm"}:
        # The name in stat may hold newlines: all of it is one line.
        assert error.line_number == 1
        assert data.startswith(error.line)
    else:
        assert data.split(b"\n")[error.line_number - 1] == error.line
    assert str(error)


_LINES = st.sampled_from(
    [
        b"",
        b":",
        b"Rss:",
        b"Rss: kB",
        b"Rss:  4 kB",
        b"Rss:  4 mB",
        b"Rss: -4 kB",
        b"Rss:  " + b"9" * 5000 + b" kB",
        b"Pss:\t12 kB",
        b"VmFlags:",
        b"VmFlags: \xff\xfe ?? ",
        b"Foo: 4 kB",
        b"Foo: yes",
        b"Name:   ",
        b"THPeligible:    2",
        b"ProtectionKey: x",
        b"00001000-00002000 rw-p 00000000 00:00 0 ",
        b"00001000-00002000 rw-p 00000000 00:00 0 \x0b\r\x85",
        b"00002000-00001000 rw-p 00000000 00:00 0 ",
        b"00001000-00002000 rwxx 00000000 00:00 0 ",
        b"1-2 r-x- 0 0:0 0",
        b"f" * 5000 + b"-" + b"f" * 5001 + b" r-xp 0 0:0 " + b"9" * 30,
        b"/" * 100000,
        b"\0" * 100,
        b"VmSize:\t" + b"1" * 5000 + b" kB",
        b"Uid:\t\t",
        b"Name:\t\\n\\\\\\",
    ]
)


_DAMAGE = st.sampled_from(["flip", "cut", "truncate", "double", "insert", "move"])


@st.composite
def mutated(draw: st.DrawFn, text: bytes) -> bytes:
    """
    *text* with bytes flipped, parts cut out, and lines doubled or put in.
    """
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        lines = text.split(b"\n")
        line = draw(st.integers(0, len(lines) - 1))
        match draw(_DAMAGE):
            case "flip":
                text = text[:at] + bytes([draw(st.integers(0, 255))]) + text[at + 1 :]
            case "cut":
                text = text[:at] + text[at + draw(st.integers(1, 60)) :]
            case "truncate":
                text = text[:at]
            case "double":
                text = b"\n".join([*lines[:line], lines[line], *lines[line:]])
            case "insert":
                text = b"\n".join([*lines[:line], draw(_LINES), *lines[line:]])
            case _:
                text = b"\n".join([*lines[line:], *lines[:line]])
    return text


class TestAnyBytes:
    @each_parser
    @given(data=st.binary(max_size=200))
    @example(b"")
    @example(b"\n")
    @example(b"\n\n\n")
    @example(b"\0\0\n")
    @example(b"\xff" * 300)
    @example(b"1" * 100000)
    @example(b"1" * 100000 + b"\n")
    @example(b" \n")
    @example(b"a:\n")
    @example(b"a: \n:\n")
    @example(b"1 (" + b")" * 5000 + b"\n")
    @example(b"1 (x) S" + b" 1" * 20 + b"\n")
    @example(b"1 (x) S" + b" 99999999999999999999" * 30 + b"\n")
    @example(b"1 (x) S" + b" 999999999999999999999" * 30 + b"\n")
    @example(b"1 2 3 4 5 6 " + b"7" * 5000 + b"\n")
    @example(b"1 2 3 4 5 6\n")
    @example(b"1 2 3 4 5 6 7 8\n")
    @example(b"-1 2 3 4 5 6 7\n")
    def test_binary(self, file: str, data: bytes) -> None:
        """
        Bytes that no kernel ever printed parse or raise ParseError.
        """
        check(file, data)

    @each_parser
    @given(data=st.data())
    def test_mutated(self, file: str, data: st.DataObject) -> None:
        """
        Real text that was damaged parses or raises ParseError.
        """
        check(file, data.draw(mutated(real_text(file))))

    @each_parser
    @given(lines=st.lists(_LINES, max_size=6))
    def test_lines(self, file: str, lines: list[bytes]) -> None:
        """
        Odd lines in any order parse or raise ParseError.
        """
        check(file, b"".join(line + b"\n" for line in lines))

    @pytest.mark.parametrize("file", ["maps", "smaps", "smaps total", "status"])
    @given(data=st.data())
    def test_cut_line(self, file: str, data: st.DataObject) -> None:
        """
        Text cut inside a line is an error, never a smaller number.
        """
        text = real_text(file)
        cut = data.draw(st.integers(1, len(text)).map(lambda end: text[:end]))
        if not cut.endswith(b"\n"):
            with pytest.raises(procmem.ParseError) as caught:
                PARSERS[file](cut)

            assert caught.value.line in cut

    @given(st.data())
    def test_cut_stat(self, data: st.DataObject) -> None:
        """
        Stat cut anywhere is an error or says what the whole says.
        """
        text = real_text("stat")
        whole = PARSERS["stat"](text)
        try:
            cut = PARSERS["stat"](text[: data.draw(st.integers(1, len(text)))])
        except procmem.ParseError:
            return

        assert whole == cut

    def test_place(self) -> None:
        """
        The error names the line, counted from 1, without its newline.
        """
        good = b"00001000-00002000 rw-p 00000000 00:00 0 \n"
        with pytest.raises(procmem.ParseError) as caught:
            procmem.parse_maps(good * 2000 + b"nonsense\n" + good)

        assert ("not a mapping", "maps", 2001, b"nonsense") == (
            caught.value.reason,
            caught.value.file,
            caught.value.line_number,
            caught.value.line,
        )

    @pytest.mark.parametrize(
        ("text", "line_number", "line"),
        [
            pytest.param(b"", 1, b"", id="empty"),
            pytest.param(b"Rss:  4 kB\n", 1, b"Rss:  4 kB", id="no header"),
            pytest.param(
                b"1000-2000 rw-p 0 0:0 0 [rollup]\nRss:  4 kB\n",
                1,
                b"1000-2000 rw-p 0 0:0 0 [rollup]",
                id="other header",
            ),
            pytest.param(
                b"1000-2000 ---p 0 0:0 0 [rollup]\nRss:  4 kB\n" * 2,
                3,
                b"1000-2000 ---p 0 0:0 0 [rollup]",
                id="two of a kind",
            ),
            pytest.param(
                b"1000-2000 ---p 0 0:0 0 [rollup]\nRss:  4 kB\n3-4 \nPss:  4 kB\n",
                3,
                b"3-4 ",
                id="two that differ",
            ),
            pytest.param(
                b"1000-2000 ---p 0 0:0 0 [rollup]\nRss:  4 kB\nRss:  4 kB\n",
                3,
                b"Rss:  4 kB",
                id="a counter twice",
            ),
        ],
    )
    def test_rollup(self, text: bytes, line_number: int, line: bytes) -> None:
        """
        A rollup has one header of its own, and each counter once.
        """
        with pytest.raises(procmem.ParseError) as caught:
            procmem.parse_smaps_rollup(text)

        assert (line_number, line) == (caught.value.line_number, caught.value.line)

    @pytest.mark.parametrize(
        "text",
        [
            b"",
            b"a\n",
            b"Pid:\tx\n",
            b"VmRSS:\t4\n",
            b"VmRSS:\t-4 kB\n",
            b"A:\t1\nA:\t1\n",
        ],
    )
    def test_status(self, text: bytes) -> None:
        """
        Status that is empty, or not made of fields, is an error.
        """
        with pytest.raises(procmem.ParseError):
            procmem.parse_status(text)

    def test_statm_line(self) -> None:
        """
        The error of statm holds the numbers that there were.
        """
        with pytest.raises(procmem.ParseError) as caught:
            procmem.parse_statm(b"1 2 3\n", page_size=1)

        assert ("statm", 1, b"1 2 3") == caught.value.args[1:]
