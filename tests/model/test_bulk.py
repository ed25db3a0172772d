from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem.model.bulk import build
from tests.kernel import strategies


class TestBuild:
    @given(strategies.listings(counters=True))
    def test_agrees_with_constructors(self, expected: list[procmem.Mapping]) -> None:
        """
        What is made column by column is what constructors make one by one.
        """
        for cls, values in (
            (procmem.Mapping, expected),
            (procmem.Usage, [mapping.usage for mapping in expected]),
        ):
            columns = {
                field.name: [getattr(value, field.name) for value in values]
                for field in attrs.fields(cls)
            }

            assert values == build(cls, len(values), columns)

    @given(st.integers(0, 20))
    def test_defaults(self, count: int) -> None:
        """
        What has no column gets its default.
        """
        assert [procmem.Usage()] * count == build(procmem.Usage, count, {})

    def test_one_column(self) -> None:
        """
        A column fills its attribute and no other.
        """
        made = build(procmem.Usage, 2, {"_rss": [1, 2]})

        assert [procmem.Usage(rss=1), procmem.Usage(rss=2)] == made
