from __future__ import annotations

import copy
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem.model.usage import COUNTERS
from tests.kernel import eras
from tests.kernel.strategies import sizes, unknown_counters

# Reading one of these raises if it is missing.
PLAIN = {
    *("rss", "pss", "shared_clean", "shared_dirty", "private_clean", "private_dirty"),
    *("referenced", "swap"),
}
DERIVED = {
    "uss": ("private_clean", "private_dirty"),
    "shared": ("shared_clean", "shared_dirty"),
    "footprint": ("pss_anon", "pss_shmem", "swap_pss"),
}

usages = st.builds(
    procmem.Usage.of,
    st.dictionaries(st.sampled_from(COUNTERS), sizes),
    other=unknown_counters,
)


class TestUsage:
    def test_counters(self) -> None:
        """
        There is one for every counter that a kernel ever printed.
        """
        assert set(eras.COUNTERS.values()) == set(COUNTERS)

    @pytest.mark.parametrize("name", COUNTERS)
    def test_present(self, name: str) -> None:
        """
        A counter that is there reads as it is, also if it is 0.
        """
        for value in (0, 4096):
            usage = procmem.Usage.of({name: value})

            assert value == getattr(usage, name)
            assert value == usage.get(name)

    @pytest.mark.parametrize("name", COUNTERS)
    def test_missing(self, name: str) -> None:
        """
        A counter that is missing is never 0: it raises or is None.
        """
        usage = procmem.Usage()

        assert usage.get(name) is None
        if name in PLAIN:
            with pytest.raises(procmem.UnsupportedError) as caught:
                getattr(usage, name)
            assert f"smaps: {name}" == caught.value.file
        else:
            assert getattr(usage, name) is None

    @pytest.mark.parametrize(("name", "parts"), DERIVED.items())
    def test_derived(self, name: str, parts: tuple[str, ...]) -> None:
        """
        What is derived adds its parts up, and is missing if one of them is.
        """
        counters = {part: 1024 << i for i, part in enumerate(parts)}

        assert sum(counters.values()) == getattr(procmem.Usage.of(counters), name)
        for part in parts:
            usage = procmem.Usage.of({**counters, part: None})

            assert usage.get(name) is None
            with pytest.raises(procmem.UnsupportedError):
                getattr(usage, name)

    def test_error_names_the_file(self) -> None:
        """
        The error for a missing counter names the file that lacks it.
        """
        evidence = procmem.Evidence(files=("smaps", "status"))
        usage = procmem.Usage(evidence=evidence)

        with pytest.raises(procmem.UnsupportedError, match="smaps: rss") as caught:
            _ = usage.rss
        assert caught.value.needs in str(caught.value)

    def test_get(self) -> None:
        """
        Counters that procmem does not know are got by the kernel's key, and
        nothing else is.
        """
        usage = procmem.Usage(other=(("New", 4096), ("Odd", "yes")))

        assert [4096, "yes", None, None] == list(
            map(usage.get, ("New", "Odd", "evidence", "__class__"))
        )

    def test_other_by_key(self) -> None:
        """
        They can be looked up as in a dict that cannot be changed.
        """
        view = procmem.Usage(other=(("New", 4096),)).other_by_key

        assert {"New": 4096} == dict(view)
        with pytest.raises(TypeError):
            view["New"] = 0  # type: ignore[index]

    def test_zero(self) -> None:
        """
        The usage of nothing has every counter, at 0.
        """
        usage = procmem.Usage.zero()

        assert dict.fromkeys([*COUNTERS, *DERIVED], 0) == {
            name: usage.get(name) for name in [*COUNTERS, *DERIVED]
        }

    @given(usages)
    def test_repr(self, usage: procmem.Usage) -> None:
        """
        Whatever is missing, the repr is one short line.
        """
        assert repr(usage).startswith(f"Usage(rss={usage.get('rss')}, pss=")
        assert len(repr(usage)) < 200

    @given(usages)
    def test_copies(self, usage: procmem.Usage) -> None:
        """
        Whatever is missing, pickles and copies are equal and hash alike.
        """
        for copied in (
            pickle.loads(pickle.dumps(usage)),
            copy.copy(usage),
            copy.deepcopy(usage),
            attrs.evolve(usage),
        ):
            assert usage == copied
            assert hash(usage) == hash(copied)
            assert usage.other == copied.other

    @given(usages, st.sampled_from(COUNTERS), sizes)
    def test_evolve(self, usage: procmem.Usage, name: str, value: int) -> None:
        """
        Whatever is missing, one counter can be replaced.
        """
        changed = attrs.evolve(usage, **dict[str, Any]({name: value}))

        assert value == changed.get(name)
        assert (usage == changed) == (usage.get(name) == value)

    def test_evidence_is_not_equality(self) -> None:
        """
        The same numbers found in two ways are equal.
        """
        one, two = (
            procmem.Usage(rss=1, evidence=procmem.Evidence(method=method))
            for method in ("kernel", "pages")
        )

        assert one == two
        assert hash(one) == hash(two)
        assert one.evidence != two.evidence

    def test_missing_is_not_zero(self) -> None:
        """
        A usage that lacks a counter differs from one that has it at 0.
        """
        assert procmem.Usage(rss=1) != procmem.Usage(rss=1, swap=0)

    def test_keyword_only(self) -> None:
        """
        Nobody has to remember the order of two dozen counters.
        """
        with pytest.raises(TypeError):
            procmem.Usage(1)  # type: ignore[call-arg]
