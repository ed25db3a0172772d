from __future__ import annotations

import pytest

from procmem.testing import budget
from procmem.testing.limits import Limits

UNITS = ("kB", "MB", "KiB", "MiB", "GiB")


@pytest.mark.parametrize("name", ["limit", "peak", "growth", "swap", "hugetlb"])
@pytest.mark.parametrize(
    "wrong", ["24M", "24mb", "24Ki", "1 GBfoo", "24", "", "-1 MiB"]
)
def test_wrong_text_fails_at_once(name: str, wrong: str) -> None:
    """
    A limit that is no size is refused before anything is measured, by name
    and with the units that there are.
    """
    with pytest.raises(ValueError) as caught:
        budget(**{name: wrong})  # type: ignore[arg-type]

    assert str(caught.value).startswith(f"{name}={wrong!r}: ")
    for unit in UNITS:
        assert unit in str(caught.value)


@pytest.mark.parametrize("name", ["limit", "peak", "growth", "swap", "hugetlb"])
def test_negative_limits(name: str) -> None:
    """
    A negative limit is refused.
    """
    with pytest.raises(ValueError, match=rf"^{name}=-1: .*negative"):
        budget(**{name: -1})  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [True, 1.5, b"1 MiB", [1]])
def test_what_is_no_size(wrong: object) -> None:
    """
    A limit is an integer or text, and a truth value is neither.
    """
    with pytest.raises(TypeError, match=r"^peak="):
        budget(peak=wrong)  # type: ignore[arg-type]


def test_unknown_metric() -> None:
    """
    A metric that there is not is refused with those that there are.
    """
    with pytest.raises(ValueError, match="footprint, pss, uss, rss"):
        budget("1 MiB", metric="vss")  # type: ignore[arg-type]


def test_only_the_limit_is_positional() -> None:
    """
    All but the limit are given by name.
    """
    with pytest.raises(TypeError):
        budget("1 MiB", "footprint")  # type: ignore[call-arg]


def test_sizes() -> None:
    """
    Sizes are bytes as integers, or text with decimal or binary units.
    """
    limits = Limits.checked(limit=5, peak="1 MiB", growth="1 MB", swap="0 B")

    assert {
        "limit": 5,
        "peak": 1_048_576,
        "growth": 1_000_000,
        "swap": 0,
    } == limits.given()


def test_no_limits() -> None:
    """
    Without limits there is nothing to keep.
    """
    assert {} == Limits.checked().given()
    assert "<budget: footprint, no limits>" == repr(budget())


def test_repr() -> None:
    """
    A budget shows what it allows.
    """
    shown = repr(budget("200 MiB", growth="5 MiB", metric="pss"))

    assert "<budget: pss, limit 200.0 MiB, growth 5.0 MiB>" == shown
