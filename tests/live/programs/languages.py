"""
Runtimes of languages, each holding a few MiB: Java, Node.js, Perl, Pythons.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.live.control import temporary_folder
from tests.live.programs.running import Entry, Program, find, running, tool

_JAVA = """
public class Holder {
    public static void main(String[] arguments) throws Exception {
        byte[][] held = new byte[24][1 << 20];
        for (byte[] part : held) java.util.Arrays.fill(part, (byte) 1);
        System.out.println("ready");
        Thread.sleep(3_600_000);
        System.out.println(held.length);
    }
}
"""

_NODE = """
const held = Buffer.alloc(16 << 20, 1);
console.log("ready");
setInterval(() => held.length, 1000);
"""

_PERL = '$| = 1; $held = "x" x (8 << 20); print "ready\\n"; <STDIN>;'

# Runs on any Python, 2.7 too. The bytes are not zero, or they would be memory
# that was never touched.
_PYTHON = """
import sys
held = bytearray(b"x") * (8 << 20)
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.read()
"""

# A server that loads its data, then forks: the workers share what they don't
# write to. They end when the parent does, because then the pipe is closed. The
# parent ends with its input and not by signal, to wait for them.
_PREFORKED = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
SIZE, WORKERS = 32 << 20, 4
held = bytearray(b"x") * SIZE
life, up = os.pipe(), os.pipe()
for number in range(WORKERS):
    if os.fork() == 0:
        os.close(life[1])
        if number == 0:
            held[: SIZE // 2] = bytes(SIZE // 2)
        os.write(up[1], b"x")
        os.read(life[0], 1)
        os._exit(0)
for number in range(WORKERS):
    os.read(up[0], 1)
print("ready", flush=True)
sys.stdin.read()
os.close(life[1])
for number in range(WORKERS):
    os.wait()
"""


@contextlib.contextmanager
def java() -> Iterator[list[Entry]]:
    """
    A Java program, compiled in memory and run.
    """
    path = find("java")
    with temporary_folder() as folder:
        (folder / "Holder.java").write_text(_JAVA)
        argv = [
            path,
            # Else it writes its counters to a file outside of its folder.
            "-XX:-UsePerfData",
            "-Xmx256m",
            "Holder.java",
        ]
        with running("java", argv, folder, ready="ready") as it:
            yield it.entries()


def python(label: str, path: Path) -> Program:
    """
    The Python at *path*.
    """
    return tool(label, str(path), "-S", "-c", _PYTHON, ready="ready")


def pythons() -> dict[str, Program]:
    """
    The Pythons of the system and of pyenv.
    """
    root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    found = {
        f"python-{path.parents[1].name}": path
        for path in sorted(root.glob("versions/*/bin/python"))
    }
    return {
        label: python(label, path)
        for label, path in {
            "python-system": Path("/usr/bin/python3"),
            **found,
        }.items()
    }


LANGUAGES: dict[str, Program] = {
    "java": java,
    "node": tool("node", "node", "-e", _NODE, ready="ready"),
    "perl": tool("perl", "perl", "-e", _PERL, ready="ready"),
    "preforked": tool(
        "preforked", sys.executable, "-S", "-c", _PREFORKED, ready="ready"
    ),
    **pythons(),
}
