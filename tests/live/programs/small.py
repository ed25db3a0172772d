"""
Programs of one process that wait for input: shells, filters, editors, agents.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator

from tests.live.control import temporary_folder
from tests.live.programs.running import Entry, Program, find, running, tool


@contextlib.contextmanager
def git() -> Iterator[list[Entry]]:
    """
    A git that serves the objects of a repository, and has served one.
    """
    path = find("git")
    with temporary_folder() as folder:
        repository = folder / "repository"
        subprocess.run(
            [path, "init", "--quiet", "--bare", repository],
            check=True,
            # The tests may run inside a hook, whose variables name another
            # repository.
            env={"HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"},
        )
        blob = subprocess.run(
            [path, "-C", repository, "hash-object", "-w", "--stdin"],
            check=True,
            input=bytes(1 << 20),
            stdout=subprocess.PIPE,
            env={"HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"},
        ).stdout.decode()
        batch = [
            path,
            "--git-dir",
            str(repository),
            "cat-file",
            "--batch-check",
        ]
        with running("git", batch, folder) as it:
            it.tell(blob)
            it.wait(lambda: it.said("blob 1048576"), what="a served blob")
            yield it.entries()


# Reading from a pipe that stays empty, all of these do nothing for ever.
SMALL: dict[str, Program] = {
    "awk": tool("awk", "awk", "{ print $1 }"),
    "bash": tool("bash", "bash", "--norc", "--noprofile"),
    "bc": tool("bc", "bc", "-q"),
    "cat": tool("cat", "cat"),
    "dd": tool("dd", "dd", "bs=1M"),
    "gdb": tool("gdb", "gdb", "-nx", "-q"),
    "git": git,
    "gpg-agent": tool("gpg-agent", "gpg-agent", "--homedir", ".", "--server"),
    "grep": tool("grep", "grep", "x"),
    "less": tool("less", "less"),
    "sed": tool("sed", "sed", "s/x/y/"),
    "sh": tool("sh", "sh"),
    "sleep": tool("sleep", "sleep", "3600"),
    "sort": tool("sort", "sort"),
    "sqlite3": tool("sqlite3", "sqlite3", ":memory:"),
    "ssh-agent": tool("ssh-agent", "ssh-agent", "-D", "-a", "socket"),
    "tail": tool("tail", "tail", "-f", "output"),
    "tclsh": tool("tclsh", "tclsh"),
    # Ex mode: Vim takes commands from a pipe like the others.
    "vim": tool("vim", "vim", "-u", "NONE", "-i", "NONE", "-n", "-es"),
}
