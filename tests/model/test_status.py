from __future__ import annotations

import copy
import pickle

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from tests.kernel import samples, strategies


class TestStatus:
    def test_everything_may_be_missing(self) -> None:
        """
        What the kernel did not print is None, and stays so in copies.
        """
        status = procmem.Status()

        assert {None} == set(attrs.asdict(status).values()) - {()}
        assert status == pickle.loads(pickle.dumps(status)) == copy.deepcopy(status)
        assert not status.has_address_space

    @given(strategies.statuses("6.18"))
    def test_copies(self, status: procmem.Status) -> None:
        """
        Pickles and copies are equal and hash alike.
        """
        for copied in (pickle.loads(pickle.dumps(status)), attrs.evolve(status)):
            assert status == copied
            assert hash(status) == hash(copied)

    def test_has_address_space(self) -> None:
        """
        It is the memory counters that tell.
        """
        with_memory = procmem.parse_status(samples.status([samples.anonymous()]))

        assert with_memory.has_address_space
        assert not procmem.parse_status(samples.status()).has_address_space

    def test_other_by_key(self) -> None:
        """
        Fields that procmem has no name for are kept as text.
        """
        status = procmem.parse_status(b"Name:\tx\nTracerPid:\t0\nSeccomp:\t2\n")

        assert {"TracerPid": "0", "Seccomp": "2"} == dict(status.other_by_key)
        assert (("Seccomp", "2"), ("TracerPid", "0")) == status.other


class TestStat:
    @pytest.mark.parametrize(("flags", "expected"), [(0, False), (0x208040, True)])
    def test_is_kernel_thread(self, flags: int, expected: bool) -> None:
        """
        One bit of the flags tells a kernel thread on every kernel.
        """
        stat = procmem.parse_stat(samples.stat(flags=flags), page_size=4096)

        assert expected == stat.is_kernel_thread

    @given(strategies.stats, strategies.statms, st.data())
    def test_copies(
        self, stat: procmem.Stat, statm: procmem.Statm, data: st.DataObject
    ) -> None:
        """
        Pickles are equal and hash alike.
        """
        for value in (stat, statm):
            assert value == pickle.loads(pickle.dumps(value))
            assert hash(value) == hash(attrs.evolve(value))
