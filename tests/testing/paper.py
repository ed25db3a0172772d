"""
A process made of files, which the sampler looks at as at a live one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from procmem.sources.live import LiveProcess
from procmem.sources.procfs import ProcFS
from procmem.testing.sampling.counters import Figures
from procmem.testing.sampling.member import Member

__all__ = ["MIB", "PID", "Paper", "Watched", "member_of", "sizes"]

MIB = 1 << 20
PID = 7


class Watched(Member):
    """
    One to which something happens while its rollup is read.
    """

    __slots__ = ("meanwhile",)

    meanwhile: Callable[[], object]

    def _figures(self) -> Figures:
        figures = super()._figures()
        self.meanwhile()
        return figures


class Paper:
    """
    The files of a process, in a directory.
    """

    def __init__(self, root: Path) -> None:
        self.source = ProcFS(root)
        self._folder = root / str(PID)
        self._folder.mkdir()
        self.has()

    def has(
        self,
        anon: int = 0,
        *,
        file: int = 0,
        shmem: int = 0,
        faults: int = 0,
        stack: int = 1,
    ) -> None:
        """
        Say that it has so many MiB.
        """
        rss = anon + file + shmem
        parts = {"HWM": rss, "RSS": rss}
        lines = [f"Vm{part}:\t{size << 10} kB\n" for part, size in parts.items()]
        for part, size in {"Anon": anon, "File": file, "Shmem": shmem}.items():
            lines.append(f"Rss{part}:\t{size << 10} kB\n")
        self._write("status", "".join(["Name:\tx\n", *lines, "VmSwap:\t0 kB\n"]))
        fields = ["0"] * 50
        fields[1], fields[7], fields[25] = "1", str(faults), str(stack)
        self._write("stat", f"{PID} (x) {' '.join(fields)}\n")
        self._write("statm", f"1 {rss} 0 0 0 0 0\n")

    def ends(self) -> None:
        """
        Say that nobody has waited for it yet.
        """
        self._write("status", "Name:\tx\nState:\tZ (zombie)\nThreads:\t1\n")

    def has_threads(self, masked: int, memory: int) -> None:
        """
        Say that its first thread has ended; of two others, one is masked and
        the other has so many MiB.
        """
        status = f"Name:\tx\nThreads:\t{masked + 1}\n"
        counters = "".join(
            f"{key}:\t{size << 10} kB\n"
            for key, size in (
                ("VmHWM", memory),
                ("VmRSS", memory),
                ("RssAnon", memory),
                ("RssFile", 0),
                ("RssShmem", 0),
            )
        )
        self._write("status", status)
        for thread, text in (
            (PID, status),
            (9, f"{status}Pid:\t9\n{counters * bool(memory)}"),
        ):
            (self._folder / "task" / str(thread)).mkdir(parents=True, exist_ok=True)
            self._write(f"task/{thread}/status", text)
            self._write(f"task/{thread}/statm", f"1 {memory} 0 0 0 0 0\n")
        hidden = self._folder / "task" / "8"
        if not hidden.exists():
            hidden.mkdir()
            (hidden / "status").symlink_to(os.devnull)

    def rolls_up(self, **sizes: int) -> None:
        """
        Say what its rollup has, in MiB.
        """
        lines = [f"{key}: {size << 10} kB\n" for key, size in sizes.items()]
        head = "0000-1000 ---p 00000000 00:00 0 [rollup]\n" if lines else ""
        self._write("smaps_rollup", "".join([head, *lines]))

    def _write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text)


def sizes(
    rss: int, *, anon: int, shmem: int = 0, private: int | None = None
) -> dict[str, int]:
    """
    What a rollup has, in MiB.
    """
    return {
        "Rss": rss,
        "Pss": anon + shmem,
        "Pss_Anon": anon,
        "Pss_File": 0,
        "Pss_Shmem": shmem,
        "Private_Clean": 0,
        "Private_Dirty": anon if private is None else private,
        "SwapPss": 0,
    }


def member_of(paper: Paper, meanwhile: Callable[[], object] = int) -> Watched:
    """
    One who looks at it.
    """
    process = paper.source.pin(PID)
    assert isinstance(process, LiveProcess)
    member = Watched(process, 0.0)
    member.meanwhile = meanwhile
    return member
