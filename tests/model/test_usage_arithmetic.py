from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem.model.usage import COUNTERS
from tests.model.test_usage import usages

Usage = procmem.Usage


def counters(usage: Usage) -> dict[str, int | str | None]:
    """
    All counters by name, None where missing, and those with new names.
    """
    return {**{name: usage.get(name) for name in COUNTERS}, **usage.other_by_key}


class TestAddition:
    @given(usages, usages)
    def test_counter_by_counter(self, one: Usage, two: Usage) -> None:
        """
        Each counter is added; what is missing in one is missing in the sum,
        and so is what is text.
        """
        known, more = counters(one), counters(two)
        expected = {
            key: a + b
            for key, a in known.items()
            if isinstance(a, int) and isinstance(b := more.get(key), int)
        }

        assert expected == {
            key: value
            for key, value in counters(one + two).items()
            if value is not None
        }

    @given(usages, usages, usages)
    def test_associative(self, one: Usage, two: Usage, three: Usage) -> None:
        """
        The order of additions does not matter.
        """
        assert (one + two) + three == one + (two + three)

    @given(usages, usages)
    def test_commutative(self, one: Usage, two: Usage) -> None:
        """
        The order of summands does not matter.
        """
        assert one + two == two + one

    @given(st.lists(usages, min_size=1, max_size=4))
    def test_sum(self, found: list[Usage]) -> None:
        """
        The builtin sum works, from its 0 on.
        """
        expected = found[0]
        for usage in found[1:]:
            expected += usage

        assert expected == sum(found)

    @given(usages)
    def test_missing_stays_missing(self, usage: Usage) -> None:
        """
        Adding something that has no counters leaves none.
        """
        assert Usage() == usage + Usage()

    @pytest.mark.parametrize("other", [1, None, "x", 0.5])
    def test_other_types(self, other: object) -> None:
        """
        Only usages add up.
        """
        for add in (
            lambda: Usage() + other,
            lambda: other + Usage(),
            lambda: Usage() - other,
            lambda: other - Usage(),  # type: ignore[operator]
        ):
            with pytest.raises(TypeError):
                add()


class TestSubtraction:
    @given(usages, usages)
    def test_counter_by_counter(self, after: Usage, before: Usage) -> None:
        """
        Each counter is subtracted, perhaps below 0; gaps stay gaps.
        """
        known, less = counters(after), counters(before)
        expected = {
            key: a - b
            for key, a in known.items()
            if isinstance(a, int) and isinstance(b := less.get(key), int)
        }

        assert expected == {
            key: value
            for key, value in counters(after - before).items()
            if value is not None
        }

    @given(usages)
    def test_is_a_delta(self, usage: Usage) -> None:
        """
        A difference says by its type that it is one, and is no usage.
        """
        delta = usage - usage

        assert isinstance(delta, procmem.UsageDelta)
        assert Usage.of({name: delta.get(name) for name in COUNTERS}) != delta  # type: ignore[misc]
        assert repr(delta).startswith("UsageDelta(rss=")
        assert delta == pickle.loads(pickle.dumps(delta))

    def test_negative(self) -> None:
        """
        What shrank is negative, in sums of counters too.
        """
        delta = Usage(private_clean=0, private_dirty=4096) - Usage(
            private_clean=4096, private_dirty=8192
        )

        assert -8192 == delta.uss

    @given(usages, usages)
    def test_undone_by_addition(self, before: Usage, growth: Usage) -> None:
        """
        What was there before and what was added are what is there after.
        """
        after = before + growth

        assert counters(after - before + before) == counters(after)
