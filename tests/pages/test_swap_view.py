"""
Among whom swapped pages are divided.
"""

from __future__ import annotations

import pytest

import procmem
from tests.kernel.samples import PAGE, PID, files, mapping, status
from tests.kernel.samples import Files as TextFiles
from tests.pages.tables import EXCLUSIVE, PRESENT, SWAP

_START = 16 * PAGE
_SLOTS = [5, 6, 7]


def _pagemap(slots: list[int]) -> bytes:
    # One that is present, by which to tell that the kernel hides nothing.
    words = [0] * 16 + [SWAP | slot << 5 for slot in slots] + [PRESENT | EXCLUSIVE | 9]
    return b"".join(word.to_bytes(8, "little") for word in words)


def _process(slots: list[int]) -> TextFiles:
    swapped = mapping(_START, len(slots) + 1, swap=len(slots) * PAGE)
    return files([swapped]) | {"pagemap": _pagemap(slots)}


def _ended_leader(slots: list[int]) -> TextFiles:
    """
    A process of which a thread lives that has the memory.
    """
    living = _process(slots)
    own = {f"task/{PID + 1}/{file}": data for file, data in living.items()}
    dead = dict.fromkeys(("maps", "smaps", "smaps_rollup", "pagemap"), b"")
    return {**living, **dead, **own, "status": status(state="Z", threads=2)}


def _swap_pss(others: dict[int, TextFiles], view: list[int]) -> int | None:
    source = procmem.InMemory(
        processes={1: _process(_SLOTS), **others}, frame_files={"kpagecount": {}}
    )
    return procmem.usage(1, method="pages", source=source, view=view).swap_pss


class TestView:
    def test_alone(self) -> None:
        """
        Nobody else in view: all of it is one's own.
        """
        assert 3 * PAGE == _swap_pss({}, [1])

    def test_unasked(self) -> None:
        """
        Without a view it is missing.
        """
        source = procmem.InMemory(processes={1: _process(_SLOTS)})

        assert procmem.usage(1, method="pages", source=source).swap_pss is None

    @pytest.mark.parametrize("view", [[2], [1, 2], [2, 1, 2]])
    def test_shared(self, view: list[int]) -> None:
        """
        Each page is divided by as many entries as refer to it, each process
        in view counted once, and the process itself in any case.
        """
        others = {2: _process([7, 5, 99]), 3: _process(_SLOTS)}

        assert PAGE // 2 * 2 + PAGE == _swap_pss(others, view)

    def test_ended_leader(self) -> None:
        """
        A process whose first thread has ended counts with its memory.
        """
        assert 3 * PAGE // 2 == _swap_pss({2: _ended_leader(_SLOTS)}, [1, 2])

    def test_nothing(self) -> None:
        """
        A zombie in view has nothing to share.
        """
        zombie = dict.fromkeys(("maps", "smaps", "pagemap"), b"")
        others = {2: {**_process([]), **zombie, "status": status(state="Z")}}

        assert 3 * PAGE == _swap_pss(others, [1, 2])

    def test_unreadable(self) -> None:
        """
        A process that may not be read is told of.
        """
        denied = procmem.AccessDeniedError(2, "pagemap", "the same user")
        source = procmem.InMemory(
            processes={1: _process(_SLOTS), 2: {**_process(_SLOTS), "pagemap": denied}},
            frame_files={"kpagecount": {}},
        )
        usage = procmem.usage(1, method="pages", source=source, view=[1, 2])

        assert any("2" in missing for missing in usage.evidence.missing)
