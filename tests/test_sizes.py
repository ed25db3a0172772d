from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem import format_size, parse_size
from procmem.sizes import Size

UNITS = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}

amounts = st.integers(0, 2**20) | st.integers(0, 2**80)


class TestParseSize:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("0 B", 0),
            ("24 MiB", 24 * 2**20),
            ("24MiB", 24 * 2**20),
            ("24 MB", 24_000_000),
            ("1_000 kB", 1_000_000),
            ("1_0_0 B", 100),
            ("0.5 KiB", 512),
            ("1.0000000001 KiB", 1024),
            ("1.5 B", 2),
            ("007 B", 7),
            (0, 0),
            (4096, 4096),
            (Size(8192), 8192),
        ],
    )
    def test_good(self, text: int | str, expected: int) -> None:
        """
        A number and a unit are bytes; an integer is bytes already.
        """
        assert expected == parse_size(text)
        assert type(parse_size(text)) is int

    @pytest.mark.parametrize(
        "text",
        [
            *("", " ", "24", "24M", "24mb", "24Mb", "24 mib", "24Ki", "24 K", "MiB"),
            *("1 GBfoo", "foo1 GB", "1  GB", " 1 GB", "1 GB ", "1 GB\n", "1\tGB"),
            *("-1 GB", "+1 GB", "1e3 MB", "1,5 MB", ".5 MB", "5. MB", "0x10 B"),
            *("_1 B", "1_ B", "1__0 B", "1._5 B", "\u0661 MB", "\u00b2 MB", "nan B"),
            "9" * 5000 + " MiB",
        ],
    )
    def test_bad(self, text: str) -> None:
        """
        Anything else is refused with a list of the units.
        """
        with pytest.raises(ValueError, match="not a size") as caught:
            parse_size(text)
        for unit in UNITS:
            assert f"{unit}," in str(caught.value)

    @pytest.mark.parametrize("value", [True, 1.5, None, b"1 B"])
    def test_other_types(self, value: object) -> None:
        """
        Only integers and text are sizes.
        """
        with pytest.raises(TypeError):
            parse_size(value)  # type: ignore[arg-type]

    def test_negative(self) -> None:
        """
        No size is negative.
        """
        with pytest.raises(ValueError, match="negative: -1"):
            parse_size(-1)

    @given(amounts, st.sampled_from(sorted(UNITS)), st.sampled_from(["", " "]))
    def test_any(self, number: int, unit: str, space: str) -> None:
        """
        The number is multiplied by its unit.
        """
        assert number * UNITS[unit] == parse_size(f"{number}{space}{unit}")
        assert number * UNITS[unit] == parse_size(f"{number:_}{space}{unit}")

    @given(st.text(max_size=10))
    def test_any_text(self, text: str) -> None:
        """
        Whatever the text, it is a size or a ValueError.
        """
        try:
            size = parse_size(text)
        except ValueError:
            return

        assert size >= 0


class TestFormatSize:
    @pytest.mark.parametrize(
        ("size", "expected"),
        [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1025, "1.001 KiB"),
            (2**20 - 1, "1023.999 KiB"),
            (2**20, "1.0 MiB"),
            (24 * 2**20, "24.0 MiB"),
            (5 * 2**50, "5120.0 TiB"),
            (-1536, "-1.5 KiB"),
            (-1, "-1 B"),
        ],
    )
    def test_exact(self, size: int, expected: str) -> None:
        """
        One digit where that is exact, otherwise as many as it takes.
        """
        assert expected == format_size(size)

    @pytest.mark.parametrize(
        ("size", "decimals", "expected"),
        [
            (1023, 1, "1023 B"),
            (1025, 1, "1.0 KiB"),
            (1025, 0, "1 KiB"),
            (1535, 0, "1 KiB"),
            (1536, 0, "2 KiB"),
            (2**20 - 1, 1, "1.0 MiB"),
            (2**20 - 1, 2, "1.00 MiB"),
            (2**20 - 1, 3, "1023.999 KiB"),
            (1 - 2**20, 1, "-1.0 MiB"),
            (2**40 - 1, 0, "1 TiB"),
            (2**50 - 1, 1, "1024.0 TiB"),
        ],
    )
    def test_rounded(self, size: int, decimals: int, expected: str) -> None:
        """
        With a number of digits it rounds, up to the next unit if need be.
        """
        assert expected == format_size(size, decimals=decimals)

    @given(amounts)
    def test_reads_back(self, size: int) -> None:
        """
        What is printed reads back as the same number of bytes.
        """
        assert size == parse_size(format_size(size))
        assert f"-{format_size(size)}" == format_size(-size) or size == 0

    @given(amounts, amounts)
    def test_tells_apart(self, one: int, two: int) -> None:
        """
        Sizes that differ never print alike.
        """
        assert (one == two) == (format_size(one) == format_size(two))

    @given(amounts, st.integers(0, 4))
    def test_rounding_is_near(self, size: int, decimals: int) -> None:
        """
        A rounded size is off by at most half of its last digit.
        """
        text = format_size(size, decimals=decimals)
        unit = UNITS[text.split(" ")[1]]

        assert (
            abs(parse_size(text) - size) * 2 * 10**decimals <= unit + 2 * 10**decimals
        )


class TestSize:
    def test_is_an_int(self) -> None:
        """
        It looks, prints, formats and serialises as the integer that it is.
        """
        size = Size(13054976)

        assert size == 13054976
        assert isinstance(size, int)
        assert ("13054976", "13054976", "13,054,976", "c73400") == (
            repr(size),
            str(size),
            f"{size:,}",
            f"{size:x}",
        )
        assert '{"pss": 13054976}' == json.dumps({"pss": size})
        assert {13054976: "x"}[size] == "x"

    def test_arithmetic(self) -> None:
        """
        Arithmetic gives plain integers.
        """
        for value in (
            Size(3) + 1,
            Size(3) - 4,
            Size(3) * 2,
            Size(3) // 2,
            sum([Size(3)]),
        ):
            assert type(value) is int

    def test_pickle(self) -> None:
        """
        It survives pickling as what it is.
        """
        copied = pickle.loads(pickle.dumps(Size(3)))

        assert (Size, 3) == (type(copied), copied)
        assert not hasattr(copied, "__dict__")

    def test_pretty(self) -> None:
        """
        A notebook shows the readable size beside the number.
        """
        texts: list[str] = []

        class Printer:
            def text(self, obj: str) -> None:
                """
                What IPython's printer does with text.
                """
                texts.append(obj)

        Size(13054976)._repr_pretty_(Printer(), cycle=False)

        assert ["13054976 (12.5 MiB)"] == texts

    def test_public_functions_give_it(self) -> None:
        """
        The one-call answers are of this type.
        """
        for answer in (procmem.pss(), procmem.peak_rss(), procmem.footprint()):
            assert type(answer) is Size
