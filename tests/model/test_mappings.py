from __future__ import annotations

import copy
import pickle

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from tests.kernel import strategies
from tests.kernel.samples import BASE, PAGE, mapping

EVIDENCE = procmem.Evidence(method="kernel", files=("smaps", "status"))
ONE, TWO, THREE = (mapping(BASE + i * 4 * PAGE, 2) for i in range(3))
ALL = procmem.Mappings([ONE, TWO, THREE], evidence=EVIDENCE)


class TestMappings:
    def test_is_a_sequence(self) -> None:
        """
        It indexes, iterates, counts, finds and reverses like a tuple.
        """
        assert [ONE, TWO, THREE] == list(ALL)
        assert [THREE, TWO, ONE] == list(reversed(ALL))
        assert (ONE, THREE, 3) == (ALL[0], ALL[-1], len(ALL))
        assert (1, 1, True) == (ALL.index(TWO), ALL.count(TWO), TWO in ALL)
        with pytest.raises(IndexError):
            ALL[3]

    @given(st.slices(3))
    def test_slices(self, part: slice) -> None:
        """
        A slice is one too, and keeps the evidence.
        """
        found = ALL[part]

        assert procmem.Mappings([ONE, TWO, THREE][part]) == found
        assert EVIDENCE is found.evidence

    def test_equality(self) -> None:
        """
        What counts is the mappings, not how they were read.
        """
        same = procmem.Mappings((ONE, TWO, THREE))
        not_mappings: object = [ONE, TWO, THREE]

        assert same == ALL
        assert hash(same) == hash(ALL)
        assert procmem.Mappings([ONE]) != ALL
        assert not_mappings != ALL
        assert procmem.Evidence() == same.evidence

    def test_at(self) -> None:
        """
        Looking an address up finds the mapping that holds it, or none.
        """
        expected = {
            0: None,
            ONE.start - 1: None,
            ONE.start: ONE,
            ONE.end - 1: ONE,
            ONE.end: None,
            TWO.start: TWO,
            THREE.end - 1: THREE,
            THREE.end: None,
        }

        assert expected == {address: ALL.at(address) for address in expected}
        assert procmem.Mappings([]).at(0) is None

    @given(strategies.listings(), st.data())
    def test_at_agrees(
        self, listing: list[procmem.Mapping], data: st.DataObject
    ) -> None:
        """
        Looking up finds what looking through finds.
        """
        edges = [edge for m in listing for edge in (m.start - 1, m.start, m.end)]
        address = data.draw(st.sampled_from([0, *edges]))
        expected = [m for m in listing if m.start <= address < m.end]

        assert next(iter(expected), None) == procmem.Mappings(listing).at(address)

    def test_repr(self) -> None:
        """
        The repr says how many and where.
        """
        assert "<3 mappings, 0x560000000000 to 0x56000000a000>" == repr(ALL)
        assert "Mappings([])" == repr(procmem.Mappings([]))

    def test_copies(self) -> None:
        """
        Pickles and copies are equal and keep the evidence.
        """
        for copied in (
            pickle.loads(pickle.dumps(ALL)),
            copy.copy(ALL),
            copy.deepcopy(ALL),
            attrs.evolve(ALL),
        ):
            assert ALL == copied
            assert EVIDENCE == copied.evidence
