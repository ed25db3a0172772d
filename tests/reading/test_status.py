from __future__ import annotations

import time

import pytest

import procmem
from procmem.reading.status import read_peak, read_status
from tests.kernel import samples
from tests.kernel.samples import GONE, PAGE, PID, Files, anonymous, pinned, status

MAPPINGS = [anonymous(pages=3)]
FILES = samples.files(MAPPINGS)
LEADERLESS: Files = {
    "status": status(state="Z", threads=2),
    f"task/{PID}/status": status(state="Z", threads=2),
    "task/4712/status": status(MAPPINGS, pid=4712, threads=2),
}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


class TestReadStatus:
    def test_alive(self) -> None:
        """
        The status of a process is what its file says.
        """
        expected = procmem.parse_status(status(MAPPINGS))

        assert expected == read_status(pinned(FILES))
        assert 3 * PAGE == expected.vm_rss

    @pytest.mark.parametrize("files", [samples.KERNEL_THREAD, samples.ZOMBIE])
    def test_no_address_space(self, files: Files) -> None:
        """
        Without an address space there are no memory counters.
        """
        assert not read_status(pinned(files)).has_address_space

    def test_leader_exited(self) -> None:
        """
        The memory is that of the other threads, identity and state are
        those of the process.
        """
        found = read_status(pinned(LEADERLESS))

        assert (PID, "Z", 2, 3 * PAGE) == (
            found.pid,
            found.state,
            found.threads,
            found.vm_rss,
        )

    def test_threads_end(self) -> None:
        """
        If they end meanwhile, there is no memory left.
        """
        found = read_status(pinned({**LEADERLESS, "task/4712/status": b""}))

        assert ("Z", None) == (found.state, found.vm_rss)


class TestReadPeak:
    def test_alive(self) -> None:
        """
        The peak is VmHWM.
        """
        assert 3 * PAGE == read_peak(pinned(FILES))

    def test_leader_exited(self) -> None:
        """
        Also of a process whose first thread has ended.
        """
        assert 3 * PAGE == read_peak(pinned(LEADERLESS))

    def test_thread_ends(self) -> None:
        """
        A thread that ends while it is asked is asked no more.
        """
        files: Files = {
            **LEADERLESS,
            "task/4712/status": [status(MAPPINGS), b""],
            "task/4713/status": status(MAPPINGS),
        }

        assert 3 * PAGE == read_peak(pinned(files))

    @pytest.mark.parametrize("files", [samples.KERNEL_THREAD, samples.ZOMBIE])
    def test_no_address_space(self, files: Files) -> None:
        """
        What has no address space has a peak of 0.
        """
        assert 0 == read_peak(pinned(files))

    def test_not_printed(self) -> None:
        """
        Where the kernel does not print it, it is not 0.
        """
        text = status(MAPPINGS)
        lines = [line for line in text.split(b"\n") if not line.startswith(b"VmHWM")]

        with pytest.raises(procmem.UnsupportedError, match="status: vm_hwm"):
            read_peak(pinned({"status": b"\n".join(lines)}))

    def test_gone(self) -> None:
        """
        What is gone is an error.
        """
        with pytest.raises(procmem.ProcessGoneError):
            read_peak(pinned({"status": GONE}))
