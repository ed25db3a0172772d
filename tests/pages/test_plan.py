"""
What a walk has to know beforehand.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import procmem
from procmem.walk.plan import Amounts, amounts_of
from tests.kernel import strategies
from tests.kernel.eras import STATUS_ERAS
from tests.kernel.rendering import render_status


@pytest.mark.parametrize("era", STATUS_ERAS)
@given(data=st.data())
def test_amounts(era: str, data: st.DataObject) -> None:
    """
    The amounts that are picked from a status are those that parsing it gives.
    """
    text = render_status(data.draw(strategies.statuses(era)), STATUS_ERAS[era])
    status = procmem.parse_status(text)
    expected = Amounts(
        locked=status.vm_lck,
        resident=status.vm_rss,
        swapped=status.vm_swap,
        hugetlb=status.hugetlb_pages,
    )

    assert expected == amounts_of(text)
