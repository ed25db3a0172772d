"""
Start one real program in a folder of its own and wait until it is ready.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, TypeAlias

from tests.live.control import (
    NotHereError,
    StartError,
    end,
    family,
    read_stat,
    tasks,
    temporary_folder,
    wait_until,
)

_START_SECONDS = 60.0
_IDLE_SECONDS = 0.1


class Entry(NamedTuple):
    """
    One process of a program.

    Attributes:
        label: The program, and the part the process plays in it if told.
        executable: What ``/proc/PID/exe`` points to.
        pid: Its number.
    """

    label: str
    executable: str
    pid: int


# Start on entry, remove on exit; raises NotHereError or StartError on entry.
Program: TypeAlias = Callable[[], AbstractContextManager[list[Entry]]]

# Whether a program that has been started is ready.
Ready: TypeAlias = Callable[[], bool]


class Running(NamedTuple):
    """
    A program that is up.

    Attributes:
        label: What its entries are called.
        argv: The command.
        process: Its first process.
        folder: Where it works; nobody else does.
        log: The file that its output and errors go to.
    """

    label: str
    argv: Sequence[str]
    process: subprocess.Popen[bytes]
    folder: Path
    log: Path

    def entries(self) -> list[Entry]:
        """
        All processes it consists of now.
        """
        return [
            Entry(_role(self.label, pid), self._executable(pid), pid)
            for pid in family(self.process.pid, self.folder)
        ]

    def said(self, text: str) -> bool:
        """
        Whether the program has printed *text*.
        """
        return text.encode() in self.log.read_bytes()

    def tell(self, text: str) -> None:
        """
        Write *text* to its standard input.
        """
        stdin = self.process.stdin
        assert stdin is not None
        stdin.write(text.encode())
        stdin.flush()

    def wait(self, ready: Ready, *, what: str = "ready") -> None:
        """
        Wait until *ready* is true.

        Raises:
            StartError: If the program ends or stays unready.
        """

        def ready_or_over() -> bool:
            return self.process.poll() is not None or ready()

        try:
            wait_until(ready_or_over, seconds=_START_SECONDS, what=what)
        except TimeoutError as exc:
            msg = f"{self.label}: {exc}: {self._last_words()}"
            raise StartError(msg) from exc
        if self.process.returncode is not None:
            code = self.process.returncode
            msg = f"{self.label}: ended with {code}: {self._last_words()}"
            raise StartError(msg)

    def _last_words(self) -> str:
        return self.log.read_bytes()[-500:].decode(errors="replace")

    def _executable(self, pid: int) -> str:
        try:
            return str(Path(f"/proc/{pid}/exe").readlink())
        except OSError:
            # Agents hide themselves from everybody but root; they consist of
            # one program only.
            return str(Path(self.argv[0]).resolve())


def _role(label: str, pid: int) -> str:
    """
    *label* with what a process of many says about itself.

    Servers write their part into their command line ("postgres: checkpointer"),
    and Chromium passes it as an option.
    """
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return label
    text = line.replace(b"\0", b" ").decode(errors="replace").strip()
    told = re.match(r"\w+: ([^/]+)", text) or re.search(r"--type=([\w-]+)", text)
    return f"{label}: {told[1].strip()}" if told else label


def find(*names: str) -> str:
    """
    The absolute path of the first of *names* that is installed.

    Raises:
        NotHereError: If none is.
    """
    # Daemons are in folders which ordinary users don't search.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    for name in names:
        if found := shutil.which(name, path=path):
            return str(Path(found).absolute())
    msg = f"no executable {' or '.join(names)}"
    raise NotHereError(msg)


@contextlib.contextmanager
def running(
    label: str,
    argv: Sequence[str],
    folder: Path,
    *,
    ready: str | None = None,
    politely: signal.Signals = signal.SIGTERM,
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
    group: int | None = None,
) -> Iterator[Running]:
    """
    Run *argv* in *folder* until the end of the block.

    Its standard input is a pipe that stays open and empty, so whoever reads it
    waits, and ends when its starter does.

    Args:
        label: What its entries are called.

        argv: The command; its first item is a path.

        folder: Its working folder and home, used by nothing else.

        ready:
            What it prints when it is ready. Without, it is ready when it has
            nothing more to do.

        politely: The signal that ends it in good order.

        environment: Variables that differ from those of the tests.

        user: User and *group* to run as; as the tests if None.

        group: See *user*.
    """
    log = folder / "output"
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=_environment(folder) | dict(environment or {}),
            start_new_session=True,
            user=user,
            group=group,
            extra_groups=None if user is None else (),
        )
    program = Running(label, argv, process, folder, log)
    try:
        if ready is None:
            program.wait(lambda: is_idle(process.pid), what="idle")
        else:
            program.wait(lambda: program.said(ready), what=ready)
        yield program
    finally:
        end(process, folder, politely=politely)


def _environment(folder: Path) -> dict[str, str]:
    # Everything a program likes to leave in the user's home or in shared
    # folders goes away with the folder.
    return os.environ | {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_DATA_HOME": str(folder / "data"),
        "LC_ALL": "C",
        "TERM": "dumb",
    }


def is_idle(pid: int) -> bool:
    """
    Whether all threads of a process sleep, and still do a moment later.
    """
    before = _sleeping(pid)
    if before is None:
        return False
    time.sleep(_IDLE_SECONDS)
    return before == _sleeping(pid)


def _sleeping(pid: int) -> tuple[str, int] | None:
    stat = read_stat(pid)
    states = {now.state for task in tasks(pid) if (now := read_stat(pid, task=task))}
    if stat is None or states != {"S"}:
        return None
    # Counts the way into and out of the kernel, which a tick of 10 ms misses.
    status = Path(f"/proc/{pid}/status").read_text(errors="replace")
    return status[status.index("voluntary_ctxt_switches") :], stat.ticks


def tool(label: str, *argv: str, ready: str | None = None) -> Program:
    """
    A program that is one command, and *ready* as `running()` says.
    """

    @contextlib.contextmanager
    def program() -> Iterator[list[Entry]]:
        path = find(argv[0])
        with (
            temporary_folder() as folder,
            running(label, [path, *argv[1:]], folder, ready=ready) as it,
        ):
            yield it.entries()

    return program
