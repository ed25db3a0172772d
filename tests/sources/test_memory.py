from __future__ import annotations

import pytest

import procmem
from tests.kernel import samples
from tests.kernel.samples import PID, anonymous

FILES: samples.Files = {
    **samples.files([anonymous()]),
    "list": [b"one", procmem.ProcessGoneError(PID), b"last"],
    "task/4713/status": b"",
    "task/4712/status": b"",
}
SOURCE = procmem.InMemory(processes={PID: FILES, 7: {}}, calling=7)


class TestInMemory:
    def test_pids(self) -> None:
        """
        The processes are those that were given, in order.
        """
        assert [7, PID] == list(SOURCE.pids())

    def test_machine(self) -> None:
        """
        Page size and byte order are the source's, not this machine's.
        """
        source = procmem.InMemory(processes={}, page_size=65536, byteorder="big")

        assert (65536, "big", []) == (source.page_size, source.byteorder, source.pids())

    def test_calling(self) -> None:
        """
        Without a pid it is the one that is said to be calling.
        """
        assert 7 == SOURCE.pin().pid == procmem.pinned(source=SOURCE).pid

    def test_read(self) -> None:
        """
        A file gives its bytes, whenever it is read.
        """
        with SOURCE.pin(PID) as process:
            assert SOURCE is process.source
            assert [FILES["smaps"]] * 2 == [process.read("smaps") for _ in range(2)]

    def test_list(self) -> None:
        """
        A list gives one after the other, the last for ever; errors are
        raised.
        """
        process = SOURCE.pin(PID)

        assert b"one" == process.read("list")
        with pytest.raises(procmem.ProcessGoneError):
            process.read("list")
        assert [b"last"] * 2 == [process.read("list") for _ in range(2)]

    def test_each_pin_begins_anew(self) -> None:
        """
        Each time it is pinned, a list begins at its beginning.
        """
        assert [b"one"] * 2 == [SOURCE.pin(PID).read("list") for _ in range(2)]

    def test_is_bound(self) -> None:
        """
        A file is bound if reading it again would give something.
        """
        process = SOURCE.pin(PID)
        with process.open("smaps") as smaps, process.open("list") as one:
            assert smaps.is_bound()
            assert not one.is_bound()
        with process.open("list") as last:
            assert last.is_bound()

    def test_threads(self) -> None:
        """
        The threads are those with files, and the first one.
        """
        assert (PID, 4712, 4713) == tuple(sorted(SOURCE.pin(PID).threads()))
        assert (7,) == tuple(SOURCE.pin(7).threads())

    def test_missing_file(self) -> None:
        """
        A file that was not given is one that this system does not have.
        """
        with pytest.raises(procmem.UnsupportedError) as caught:
            SOURCE.pin(7).read("smaps")
        assert "smaps" == caught.value.file

    @pytest.mark.parametrize("pid", [8, 10**10])
    def test_gone(self, pid: int) -> None:
        """
        A process that was not given is gone.
        """
        with pytest.raises(procmem.ProcessGoneError) as caught:
            SOURCE.pin(pid)
        assert pid == caught.value.pid

    def test_goes(self) -> None:
        """
        A process that is taken out is gone, also if it was pinned.
        """
        processes = {PID: FILES}
        process = procmem.InMemory(processes=processes).pin(PID)
        del processes[PID]

        with pytest.raises(procmem.ProcessGoneError):
            process.read("status")

    @pytest.mark.parametrize(
        ("pid", "error"),
        [(0, ValueError), (-1, ValueError), (True, TypeError), ("1", TypeError)],
    )
    def test_bad_pid(self, pid: object, error: type[Exception]) -> None:
        """
        What cannot be a pid is refused.
        """
        with pytest.raises(error, match="a pid is"):
            SOURCE.pin(pid)  # type: ignore[arg-type]

    def test_close(self) -> None:
        """
        Closing is allowed any number of times.
        """
        process = SOURCE.pin(PID)
        process.close()
        process.close()

        assert PID == process.pid
